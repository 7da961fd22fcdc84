"""The search for secrets finds them: without that, that it finds none says nothing."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from leaks import in_files, in_schema, leaks

SECRET = "a secret of this test alone"
CONFTEST = "from leaks import *\n"
LEAKING = {
    "prints it": "def test_it(keep_secret):\n    print('is ' + keep_secret(SECRET) + ' here')\n",
    "logs it": (
        "import logging\ndef test_it(keep_secret):\n    logging.warning('is %s here', keep_secret(SECRET))\n"
    ),
    "writes it": (
        "def test_it(keep_secret, tmp_path):\n"
        "    (tmp_path / 'log').write_text(f'{keep_secret(SECRET)} is here')\n"
    ),
    "runs what prints it": (
        "from commands import pedigreed\n"
        "def test_it(keep_secret):\n    pedigreed('check', keep_secret(SECRET) + ' is here')\n"
    ),
}
SILENT = "def test_it(keep_secret, tmp_path):\n    (tmp_path / 'own').write_text(keep_secret(SECRET))\n"


def run(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """A test in a run of its own."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(f"SECRET = {SECRET!r}\n{test}")
    support = Path(__file__).parents[1] / "support"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", str(folder)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")])},
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("how", LEAKING)
def test_a_test_whose_secret_gets_out_fails(tmp_path: Path, how: str) -> None:
    done = run(tmp_path, LEAKING[how])
    assert "1 passed, 1 error" in done.stdout, done.stdout


def test_a_test_that_keeps_its_secret_passes(tmp_path: Path) -> None:
    done = run(tmp_path, SILENT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "form",
    [SECRET.encode(), SECRET.replace(" ", "%20").encode(), base64.b64encode(SECRET.encode())],
    ids=["as it is", "in an address", "in a login"],
)
def test_a_secret_is_found_in_each_form_and_not_repeated(tmp_path: Path, form: bytes) -> None:
    (tmp_path / "pedigreed.db").write_bytes(b"\0\1" + form + b" and more")
    assert leaks([SECRET], in_files(tmp_path, [SECRET])) == ["pedigreed.db"]


def test_a_secret_is_found_in_a_schema(postgresql_url: str) -> None:
    direct = make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(direct, autocommit=True) as connection:
        connection.execute("CREATE TABLE held (said text, content bytea, number integer)")
        connection.execute("INSERT INTO held VALUES (%s, %s, 1)", (f"{SECRET} is here", b"nothing"))
        connection.execute("INSERT INTO held VALUES (NULL, %s, 2)", (f"{SECRET} is here".encode(),))
    assert leaks([SECRET], in_schema(postgresql_url)) == ["held.said", "held.content"]


def test_the_files_that_hold_secrets_on_purpose_are_no_leak(tmp_path: Path) -> None:
    (tmp_path / "pedigreed.yaml").write_text(f"token: {SECRET}\nmore: 1\n")
    (tmp_path / "slack").write_text(f"https://hooks.obs.example/{SECRET}\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "all").write_text(f"{SECRET}\nand more\n")
    assert leaks([SECRET], in_files(tmp_path, [SECRET])) == []
