"""The store's URL: its default, its forms, and that its password stays hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.config.address import StoreUrl, normalise
from pedigreed.config.load import parse_config
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/o"}, "/home/o/.local/state/pedigreed/pedigreed.db"),
        ({"HOME": "/home/o", "XDG_STATE_HOME": "/s"}, "/s/pedigreed/pedigreed.db"),
        ({"HOME": "/home/o", "XDG_STATE_HOME": "relative"}, "/home/o/.local/state/pedigreed/pedigreed.db"),
        ({"HOME": "/home/o", "XDG_STATE_HOME": "/s", "STATE_DIRECTORY": "/var/lib/p"}, "/var/lib/p/pedigreed.db"),
        ({"STATE_DIRECTORY": "/var/lib/p:/var/lib/q"}, "/var/lib/p/pedigreed.db"),
    ],
)
def test_the_default_is_a_file_in_the_state_directory(
    monkeypatch: pytest.MonkeyPatch, valid: str, environ: dict[str, str], path: str
) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    store = parse_config(valid, "f", environ).config.store
    assert store.reveal() == f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("sqlite:////var/lib/p.db", "sqlite:////var/lib/p.db"),
        ("postgresql://p@db.example/p", "postgresql+psycopg://p@db.example/p"),
        ("postgresql+psycopg://p@db.example/p", "postgresql+psycopg://p@db.example/p"),
        ("postgresql:///p?host=/run/postgresql", "postgresql+psycopg:///p?host=/run/postgresql"),
    ],
)
def test_a_url_gets_the_driver_that_is_used(written: str, used: str) -> None:
    assert normalise(written) == used


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (
            "/var/lib/p.db",
            "the store is a URL: write sqlite:////PATH/pedigreed.db or postgresql://USER@HOST/DATABASE",
        ),
        (
            "mysql://bot:hunter2@h/d",
            "the store is SQLite or PostgreSQL: write sqlite:////PATH/pedigreed.db or postgresql://USER@HOST/DATABASE",
        ),
        ("postgres://bot:hunter2@h/d", "the store's URL starts with postgresql://, not postgres://"),
        ("postgresql://", "the store's URL ends too early: write postgresql://USER@HOST/DATABASE"),
        ("sqlite://var/p.db", "an absolute path has four slashes: write sqlite:////PATH/pedigreed.db"),
        (
            "sqlite:///p.db",
            (
                "a relative path depends on where the daemon was started: write the whole path, "
                "with four slashes, as in sqlite:////PATH/pedigreed.db"
            ),
        ),
        ("sqlite://", "an SQLite store in memory forgets all: write sqlite:////PATH/pedigreed.db"),
        (
            "'sqlite:///:memory:'",
            "an SQLite store in memory forgets all: write sqlite:////PATH/pedigreed.db",
        ),
    ],
)
def test_what_is_no_store_is_refused_without_its_password(valid: str, store: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        parse_config(f"store: {store}\n{valid}", "f", {})
    errors = [line for line in str(refused.value).split("\n") if "warning" not in line]
    assert errors == [f"f:1:8: {said}"]
    assert "hunter2" not in str(refused.value)


def test_a_password_in_the_url_is_warned_about_and_hidden(valid: str) -> None:
    loaded = parse_config(f"store: postgresql://bot:hunter2@db.example/p\n{valid}", "f", {})
    (warning,) = loaded.warnings
    assert str(warning).startswith("f:1:8: warning: a password in the store's URL, ")
    assert loaded.config.store.reveal() == "postgresql+psycopg://bot:hunter2@db.example/p"
    assert "hunter2" not in f"{loaded.config.store} {loaded.config!r} {loaded.config.model_dump_json()}"


def test_the_url_may_be_a_secret(valid: str, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("postgresql://bot:hunter2@db.example/p\n")
    loaded = parse_config(f"store: {{file: {tmp_path / 'store'}}}\n{valid}", "f", {})
    assert loaded.warnings == ()
    assert loaded.config.store.reveal() == "postgresql+psycopg://bot:hunter2@db.example/p"
    assert str(loaded.config.store) == f"Secret(file: {tmp_path / 'store'})"


def test_a_secret_that_is_no_url_of_a_store_is_told_where_it_is_named(valid: str, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hunter2")
    loaded = parse_config(f"store: {{file: {tmp_path / 'store'}}}\n{valid}", "f", {})
    with pytest.raises(ConfigurationInvalid) as refused:
        loaded.require_secrets("store")
    assert str(refused.value).startswith("f:1:8: the store is a URL: ")
    assert "hunter2" not in str(refused.value)


def test_a_store_of_sqlite_shows_its_file() -> None:
    assert str(StoreUrl.of("sqlite:////var/lib/p.db")) == "sqlite:////var/lib/p.db"
    assert str(StoreUrl.of("postgresql://bot:hunter2@db.example/p")) == "postgresql://..."
