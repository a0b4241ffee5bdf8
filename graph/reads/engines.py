"""The engine whose readings the graph has."""

from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery


def engine_in_use() -> ReadQuery:
    """One row `node`, or none in an empty graph.

    It has the engine of the latest reading, and the number of its readings in use.
    """
    return QueryBuilder().finish(
        "MATCH (e:Extraction)\n"
        "WITH e.engine AS engine, e.checkpoint AS checkpoint, e.checkpointDigest AS checkpointDigest, "
        "e.engineDigest AS engineDigest, "
        "count(*) AS studies, max(e.createdAt) AS last ORDER BY last DESC, engineDigest\n"
        "WITH collect({engine: engine, checkpoint: checkpoint, checkpointDigest: checkpointDigest, "
        "engineDigest: engineDigest, studies: studies, "
        "lastUsedAt: toString(last)}) AS engines\n"
        "UNWIND engines[0..1] AS newest",
        patient=NO_SINGLE_PATIENT,
        node="newest {.*, otherEngines: size(engines) - 1}",
    )
