"""The schema: what the migrations make, and what they refuse, on both databases."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from pedigreed.model.failure import StoreError, StoreTooNew
from pedigreed.model.instant import from_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.product import Holding
from pedigreed.store import announcements, holdings, local_files, migrate, products
from pedigreed.store.database import Store
from pedigreed.store.partial_indexes import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection


@pytest.fixture
def beside(store_url: str) -> Iterator[Engine]:
    """The store's database, beside any `Store`."""
    with Store(store_url):
        pass
    engine = create_engine(store_url, poolclass=NullPool)
    yield engine
    engine.dispose()


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def dump(engine: Engine) -> dict[str, Any]:
    with engine.begin() as connection:
        inspector = inspect(connection)
        return {
            name: (
                connection.execute(text(f"SELECT * FROM {name}")).all(),
                [column["name"] for column in inspector.get_columns(name)],
            )
            for name in sorted(inspector.get_table_names())
        }


def shape(connection: Connection) -> dict[str, Any]:
    """Everything that the database itself says of the tables."""
    inspector = inspect(connection)
    if connection.dialect.name == "sqlite":
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    else:
        indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
    tables = {
        table: {
            "columns": [
                {**column, "type": (repr(column["type"]), getattr(column["type"], "collation", None))}
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table),
            "unique": sorted(inspector.get_unique_constraints(table), key=str),
            "references": sorted(inspector.get_foreign_keys(table), key=str),
            "comment": inspector.get_table_comment(table) if connection.dialect.supports_comments else None,
        }
        for table in metadata.tables
    }
    return {"tables": tables, "indexes": connection.execute(text(indexes)).all()}


def test_the_migrations_make_the_tables_that_the_code_uses(beside: Engine) -> None:
    with beside.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_them_to_the_letter(beside: Engine) -> None:
    with beside.begin() as connection:
        migrated = shape(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == shape(connection)


def test_the_newest_revision_is_that_of_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.NEWEST]
    for script in scripts.walk_revisions():
        assert migrate.is_revision(script.revision)


def test_opening_a_store_again_changes_nothing(store_url: str, beside: Engine) -> None:
    run(beside, "INSERT INTO increments (instrument, off_since, off_until, reason) VALUES ('miri', 0, 0, '')")
    before = dump(beside)
    for _ in range(2):
        with Store(store_url):
            pass
    assert dump(beside) == before
    assert before["alembic_version"][0] == [(migrate.NEWEST,)]


def test_a_newer_store_is_refused_and_left_as_it_is(store_url: str, beside: Engine) -> None:
    run(
        beside,
        "UPDATE alembic_version SET version_num = '0999'",
        "ALTER TABLE products ADD COLUMN shine TEXT",
    )
    before = dump(beside)
    with pytest.raises(StoreTooNew, match=f"schema 0999, .* up to {migrate.NEWEST}. Use the newer pedigreed"):
        Store(store_url)
    assert dump(beside) == before


def test_another_programs_migrated_database_is_refused(store_url: str, beside: Engine) -> None:
    run(beside, "UPDATE alembic_version SET version_num = '1975ea83b712'")
    before = dump(beside)
    with pytest.raises(StoreError, match="did not make"):
        Store(store_url)
    assert dump(beside) == before


def test_tables_without_a_revision_are_refused(store_url: str, beside: Engine) -> None:
    run(beside, "DELETE FROM alembic_version")
    before = dump(beside)
    with pytest.raises(StoreError, match="a table 'announced' that pedigreed did not make"):
        Store(store_url)
    assert dump(beside) == before


def test_a_store_that_was_never_finished_is_finished(store_url: str, beside: Engine) -> None:
    with beside.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DELETE FROM alembic_version"))
    with Store(store_url):
        pass
    with beside.begin() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_migration_that_is_cut_short_leaves_nothing(store_url: str) -> None:
    def cut(_: object, __: object, statement: str, *___: object) -> None:
        if "CREATE TABLE deliveries" in statement:
            raise InterruptedError

    event.listen(Engine, "before_cursor_execute", cut)
    try:
        with pytest.raises(InterruptedError):
            Store(store_url)
    finally:
        event.remove(Engine, "before_cursor_execute", cut)
    engine = create_engine(store_url, poolclass=NullPool)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
    with Store(store_url):
        pass
    with engine.begin() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_file_of_another_program_is_refused_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"places\.sqlite has a table 'moz_places' that pedigreed did not make"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_tables_of_others_may_share_a_servers_database(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url, poolclass=NullPool)
    run(engine, "CREATE TABLE moz_places (id INTEGER PRIMARY KEY)")
    with Store(postgresql_url):
        pass
    with engine.begin() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version", "moz_places"}


def test_the_migrations_stand_without_the_code_of_today() -> None:
    for script in (migrate.MIGRATIONS / "versions").glob("*.py"):
        assert "pedigreed" not in script.read_text()


