"""Keys: made, known by their hash, ended by a date or by hand."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import ApiKey, KeyHolder, Role
from ingest.ledger.storage.database import Ledger, now
from ingest.ledger.storage.tables import api_keys as keys_table
from vlmkg.errors import RefusedError, UsageError


def known(ledger: Ledger, key: str) -> ApiKey:
    with ledger.read() as connection:
        return next(row for row in api_keys.keys(connection) if row.id == api_keys.key_id(key))


def pass_by(ledger: Ledger, time: timedelta) -> None:
    """As if so much time had passed since the keys were made."""
    with ledger.write() as connection:
        for row in connection.execute(select(keys_table)).all():
            ends = row.expires_at - time if row.expires_at else None
            connection.execute(update(keys_table).where(keys_table.c.key_hash == row.key_hash).values(expires_at=ends))


def state(ledger: Ledger, key: str) -> str:
    with ledger.read() as connection:
        return known(ledger, key).state(now(connection))


def test_keys_are_known_by_their_hash_alone(ledger: Ledger) -> None:
    key = api_keys.create(ledger, "ward", Role.VIEWER)
    assert api_keys.authenticate(ledger, key) == KeyHolder("ward", Role.VIEWER)
    assert api_keys.authenticate(ledger, key[:-1]) is None
    assert api_keys.authenticate(ledger, "") is None
    with ledger.read() as connection:
        (stored,) = connection.execute(select(keys_table.c.key_hash)).scalars()
    assert key not in stored
    assert (known(ledger, key).expires_at, state(ledger, key)) == (None, "works")


def test_a_key_ends_on_its_day(ledger: Ledger) -> None:
    short = api_keys.create(ledger, "short", Role.VIEWER, lasts=timedelta(hours=1))
    long = api_keys.create(ledger, "long", Role.VIEWER, lasts=timedelta(days=1))
    assert api_keys.authenticate(ledger, short) is not None
    pass_by(ledger, timedelta(hours=2))
    assert api_keys.authenticate(ledger, short) is None
    assert (state(ledger, short), state(ledger, long)) == ("expired", "works")
    assert api_keys.authenticate(ledger, long) is not None
    with pytest.raises(RefusedError, match="no valid key"):
        api_keys.revoke(ledger, "short")


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_revoked_key_ends_at_once_and_stays_listed(ledger: Ledger, by: str) -> None:
    key, other = (api_keys.create(ledger, name, Role.OPERATOR) for name in ("ward", "desk"))
    revoked = api_keys.revoke(ledger, "ward" if by == "name" else api_keys.key_id(key))
    assert (revoked.name, revoked.role) == ("ward", Role.OPERATOR)
    assert api_keys.authenticate(ledger, key) is None
    assert api_keys.authenticate(ledger, other) is not None
    assert (state(ledger, key), state(ledger, other)) == ("revoked", "works")
    with pytest.raises(RefusedError):
        api_keys.revoke(ledger, "ward")


def test_of_one_name_one_key_works(ledger: Ledger) -> None:
    api_keys.create(ledger, "ward", Role.VIEWER)
    with pytest.raises(RefusedError, match="a valid key with the name ward already exists"):
        api_keys.create(ledger, "ward", Role.ADMIN)
    api_keys.revoke(ledger, "ward")
    again = api_keys.create(ledger, "ward", Role.ADMIN)
    assert api_keys.authenticate(ledger, again) == KeyHolder("ward", Role.ADMIN)


def test_of_two_that_share_a_name_the_id_says_which(ledger: Ledger, tmp_path: Path) -> None:
    first, second = (api_keys.ensure_admin_key(ledger, tmp_path / name) for name in ("a", "b"))
    with pytest.raises(RefusedError, match="2 keys have the name admin") as error:
        api_keys.revoke(ledger, "admin")
    assert api_keys.key_id(first) in error.value.remedy
    api_keys.revoke(ledger, api_keys.key_id(first))
    assert (state(ledger, first), state(ledger, second)) == ("revoked", "works")


@pytest.mark.parametrize("name", ["", " ", "cli:root", "a\nb", "x" * 65, "oidc:me", "name (sub)", " a", "é"])
def test_names_that_could_pass_for_another_actor(ledger: Ledger, name: str) -> None:
    with pytest.raises(UsageError):
        api_keys.create(ledger, name, Role.VIEWER)


def test_the_last_admin_stays(ledger: Ledger) -> None:
    api_keys.create(ledger, "chief", Role.ADMIN)
    api_keys.create(ledger, "past", Role.ADMIN, lasts=timedelta(0))
    api_keys.create(ledger, "ward", Role.OPERATOR)
    with pytest.raises(RefusedError, match="the last key of the role admin"):
        api_keys.revoke(ledger, "chief")
    api_keys.create(ledger, "deputy", Role.ADMIN)
    api_keys.revoke(ledger, "chief")
    api_keys.revoke(ledger, "deputy", even_the_last_admin=True)
    api_keys.revoke(ledger, "ward")


def test_two_who_revoke_the_last_two_leave_one(ledger: Ledger) -> None:
    names = ("chief", "deputy")
    for name in names:
        api_keys.create(ledger, name, Role.ADMIN)

    def revoke(name: str) -> bool:
        try:
            api_keys.revoke(ledger, name)
        except RefusedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(revoke, names)) == [False, True]


def test_the_last_use_costs_a_write_in_ten_minutes(ledger: Ledger) -> None:
    key = api_keys.create(ledger, "ward", Role.VIEWER)
    assert known(ledger, key).last_used_at is None
    api_keys.authenticate(ledger, key)
    first = known(ledger, key).last_used_at
    assert first is not None
    writes: list[str] = []
    engine = ledger.writer

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().startswith("SELECT"):
            writes.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    for _ in range(20):
        api_keys.authenticate(ledger, key)
    assert writes in ([], ["BEGIN"] * 20)
    with ledger.write() as connection:
        connection.execute(update(keys_table).values(last_used_at=first - timedelta(minutes=11)))
    api_keys.authenticate(ledger, key)
    latest = known(ledger, key).last_used_at
    assert latest is not None
    assert latest >= first


def test_the_admin_key_is_made_once(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "admin.key"
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _: api_keys.ensure_admin_key(ledger, file), range(8)))
    (key,) = keys
    assert api_keys.authenticate(ledger, key) == KeyHolder("admin", Role.ADMIN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["admin.key"]


def test_the_admin_key_is_made_known_to_a_new_ledger(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "admin.key"
    file.write_text("vlmkg_made_before\n")
    assert api_keys.ensure_admin_key(ledger, file) == "vlmkg_made_before"
    assert api_keys.authenticate(ledger, "vlmkg_made_before") == KeyHolder("admin", Role.ADMIN)


def test_an_admin_key_that_was_revoked_is_replaced_once(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "admin.key"
    leaked = api_keys.ensure_admin_key(ledger, file)
    api_keys.revoke(ledger, "admin", even_the_last_admin=True)
    with ThreadPoolExecutor(4) as pool:
        (key,) = set(pool.map(lambda _: api_keys.ensure_admin_key(ledger, file), range(8)))
    assert key == file.read_text() != leaked
    assert api_keys.authenticate(ledger, key) == KeyHolder("admin", Role.ADMIN)
    assert api_keys.authenticate(ledger, leaked) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def working_admins(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        at = now(connection)
        return [key.id for key in api_keys.keys(connection) if key.role is Role.ADMIN and key.state(at) == "works"]


def test_hosts_that_start_together_make_one_admin_key(ledger: Ledger, tmp_path: Path) -> None:
    """Each host has a data folder of its own, as a container without a volume has."""
    files = [tmp_path / f"host{number}" / "secrets" / "api.key" for number in range(6)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda file: api_keys.make_first_admin_key(ledger, file), files))
    assert made.count(True) == 1
    (kept,) = [file for file in files if file.exists()]
    assert kept == files[made.index(True)]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert api_keys.authenticate(ledger, kept.read_text()) == KeyHolder("admin", Role.ADMIN)
    assert len(working_admins(ledger)) == 1


@pytest.mark.parametrize("role", list(Role))
def test_only_a_working_admin_key_stands_for_the_first(ledger: Ledger, tmp_path: Path, role: Role) -> None:
    api_keys.create(ledger, "someone", role)
    assert api_keys.make_first_admin_key(ledger, tmp_path / "api.key") is (role is not Role.ADMIN)


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_an_ended_admin_key_is_replaced_and_does_not_come_back(ledger: Ledger, tmp_path: Path, ended: str) -> None:
    file = tmp_path / "api.key"
    assert api_keys.make_first_admin_key(ledger, file)
    old = file.read_text()
    if ended == "revoked":
        api_keys.revoke(ledger, "admin", even_the_last_admin=True)
    else:
        with ledger.write() as connection:
            connection.execute(update(keys_table).values(expires_at=now(connection) - timedelta(days=1)))
    assert api_keys.make_first_admin_key(ledger, file)
    assert file.read_text() != old
    assert api_keys.authenticate(ledger, old) is None
    assert working_admins(ledger) == [api_keys.key_id(file.read_text())]


def test_a_key_that_lies_in_the_folder_is_used_only_while_there_is_no_other(ledger: Ledger, tmp_path: Path) -> None:
    for number, expected in enumerate((True, False)):
        file = tmp_path / f"{number}.key"
        file.write_text(f"vlmkg_laid_{number}")
        assert api_keys.make_first_admin_key(ledger, file) is expected
        assert file.read_text() == f"vlmkg_laid_{number}"
    assert api_keys.authenticate(ledger, "vlmkg_laid_0") == KeyHolder("admin", Role.ADMIN)
    assert api_keys.authenticate(ledger, "vlmkg_laid_1") is None
