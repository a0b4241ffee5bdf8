"""Studies, patients and report versions, as the messages together say."""
