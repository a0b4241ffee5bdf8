"""The file of a film, by its study and its SOPInstanceUID."""

from graph.reads.query_builder import QueryBuilder, ReadQuery, look_up


def film_digest(study_key: str, sop_instance_uid: str) -> ReadQuery:
    """One row `digest`, `patientId`, or none. `digest` names the file in the blob store."""
    builder = QueryBuilder()
    match = look_up("study", "Study", "studyKey", builder.bind(study_key))
    image = f"MATCH (study)-[:HAS_IMAGE]->(image:Image) WHERE image.sopInstanceUid = {builder.bind(sop_instance_uid)}"
    owner = "MATCH (study)<-[:HAS_STUDY]-(patient:Patient)"
    return builder.finish(f"{match}\n{image}\n{owner}", "LIMIT 1", digest="image.digest", patient="patient.patientId")
