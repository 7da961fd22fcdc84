"""What every test may use."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy.engine import make_url

from chromium import Chromium, browser, chromium
from mail_host import MailHost, mail_host, what_is_missing
from pedigreed.store.database import Store
from processes import started
from real_servers import missing
from set_clock import SetClock, find_library

if TYPE_CHECKING:
    from collections.abc import Iterator

# httpx looks for it at every lock. It is not installed, so each look would go through every folder.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # as the import system has it: not there

# A slow machine is no failure.
settings.register_profile("pedigreed", deadline=None)
# For `make test-quick`: what is tried at random is tried less often.
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("pedigreed")

_LONGEST_ID = 200

_SHARED = Path(__file__).parents[2] / "shared"


_STARTS_PROCESSES = {"mail_servers", "small_mail_servers", "imap_server", "clock", "page"}
"""The fixtures that do, or that are for the processes which their tests start."""
_OF_PROCESSES = ("acceptance", "systemd")
"""The folders of which each test is about the program or the service as a process."""


_STATE = Path(gettempdir(), f"pedigreed-tests-{os.getpid()}")


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted, also where a shell in the background has that ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup() -> None:
    """What this person keeps of pedigreed is neither looked at nor added to, nor what another test keeps."""
    os.environ["XDG_STATE_HOME"] = str(_STATE / uuid4().hex)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_STATE, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts processes and what SQLite holds, too, and keep those of systemd on one worker."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _OF_PROCESSES or _STARTS_PROCESSES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.process)
        if folder != "store" and _is_on_postgresql(item):
            item.add_marker(pytest.mark.second_database)
        if folder == "systemd":
            item.add_marker(pytest.mark.xdist_group("systemd"))


def _is_on_postgresql(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and called.params.get("database") == "postgresql"


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many a test waits for a server that takes its time, or for a process."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_finish() -> None:
    """Let the garbage collector leave out what the tests and the libraries are made of: it stays anyway."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Call a long text by its length: the name of a test need not hold it, nor what differs from run to run."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped, each reason once."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        reasons[report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)] += 1
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:,} skipped: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(autouse=True)
def only_what_is_marked_starts_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that started a process without the mark for it, by which the quick ones are told apart."""
    started.clear()
    yield
    if request.node.get_closest_marker("process") is None:
        assert not started, "it starts a process, so it carries the mark `process`"


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
def postgresql_server() -> Iterator[str]:
    """The URL of a database on a real server, in which tests may make schemas and take locks.

    It is of this process alone: tests that run beside each other take each other's locks for those of a daemon.
    """
    url = os.environ.get("PEDIGREED_TEST_POSTGRESQL")
    if not url:
        missing("a PostgreSQL server, named by PEDIGREED_TEST_POSTGRESQL,")
    with _database(url) as own:
        yield own


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A store's URL on PostgreSQL, in a schema of its own."""
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(_direct(postgresql_server), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        own = make_url(postgresql_server).update_query_dict({"options": f"-csearch_path={schema}"})
        yield own.render_as_string(hide_password=False)
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Each kind of database that a store may be on."""
    kind: str = request.param
    return kind


@pytest.fixture
def store_url(request: pytest.FixtureRequest, database: str) -> str:
    """The URL of a store that no other test has, on each database. It is not there yet."""
    if database == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return f"sqlite:///{folder / 'store' / 'pedigreed.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store on SQLite that has its tables, and that nobody opens."""
    path = tmp_path_factory.mktemp("migrated") / "pedigreed.db"
    with Store(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def migrated_here(migrated_file: Path, tmp_path: Path) -> str:
    """The URL of the same as `pedigreed.db` in the test's own folder."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'pedigreed.db')}"


@pytest.fixture(scope="session")
def migrated_database(postgresql_server: str) -> Iterator[str]:
    """The same on PostgreSQL: the URL of a database."""
    with _database(postgresql_server) as url:
        with Store(url):
            pass
        yield url


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a store that no other test has, on each database. It has its tables, which takes time to make."""
    if database == "sqlite":
        path = tmp_path / "store" / "pedigreed.db"
        path.parent.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        migrated: str = request.getfixturevalue("migrated_database")
        with _database(migrated, template=make_url(migrated).database) as url:
            yield url


@contextmanager
def _database(server: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database beside the one that is named, a copy of another or empty."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(_direct(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}".encode())
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(_direct(server), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _direct(url: str) -> str:
    """A store's URL as the server's own library reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


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
