"""The settings of a Neo4j server by which Neo4j Browser shows words, colours and the guide to whoever connects.

Browser asks the server for them after each login. The style travels inside the setting: nothing is fetched for it.
"""

import json
import re
from pathlib import Path

STYLE = Path(__file__).parent / "style.grass"


def server_settings(guide: str | None = None) -> dict[str, str]:
    """The settings by their names in neo4j.conf. `guide` is the address of the guide; None: it is not opened."""
    commands = [f"style {json.dumps(read_style(), separators=(',', ':'))}"]
    if guide is not None:
        # The style answers with its own text in a frame; without `clear` it would stand below the guide.
        commands += ["clear", f"play {guide}"]
    return {
        "browser.post_connect_cmd": "; ".join(commands),
        # What may be fetched at all is told by the policy: the guide alone.
        "browser.remote_content_hostname_whitelist": "*",
        "dbms.security.http_static_content_security_policy_header": _policy(guide),
        "client.allow_telemetry": "false",
    }


def _policy(guide: str | None) -> str:
    """A Content-Security-Policy by which Browser reaches its server, Bolt and the guide.

    Neo4j's own policy lets Browser send what people do, and its errors, to services of its makers.
    """
    reached = " ".join(["'self'", "ws:", "wss:", *([guide] if guide else [])])
    return (
        "default-src 'self'; script-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        f"font-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; connect-src {reached}"
    )


def read_style() -> dict[str, dict[str, str]]:
    """The rules of style.grass: properties by selector. Browser takes them as JSON, too, which has no line breaks."""
    rules = re.findall(r"^([\w.]+) \{(.*?)\}$", STYLE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {selector: dict(_properties(body)) for selector, body in rules}


def _properties(body: str) -> list[tuple[str, str]]:
    parts = (part.partition(":") for part in body.split(";") if part.strip())
    return [(name.strip(), value.strip().strip('"')) for name, _, value in parts]
