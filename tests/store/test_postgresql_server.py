"""A store on a server: what is said when it can't be had, and that no password is in it."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.model.pause import Pause, Paused
from pedigreed.store import pauses, periods
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "correct-horse-battery"


def with_secret(url: URL) -> URL:
    return url.set(password=SECRET)


def with_secret_as_option(url: URL) -> URL:
    return url.set(password=None).update_query_dict({"password": SECRET})


def with_nobody_listening(url: URL) -> URL:
    return url.set(password=SECRET, port=1)


def with_no_such_host(url: URL) -> URL:
    return url.set(password=SECRET, host="nowhere.invalid")


def with_no_such_option(url: URL) -> URL:
    return url.update_query_dict({"no_such_option": SECRET})


def with_an_option_it_does_not_know(url: URL) -> URL:
    return url.update_query_dict({"sslmode": "no such mode"})


def with_no_such_database(url: URL) -> URL:
    return url.set(database="no_such_database")


def with_no_such_user(url: URL) -> URL:
    return url.set(username="no_such_user", password=SECRET)


def direct(url: str) -> psycopg.Connection:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def end(connection: Connection, url: str) -> None:
    """End a connection from outside, as an operator does."""
    process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with direct(url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))


@pytest.mark.parametrize(
    ("spoil", "failure", "said"),
    [
        (with_secret, StoreError, "password authentication failed"),
        (with_secret_as_option, StoreError, "password authentication failed"),
        (with_no_such_user, StoreError, "password authentication failed"),
        (with_no_such_database, StoreError, 'database "no_such_database" does not exist'),
        (with_no_such_option, StoreError, "no_such_option"),
        (with_an_option_it_does_not_know, StoreError, "no such mode"),
        (with_nobody_listening, TryAgain, "Connection refused"),
        (with_no_such_host, TryAgain, "nowhere.invalid"),
    ],
)
def test_a_server_that_can_not_be_had_is_named_without_its_password(
    postgresql_url: str, spoil: Callable[[URL], URL], failure: type[PedigreedError], said: str
) -> None:
    good = make_url(postgresql_url)
    spoilt = spoil(good)
    with pytest.raises(failure) as raised:
        Store(spoilt.render_as_string(hide_password=False))
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"postgresql://{spoilt.username}@{spoilt.host}:{spoilt.port}/")
    assert "\n" not in str(raised.value)
    everything = "".join(traceback.format_exception(raised.value)) + repr(raised.value.__cause__)
    assert SECRET not in everything
    assert str(good.password) not in everything


def test_its_name_hides_password_and_options(postgresql_url: str) -> None:
    url = make_url(postgresql_url)
    with Store(postgresql_url) as store:
        assert store.name == f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"
        assert store.size() == 0


def test_the_driver_need_not_be_named(postgresql_url: str) -> None:
    with Store(postgresql_url.replace("postgresql+psycopg:", "postgresql:")):
        pass


def test_connections_that_the_server_ended_are_made_anew(postgresql_url: str) -> None:
    with Store(postgresql_url) as store:
        with store.reading() as connection:
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with direct(postgresql_url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
        with store.writing() as connection:
            periods.claim(connection, {"jades": "2026-11-21"}, NOON)
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != process


def test_a_connection_that_ends_in_a_transaction_is_tried_again_later(postgresql_url: str) -> None:
    def write_and_be_ended(store: Store) -> None:
        with store.writing() as connection:
            periods.claim(connection, {"jades": "2026-11-21"}, NOON)
            end(connection, postgresql_url)
            periods.claim(connection, {"ceers": "2026-11-21"}, NOON)

    with Store(postgresql_url) as store:
        with pytest.raises(TryAgain):
            write_and_be_ended(store)
        with store.reading() as connection:
            assert periods.last_closed(connection, NOON, ["jades"]) == {}


def test_nobody_waits_for_ever(postgresql_url: str) -> None:
    why = Pause(Paused.CHANNEL, "email", NOON, NOON, 1, "why")
    with Store(postgresql_url, busy_seconds=0.2) as store, store.writing() as one:
        pauses.begin(one, why)
        with pytest.raises(TryAgain, match="lock timeout"), store.writing() as other:
            pauses.begin(other, why)


def test_nobody_waits_for_a_period_that_another_process_is_closing(postgresql_url: str) -> None:
    with Store(postgresql_url, busy_seconds=0.2) as store:
        with store.writing() as one:
            assert periods.claim(one, {"jades": "2026-11-21", "ceers": "2026-11-21"}, NOON) == {"jades", "ceers"}
            with store.writing() as other:
                both = {"jades": "2026-11-21", "cosmos": "2026-11-21"}
                assert periods.claim(other, both, NOON) == {"cosmos"}
        with store.writing() as other:
            assert periods.claim(other, both, NOON) == set()


def test_a_user_who_may_not_make_tables_is_told_so(postgresql_url: str) -> None:
    url = make_url(postgresql_url)
    schema = url.query["options"]
    assert isinstance(schema, str)
    schema = schema.partition("=")[2]
    with direct(postgresql_url) as server:
        server.execute(f"CREATE ROLE reader_{schema} LOGIN PASSWORD '{SECRET}'".encode())
        server.execute(f"GRANT USAGE ON SCHEMA {schema} TO reader_{schema}".encode())
        try:
            limited = url.set(username=f"reader_{schema}", password=SECRET)
            with pytest.raises(StoreError, match="can't be opened for writing: permission denied") as raised:
                Store(limited.render_as_string(hide_password=False))
            assert SECRET not in "".join(traceback.format_exception(raised.value))
        finally:
            server.execute(f"DROP OWNED BY reader_{schema}".encode())
            server.execute(f"DROP ROLE reader_{schema}".encode())
