"""No secret that a test uses is in anything that the program printed, logged or kept.

A `conftest.py` that takes this module's names over has every test of its folder searched when it ends.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from commands import outputs
from hooks import PATH
from mail_server import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

__all__ = ["keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]

WELL_KNOWN = (
    PATH.rpartition("/")[2],
    PASSWORD,
    "correct horse",
    "correct horse battery",
    "hunter2-and-more",
    "ya29.hunter2-hunter2_hunter2",
)
"""What tests use as passwords, keys, tokens and webhooks, wherever they do."""

Place = tuple[str, bytes]
"""Where something was said, and what."""

_CAPTURED = pytest.StashKey[list[str]]()
_KEPT = pytest.StashKey[list[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember what was captured of output and logs."""
    report = yield
    item.stash.setdefault(_CAPTURED, []).extend(text for _, text in report.sections)
    return report


@pytest.fixture
def keep_secret(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Name one more secret, which gives it back."""

    def keep(secret: str) -> str:
        request.node.stash.setdefault(_KEPT, []).append(secret)
        return secret

    return keep


@pytest.fixture(autouse=True)
def no_secret_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test after which a secret stands where none may be."""
    # What is asked for before the test is there until after the search.
    names = request.fixturenames
    store = request.getfixturevalue("store_url") if "store_url" in names else ""
    store = request.getfixturevalue("postgresql_url") if "postgresql_url" in names else store
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in names else None
    outputs.clear()
    yield
    if request.node.get_closest_marker("tells_secrets"):
        return
    secrets = (*WELL_KNOWN, *of_the_server(), *request.node.stash.get(_KEPT, []))
    places = [("the output of a process", said) for said in outputs]
    places += [("what was captured", text.encode()) for text in request.node.stash.get(_CAPTURED, [])]
    places += in_files(folder, secrets) if folder else []
    places += in_schema(store) if store.startswith("postgresql") else []
    found = leaks(secrets, places)
    assert not found, f"a secret stands in {', '.join(found)}"


def leaks(secrets: Iterable[str], places: Iterable[Place]) -> list[str]:
    """The places where a secret stands, as it is or in a form that it travels in. The secrets are not repeated."""
    forms = {form for secret in secrets for form in forms_of(secret)}
    return [where for where, said in places if any(form in said for form in forms)]


def forms_of(secret: str) -> set[bytes]:
    plain = secret.encode()
    return {plain, quote(secret, safe="").encode(), base64.b64encode(plain).rstrip(b"=")}


def _is_one_of(secrets: Iterable[bytes], held: bytes) -> bool:
    """Whether a file holds nothing but a secret, or an address that ends in one."""
    return any(held.endswith(secret) and not re.search(rb"\s", held.removesuffix(secret)) for secret in secrets)


def of_the_server() -> list[str]:
    """The password of the PostgreSQL server that tests use."""
    url = os.environ.get("PEDIGREED_TEST_POSTGRESQL")
    password = make_url(url).password if url else None
    return [password] if password else []


def in_files(folder: Path, secrets: Iterable[str]) -> list[Place]:
    """Every file, but for those that hold secrets on purpose."""
    own = [secret.encode() for secret in secrets]
    searched = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and not _may_hold_secrets(path, folder)
    ]
    held = [(str(path.relative_to(folder)), path.read_bytes()) for path in searched]
    return [(where, said) for where, said in held if not _is_one_of(own, said.strip())]


def _may_hold_secrets(path: Path, folder: Path) -> bool:
    """A configuration, a folder of secrets, or a program that a test has written to give one."""
    is_program = path.stat().st_mode & stat.S_IXUSR
    return bool(is_program or path.suffix == ".yaml" or "secrets" in path.relative_to(folder).parts[:-1])


def in_schema(url: str) -> list[Place]:
    """Every text and every bytes of a PostgreSQL schema."""
    direct = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    columns = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea')"
    )
    places = []
    with psycopg.connect(direct) as connection:
        for table, column in connection.execute(columns).fetchall():
            query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
            for (value,) in connection.execute(query):
                if value is not None:
                    places.append((f"{table}.{column}", value if isinstance(value, bytes) else value.encode()))
    return places
