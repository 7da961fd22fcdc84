"""A secret that is not there stops what needs it, before any work, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from commands import in_process, pedigreed
from fits_files import write_product

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
store: sqlite:///FOLDER/store/pedigreed.db
sources:
  mast: {url: "http://127.0.0.1:1", token: {file: FOLDER/mast}}
  crds: {url: none}
channels:
  email: {from: a@obs.test, host: 127.0.0.1, port: 1, security: tls, username: bot, password: {credential: smtp}}
  team: {slack: {webhook: {env: NO_SUCH_VARIABLE}}}
  keep: {folder: {path: FOLDER/mails}}
subscriptions:
  - {name: jades, watch: {programs: [1180]}, local: [FOLDER], deliver: [{email: me@obs.test}, {channel: team}]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    return file


NOTHING_YET = "nothing was watched yet: `pedigreed once` looks for the first time\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("status",), ""),
        (("almanac",), ""),
        (("history",), ""),
        (("notices", "list"), ""),
        pytest.param(("local", "--cached"), NOTHING_YET, marks=pytest.mark.process),
        (("preview",), NOTHING_YET),
        (("mute",), ""),
        (("deliveries", "list"), ""),
        (("send-test", "keep"), ""),
    ],
)
def test_what_sends_and_asks_nothing_needs_none(config: Path, command: tuple[str, ...], said: str) -> None:
    ended = in_process(*command, "-c", config)
    assert (ended.code, ended.err) == (0, said)


@pytest.mark.process
def test_local_asks_for_what_is_public_without_a_secret(config: Path, tmp_path: Path) -> None:
    write_product(tmp_path / "jw01180007001_02101_00001_nrca1_cal.fits", "1.20.2", "jwst_1464.pmap", None)
    ended = in_process("local", "-c", config)
    assert ended.code == 69
    assert "the archive's answer is not complete" in ended.err


@pytest.mark.process
@pytest.mark.parametrize("command", ["once", "run"])
def test_every_one_that_is_missing_is_told_before_any_work(config: Path, tmp_path: Path, command: str) -> None:
    ended = pedigreed(command, "-c", config)
    assert ended.code == 78
    mast, password, hook = ended.err.removeprefix("pedigreed: ").splitlines()
    assert mast == (
        f"{config}:3:44: the file '{tmp_path}/mast' is not there: write the secret into {tmp_path}/mast, mode 0600"
    )
    assert password == (
        f"{config}:6:95: the credential 'smtp' can't be looked up, since $CREDENTIALS_DIRECTORY is not set: "
        "systemd sets it for a service with LoadCredential=; elsewhere write {file: PATH}"
    )
    assert hook == (
        f"{config}:7:27: the environment variable NO_SUCH_VARIABLE is not set or empty: set it for the service"
    )
    assert list(tmp_path.iterdir()) == [config]


def test_a_test_message_needs_those_of_its_channel_alone(config: Path) -> None:
    ended = in_process("send-test", "team", "-c", config)
    assert (ended.code, ended.err.count("\n")) == (78, 1)
    assert ended.err.startswith(f"pedigreed: {config}:7:27: the environment variable NO_SUCH_VARIABLE")
