"""`vlmkg api-keys`: the keys of the API and of the HTTP gateway."""

import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from ingest.cli.console_user import console_user
from ingest.cli.events_view import as_json, print_table
from ingest.ledger.access import api_keys as ledger_keys
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import ApiKey, Role
from ingest.ledger.storage.database import Ledger, now
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option

_COLOURS = {"works": "green", "expired": "yellow", "revoked": "red"}

json_option = click.option("--json", "in_json", is_flag=True, help="Print JSON for programs.")


@click.group("api-keys")
def api_keys() -> None:
    """Create, list and revoke keys of the API and the HTTP gateway.

    Changes take effect at once. No running stack is needed.
    """


@api_keys.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="The role of the key: what it allows.",
)
@click.option(
    "--expires", type=click.IntRange(1, 36_500), metavar="DAYS", help="Days until the key expires [default: never]."
)
@json_option
@data_option
def create(data: DataDir, name: str, role: str, expires: int | None, *, in_json: bool) -> None:
    """Create a key for NAME, the person or system that the audit trail will show.

    The key is printed once. Only its hash is stored.
    """
    with closing(existing_ledger_of(data)) as ledger:
        key = ledger_keys.create(ledger, name, Role(role), lasts=timedelta(days=expires) if expires else None)
        made = _known(ledger, ledger_keys.key_id(key))
        _audit(ledger, "create API key", made)
    if in_json:
        click.echo(as_json(asdict(made) | {"key": key}))
        return
    until = f"until {_day(made.expires_at)}" if made.expires_at else "until it is revoked"
    click.echo(f"key {made.id} of {name}, {role}, valid {until}. Copy it now, it is not shown again:", err=True)
    click.echo(key)


@api_keys.command("list")
@json_option
@data_option
def list_(data: DataDir, *, in_json: bool) -> None:
    """List all keys, also revoked and expired ones, with their last use (to ten minutes)."""
    with closing(existing_ledger_of(data)) as ledger, ledger.read() as connection:
        found, at = ledger_keys.keys(connection), now(connection)
    if in_json:
        click.echo(as_json([asdict(key) | {"state": key.state(at)} for key in found]))
    else:
        _print(found, at)


@api_keys.command()
@click.argument("key", metavar="NAME|ID")
@click.option("--force", is_flag=True, help="Revoke the key even if it is the last one of the role admin.")
@json_option
@data_option
def revoke(data: DataDir, key: str, *, force: bool, in_json: bool) -> None:
    """Revoke a key by its name or id. Requests and open subscriptions with it end within seconds.

    The stack's own key, made at its first start, is replaced: `vlmkg api-keys revoke admin` renews it.
    """
    with closing(existing_ledger_of(data)) as ledger:
        renews = _is_own(ledger, data, key)
        revoked = ledger_keys.revoke(ledger, key, even_the_last_admin=force or renews)
        _audit(ledger, "revoke API key", revoked)
        if renews:
            _renew(ledger, data)
        after = _known(ledger, revoked.id)
    if in_json:
        click.echo(as_json(asdict(after) | {"renewed": renews}))
        return
    click.echo(f"key {revoked.id} of {revoked.name}, {revoked.role}, is revoked")
    if renews:
        click.echo(f"the stack has a new key: {data.api_key_file}")


def _is_own(ledger: Ledger, data: DataDir, named: str) -> bool:
    """Whether this name is the stack's own key."""
    try:
        own = ledger_keys.key_id(data.api_key_file.read_text().strip())
    except FileNotFoundError:
        return False
    with ledger.read() as connection:
        at = now(connection)
        return [
            key.id for key in ledger_keys.keys(connection) if key.state(at) == "works" and key.is_called(named)
        ] == [own]


def _renew(ledger: Ledger, data: DataDir) -> None:
    """Replace the stack's own key. Commands for a running stack use the new one."""
    key = ledger_keys.ensure_admin_key(ledger, data.api_key_file)
    running = data.endpoints()
    if running is not None:
        data.write_endpoints(running.model_copy(update={"api_key": key}))


def _known(ledger: Ledger, key_id: str) -> ApiKey:
    with ledger.read() as connection:
        return next(key for key in ledger_keys.keys(connection) if key.id == key_id)


def _audit(ledger: Ledger, action: str, key: ApiKey) -> None:
    described = f"{action} {key.id} {key.role} {json.dumps(key.name, ensure_ascii=False)}"
    audit.record(ledger, actor=console_user(), action=described, patients=(), outcome="ok")


def _print(found: list[ApiKey], at: datetime) -> None:
    table = Table(box=None, header_style="bold")
    for heading in ("id", "name", "role", "state", "created", "expires", "last used"):
        table.add_column(heading, no_wrap=True)
    for key in found:
        state = key.state(at)
        shown: list[Any] = [key.id, escape(key.name), key.role.value, f"[{_COLOURS[state]}]{state}[/]"]
        table.add_row(*shown, _day(key.created_at), _day(key.expires_at), _minute(key.last_used_at))
    print_table(table)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at else "never"
