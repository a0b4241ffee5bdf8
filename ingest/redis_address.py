"""The address of Redis (CELERY_BROKER_URL): one server, one server by TLS, or a group that Sentinels watch.

redis://:PASSWORD@HOST:6379/0
rediss://:PASSWORD@HOST:6379/0?ssl_ca_certs=FILE        TLS; the certificate is checked, host name included
sentinel://:PASSWORD@HOST1:26379/0;sentinel://HOST2:26379?master_name=mymaster&sentinel_password=PASSWORD
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import redis
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from ingest.errors import OutageError
from vlmkg.errors import UsageError

SCHEMES = ("redis", "rediss", "sentinel")
USUAL_PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 26379}
USUAL_MASTER = "mymaster"

_TLS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"})
_SENTINEL_OPTIONS = frozenset({"master_name", "sentinel_password"})
_OPTIONS = {"redis": frozenset[str](), "rediss": _TLS_OPTIONS, "sentinel": _SENTINEL_OPTIONS}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address that was read. `hosts` are Redis itself, or its Sentinels; `master` is what these call the group."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    username: str | None
    password: str | None = field(repr=False)
    database: int
    tls: Mapping[str, object]
    master: str = USUAL_MASTER
    sentinel_password: str | None = field(default=None, repr=False)

    @property
    def for_celery(self) -> dict[str, object]:
        """Celery's settings for it: `broker_url`, and for TLS `broker_use_ssl`."""
        login = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@" if self.password else ""
        urls = ";".join(f"{self.scheme}://{login}{_host(host)}:{port}/{self.database}" for host, port in self.hosts)
        return {"broker_url": urls} | ({"broker_use_ssl": dict(self.tls)} if self.tls else {})

    @property
    def transport_options(self) -> dict[str, object]:
        """What Celery's transport must know of Sentinels."""
        if self.scheme != "sentinel":
            return {}
        return {"master_name": self.master, "sentinel_kwargs": self._of_sentinels}

    @property
    def _of_sentinels(self) -> dict[str, object]:
        return {"password": self.sentinel_password} if self.sentinel_password else {}

    def open(self, timeout_s: float) -> redis.Redis:
        """A client. Nothing is sent yet; each call takes `timeout_s` at most and is tried once."""
        limits = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": Retry(NoBackoff(), 0)}
        login = {"username": self.username, "password": self.password, "db": self.database}
        if self.scheme == "sentinel":
            kwargs = {**limits, **self._of_sentinels}
            sentinels = Sentinel(list(self.hosts), sentinel_kwargs=kwargs)  # type: ignore[no-untyped-call]
            client: redis.Redis = sentinels.master_for(self.master, **login, **limits)  # type: ignore[no-untyped-call]
            return client
        ((host, port),) = self.hosts
        return redis.Redis(host, port, ssl=self.scheme == "rediss", **self.tls, **login, **limits)  # type: ignore[arg-type]


def read_address(url: str) -> RedisAddress:
    """Read CELERY_BROKER_URL. Raises UsageError, without quoting it, if it has none of the three forms."""
    parts = [urlsplit(one) for one in url.split(";")]
    schemes = {part.scheme for part in parts}
    scheme = parts[0].scheme
    if schemes != {scheme} or scheme not in SCHEMES:
        raise UsageError(
            f"CELERY_BROKER_URL begins with {' and '.join(sorted(schemes)) or 'nothing'}://, not as a Redis address",
            f"use {', '.join(f'{name}://' for name in SCHEMES)}",
        )
    if len(parts) > 1 and scheme != "sentinel":
        raise UsageError("CELERY_BROKER_URL names several Redis servers", "name one, or their Sentinels")
    options = {name: value for part in parts for name, value in parse_qsl(part.query)}
    if unknown := sorted(options.keys() - _OPTIONS[scheme]):
        known = ", ".join(sorted(_OPTIONS[scheme])) or "none"
        raise UsageError(
            f"CELERY_BROKER_URL has options that {scheme}:// does not have: {', '.join(unknown)}", f"it has: {known}"
        )
    remedy = f"write it as {scheme}://:PASSWORD@HOST:{USUAL_PORTS[scheme]}/0"
    try:
        return RedisAddress(
            scheme,
            tuple((part.hostname or "127.0.0.1", part.port or USUAL_PORTS[scheme]) for part in parts),
            next((unquote(part.username) for part in parts if part.username), None),
            next((unquote(part.password) for part in parts if part.password), None),
            int(next((part.path for part in parts if part.path.strip("/")), "0").strip("/")),
            _tls(options) if scheme == "rediss" else {},
            options.get("master_name", USUAL_MASTER),
            options.get("sentinel_password"),
        )
    except ValueError:
        raise UsageError("CELERY_BROKER_URL has a port or a database that is not a number", remedy) from None


@contextmanager
def redis_outages() -> Iterator[None]:
    """Raise OutageError, with the cause, if Redis does not respond."""
    try:
        yield
    except (redis.RedisError, OperationalError, OSError) as error:
        raise _told(error) from error


def _told(error: Exception) -> OutageError:
    causes = list(_causes(error))
    if untrusted := next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None):
        return OutageError(
            f"the certificate of Redis is not trusted ({untrusted.verify_message})",
            "name its authority in CELERY_BROKER_URL, ?ssl_ca_certs=FILE, and use the host name of the certificate",
        )
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return OutageError("Redis does not speak TLS at this address", "use redis://, or the TLS port of Redis")
    if any(isinstance(one, AuthenticationError) for one in causes):
        return OutageError("Redis refused the login", "correct the password in CELERY_BROKER_URL")
    if any(isinstance(one, MasterNotFoundError) for one in causes):
        return OutageError(
            "no Sentinel knows a master that responds",
            "check that the Sentinels of CELERY_BROKER_URL are running and that master_name is the name of their group",
        )
    remedy = "check that the Redis server of CELERY_BROKER_URL is running"
    return OutageError(f"Redis does not respond ({type(error).__name__})", remedy)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _tls(options: Mapping[str, str]) -> dict[str, object]:
    """The certificate is required unless the address says otherwise: kombu by itself would check none."""
    checked: dict[str, object] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    given: dict[str, object] = dict(options)
    if options.get("ssl_cert_reqs", "required").lower().removeprefix("cert_") == "none":
        given |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    elif "ssl_check_hostname" in options:
        given["ssl_check_hostname"] = options["ssl_check_hostname"].lower() != "false"
    return checked | given


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