def old_store(beside: Engine, revision: str) -> None:
    """Have the tables of an earlier revision, without a row."""
    with beside.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_a_store_that_dropped_what_it_did_not_understand_tells_nothing_old_of_it(
    store_url: str, beside: Engine
) -> None:
    old_store(beside, "0013")
    hour = 3_600_000
    ends = 1_000 * hour
    run(
        beside,
        "INSERT INTO listeners (subscription, after_announcement) VALUES ('jades', 1)",
        *(
            "INSERT INTO periods (subscription, label, starts_at, ends_at, closed_at, unchecked, unread) "
            f"VALUES ('jades', '{label}', 0, {at}, {at}, '', '')"
            for label, at in (("2026-11-20", ends - 24 * hour), ("2026-11-21", ends))
        ),
        *(
            "INSERT INTO announcements (id, source, identity, medium, heard_at, was_there, title, text, facts) "
            f"VALUES ({key}, 'a', '{key}', '{medium}', {ends - hours * hour}, FALSE, '', '', '{{}}')"
            for key, medium, hours in (
                *((1, "mail", 900), (2, "mail", 800), (3, "mail", 700)),
                *((4, "mail", 2), (5, "server", 2), (6, "mail", 0)),
            )
        ),
        "INSERT INTO announced (subscription, announcement_id, label) VALUES ('jades', 3, '2026-11-20')",
    )
    with Store(store_url) as store, store.reading() as connection:
        covered = announcements.covered(connection, ["jades"], range(10))["jades"]
        waiting = announcements.not_told(connection, ["jades"], from_milliseconds(0))
    assert covered == {2, 3, 4}
    assert waiting == {5, 6}, "the server's own word, and what was being heard when the period ended"


def test_a_store_that_kept_mast_s_flag_goes_by_the_release_dates(store_url: str, beside: Engine) -> None:
    """The flag was false of every product; what was ahead when it was last asked for is told when it passes."""
    old_store(beside, "0006")
    fingerprint = "decode('00', 'hex')" if store_url.startswith("postgresql") else "x'00'"
    run(
        beside,
        "INSERT INTO parameter_sets (id, parameters) VALUES (1, '{}')",
        "INSERT INTO coverage (instrument, program, asked_at) VALUES ('miri', 1180, 1000)",
        *(
            "INSERT INTO products (filename, instrument, program, level, fileset, fingerprint, parameters_id, "
            "revision, missed, is_restricted, public_at) "
            f"VALUES ('{name}', '{instrument}', 1180, '2b', '', {fingerprint}, 1, 0, 0, {flag}, {public_at})"
            for name, instrument, flag, public_at in (
                ("ahead", "miri", "FALSE", "1001"),
                ("passed", "miri", "FALSE", "1000"),
                ("unknown", "miri", "TRUE", "NULL"),
                ("never asked", "fgs", "NULL", "500"),
            )
        ),
    )
    with Store(store_url) as store, store.reading() as connection:
        found = products.released(connection, [1180], from_milliseconds(2000))
    assert [known.product.filename for known in found] == ["ahead", "never asked"]


def test_what_was_known_of_a_disk_is_of_this_machine(store_url: str, beside: Engine) -> None:
    old_store(beside, "0014")
    run(
        beside,
        "INSERT INTO local_files (path, cal_ver, size, mtime_ns, seen_at) VALUES ('/d/whole', '1.0', 2880, 1, 0)",
        "INSERT INTO local_files (path, cal_ver, size, mtime_ns, seen_at) VALUES ('/d/cut', '1.0', 2881, 1, 0)",
        "INSERT INTO local_folders (folder, looked_at, unread) VALUES ('/d', 0, 3)",
    )
    with Store(store_url) as store, store.reading() as connection:
        assert list(local_files.load(connection, ["/d"])) == ["/d/whole"]
        assert local_files.folder_states(connection)["/d"].unread == 3


def test_what_is_there_is_counted_when_a_store_is_upgraded(store_url: str, beside: Engine) -> None:
    old_store(beside, "0023")
    fingerprint = "decode('00', 'hex')" if store_url.startswith("postgresql") else "x'00'"
    run(
        beside,
        "INSERT INTO parameter_sets (id, parameters) VALUES (1, '{}')",
        *(
            "INSERT INTO products (filename, instrument, program, observation, level, fileset, cal_ver, crds_ctx, "
            "date, withdrawn_at, fingerprint, parameters_id, revision, missed) "
            f"VALUES ('{name}', 'miri', {program}, {observation}, '2b', '', {cal_ver}, 'x', {date}, {gone}, "
            f"{fingerprint}, 1, 0, 0)"
            for name, program, observation, cal_ver, date, gone in (
                ("a", 1180, 7, "'1.0'", 2000, "NULL"),
                ("b", 1180, 7, "'1.0'", 1000, "NULL"),
                ("c", 1180, "NULL", "NULL", "NULL", "NULL"),
                ("d", 1180, 7, "'1.0'", 500, "3000"),
                ("e", 1181, 7, "'1.0'", 1000, "NULL"),
            )
        ),
    )
    with Store(store_url) as store, store.reading() as connection:
        found = holdings.load(connection)
    first, last = from_milliseconds(1000), from_milliseconds(2000)
    assert sorted(found, key=lambda held: (held.program, held.products)) == [
        Holding(Instrument.MIRI, 1180, None, "2b", None, "x", 1, None, None),
        Holding(Instrument.MIRI, 1180, 7, "2b", "1.0", "x", 2, first, last),
        Holding(Instrument.MIRI, 1181, 7, "2b", "1.0", "x", 1, first, first),
    ]
