"""The servers that the stack starts itself: Neo4j and Redis, real ones, on loopback, each with a password."""

import os
import shutil
from collections.abc import Mapping

from graph.connection import open_driver, outages
from graph.errors import GraphUnavailableError
from graph.local_server import prepare, wait_until_ready
from graph.settings import Neo4jSettings
from ingest.errors import OutageError
from ingest.redis_address import read_address, redis_outages
from stack.child import Part, Tier
from stack.errors import MissingProgramError
from stack.folder import write_private
from stack.ports import HOST
from vlmkg.data_dir import DataDir

START_LIMIT_S = 120.0
"""Neo4j is up in 5 s on an idle machine; recovery after a kill and a busy machine take longer."""

# Celery's messages are only wake-ups that the ledger can send again, so one second of them may be lost. They are stored
# so that work continues at once after a restart.
_REDIS = """\
# Written at each start of the local stack: changes here are lost.
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
appendonly yes
appendfsync everysec
save ""
"""


def neo4j_part(
    data: DataDir, login: Neo4jSettings, *, bolt_port: int, http_port: int, heap_mib: int, guide: str
) -> Part:
    """The real Neo4j server. `guide` is the address of Browser's guide.

    Raises LocalServerError if Java or the jars are missing.
    """
    password = login.password.get_secret_value()
    server = prepare(
        data.neo4j, bolt_port=bolt_port, http_port=http_port, password=password, heap_mib=heap_mib, guide=guide
    )
    return Part(
        name="neo4j",
        command=server.argv,
        environment=_plain_environment(),
        answers=lambda: graph_answers(login),
        tier=Tier.SERVER,
        grace_s=30.0,
        start_limit_s=START_LIMIT_S,
        remedy=f"see {server.log}",
        started=lambda alive: wait_until_ready(server, password, alive=alive, timeout_seconds=START_LIMIT_S),
    )


def redis_part(data: DataDir, *, port: int, password: str) -> Part:
    """A real redis-server. Raises MissingProgramError if there is none."""
    program = shutil.which("redis-server")
    if program is None:
        raise MissingProgramError("redis-server")
    settings = data.redis / "redis.conf"
    write_private(settings, _REDIS.format(host=HOST, port=port, password=password, folder=data.redis))
    return Part(
        name="redis",
        command=(program, str(settings)),
        environment=_plain_environment(),
        answers=lambda: redis_answers(redis_url(port, password)),
        tier=Tier.SERVER,
        grace_s=10.0,
        start_limit_s=30.0,
        remedy="or set CELERY_BROKER_URL to use another Redis",
    )


def redis_url(port: int, password: str) -> str:
    """The address of the local Redis, its password in it."""
    return f"redis://:{password}@{HOST}:{port}/0"


def graph_answers(login: Neo4jSettings) -> bool:
    """Whether Neo4j responds over Bolt and accepts the login."""
    try:
        with outages(), open_driver(login) as driver:
            driver.verify_connectivity()
    except GraphUnavailableError:
        return False
    return True


def redis_answers(url: str) -> bool:
    """Whether Redis answers a PING now (it answers LOADING while it reads its file)."""
    return why_redis_fails(url) is None


def why_redis_fails(url: str) -> OutageError | None:
    """The error that Redis gives for a PING now; None if it answers.

    Raises UsageError if the address is not a Redis address.
    """
    try:
        with redis_outages(), read_address(url).open(1.0) as client:
            client.ping()
    except OutageError as error:
        return error
    return None


def _plain_environment() -> Mapping[str, str]:
    """The environment without variables that hold secrets of other parts. JDK_JAVA_OPTIONS is Java's own."""
    known = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JDK_JAVA_OPTIONS")
    return {name: os.environ[name] for name in known if name in os.environ}
