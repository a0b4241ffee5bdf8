"""Two readers of one study: their agreement, their differences, and the combined reading."""
