"""The file of a film, by its study and its SOPInstanceUID."""

from graph.reads.draft import Draft, ReadQuery, look_up


def film_digest(study_key: str, sop_instance_uid: str) -> ReadQuery:
    """One row `digest`, `patientId`, or none. `digest` names the file in the blob store."""
    draft = Draft()
    match = look_up("study", "Study", "studyKey", draft.bind(study_key))
    image = f"MATCH (study)-[:HAS_IMAGE]->(image:Image) WHERE image.sopInstanceUid = {draft.bind(sop_instance_uid)}"
    owner = "MATCH (study)<-[:HAS_STUDY]-(patient:Patient)"
    return draft.finish(f"{match}\n{image}\n{owner}", "LIMIT 1", digest="image.digest", patient="patient.patientId")
