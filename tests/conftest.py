"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy.engine import make_url

from chromium import Chromium, browser, chromium
from mail_host import MailHost, mail_host, what_is_missing
from real_servers import missing
from set_clock import SetClock, find_library

if TYPE_CHECKING:
    from collections.abc import Iterator

# A slow machine is no failure.
settings.register_profile("pedigreed", deadline=None)
settings.load_profile("pedigreed")

_SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real captures beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("the real captures are not beside this checkout")
    return _SHARED


def need_mail_servers() -> None:
    """Do as `missing` does where they can't run."""
    if reason := what_is_missing():
        missing(reason)


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The URL of a server on which tests may make schemas."""
    url = os.environ.get("PEDIGREED_TEST_POSTGRESQL")
    if not url:
        missing("a PostgreSQL server, named by PEDIGREED_TEST_POSTGRESQL,")
    return url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A store's URL on PostgreSQL, in a schema of its own."""
    schema = f"test_{uuid4().hex}"
    url = make_url(postgresql_server)
    direct = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(direct, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        own = url.update_query_dict({"options": f"-csearch_path={schema}"})
        yield own.render_as_string(hide_password=False)
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that no other test has, on each database."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return f"sqlite:///{folder / 'store' / 'pedigreed.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailHost]:
    """Postfix and Dovecot, once for all tests."""
    need_mail_servers()
    with mail_host() as host:
        yield host


@pytest.fixture
def small_mail_servers() -> Iterator[MailHost]:
    """The same, taking no message of more than 20,000 bytes."""
    need_mail_servers()
    with mail_host(message_size_limit=20_000) as host:
        yield host


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    """A clock that the test sets, for the processes that it starts."""
    library = find_library()
    if library is None:
        missing("libfaketime")
    return SetClock(tmp_path / "clock", library)


@pytest.fixture(scope="session")
def page() -> Iterator[Chromium]:
    """A page in a real browser, once for all tests."""
    if browser() is None:
        missing("Chromium")
    with chromium() as opened:
        yield opened
