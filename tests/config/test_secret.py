"""Secrets: where they are read from, what is said when they are not there, and that they never show."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from pedigreed.config.load import parse_config
from pedigreed.config.secret import HOW_TO_REFER, Secret
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANNEL = """\
subscriptions: [{name: a, watch: {programs: [1]}, deliver: [{email: me@obs.example}]}]
channels:
  email:
    from: a@obs.example
    host: smtp.obs.example
    security: tls
    username: bot
    password: PASSWORD
"""


def test_a_credential_is_read_from_the_directory_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("hunter2\n")
    secret = Secret.read({"credential": "smtp"}, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert secret.reveal() == "hunter2"


def test_a_secret_is_read_anew_at_each_use(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    secret = Secret.read({"file": str(file)}, {})
    assert secret.reveal() == "old"
    file.write_text("new\r\n")
    assert secret.reveal() == "new"


def test_only_the_last_line_end_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" two words \n\n")
    assert Secret.read({"file": str(tmp_path / "secret")}, {}).reveal() == " two words \n"


def test_a_variable_is_read_from_the_environment() -> None:
    assert Secret.read({"env": "PASSWORD"}, {"PASSWORD": "hunter2"}).reveal() == "hunter2"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (
            {"file": "/x/secret"},
            "the file '/x/secret' is not there: write the secret into /x/secret, mode 0600",
        ),
        ({"file": "DIRECTORY"}, "the file 'DIRECTORY' can't be read: Is a directory"),
        ({"file": "DIRECTORY/empty"}, "the file 'DIRECTORY/empty' is empty: write the secret into it"),
        (
            {"file": "DIRECTORY/latin"},
            "the file 'DIRECTORY/latin' is not UTF-8 text: write the secret as plain text",
        ),
        (
            {"file": "DIRECTORY/large"},
            "the file 'DIRECTORY/large' is larger than 64 KB: a secret is one line of text",
        ),
        (
            {"file": "DIRECTORY/pipe"},
            "the file 'DIRECTORY/pipe' can't be read: not a regular file",
        ),
        ({"file": "/dev/zero"}, "the file '/dev/zero' can't be read: not a regular file"),
        ({"file": "DIRECTORY/loop"}, "the file 'DIRECTORY/loop' can't be read: Too many levels of symbolic links"),
        (
            {"credential": "smtp"},
            "the credential 'smtp' is not there in DIRECTORY: add LoadCredential=smtp:/PATH to the unit",
        ),
        ({"env": "SMTP"}, "the environment variable SMTP is not set or empty: set it for the service"),
    ],
)
def test_a_secret_that_is_not_there_is_told_with_the_fix(
    tmp_path: Path, reference: dict[str, str], said: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "large").write_text("x" * 70_000)
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    ((kind, name),) = reference.items()
    secret = Secret.read(
        {kind: name.replace("DIRECTORY", str(tmp_path))}, {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    )
    with pytest.raises(ConfigurationInvalid) as refused:
        secret.reveal()
    assert str(refused.value) == said.replace("DIRECTORY", str(tmp_path))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("''", f"an empty secret: {HOW_TO_REFER}"),
        (
            "12345",
            f"a secret is a reference: {HOW_TO_REFER}",
        ),
        (
            "[hunter2]",
            f"a secret is a reference: {HOW_TO_REFER}",
        ),
        (
            "{hunter2: x}",
            f"a secret has one of the keys credential, file, env and keyring: {HOW_TO_REFER}",
        ),
        ("{credential: /etc/x}", "a credential is a name, not a path: write {file: PATH} for a path"),
        ("{file: x}", "the path of a secret's file starts with '/' or '~/': write the whole path"),
        ("{keyring: x}", "an entry of a keyring has a service and a user: write {keyring: SERVICE/USER}"),
        ("{env: $X}", "an environment variable is written by its name alone, on one line, without '$' and '='"),
        (
            "{env: 1}",
            f"'env' needs a name as text: {HOW_TO_REFER}",
        ),
    ],
)
def test_what_is_no_secret_is_refused_without_being_repeated(value: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        parse_config(CHANNEL.replace("PASSWORD", value), "f", {})
    errors = [line for line in str(refused.value).split("\n") if "warning" not in line]
    assert errors == [f"f:8:15: {said}"]
    assert "hunter2" not in str(refused.value)
    assert "12345" not in str(refused.value)


def test_a_secret_written_inline_is_warned_about_and_never_shown() -> None:
    loaded = parse_config(CHANNEL.replace("PASSWORD", "hunter2"), "f", {})
    assert [str(warning) for warning in loaded.warnings] == [
        (
            "f:8:15: warning: a secret in the configuration, open to all who read the file: "
            "write {file: PATH}, {credential: NAME}, {env: NAME} or {keyring: SERVICE/USER}"
        )
    ]
    config = loaded.config
    shown = [repr(loaded), str(config), repr(config), repr(config.channels), config.model_dump_json()]
    assert not [text for text in shown if "hunter2" in text]


def test_a_reference_shows_where_the_secret_is() -> None:
    assert str(Secret.read({"credential": "smtp"}, {})) == "Secret(credential: smtp)"
    assert repr(Secret.read("hunter2", {})) == "Secret(inline)"
    assert "hunter2" not in f"{Secret.read('hunter2', {})!s:>40}"


def unready(password: str, environ: dict[str, str]) -> list[str]:
    loaded = parse_config(CHANNEL.replace("PASSWORD", password), "f", environ)
    return [str(problem) for problem in loaded.unready() if "is an example" not in problem.message]


def test_a_missing_credential_is_an_error_where_the_service_has_credentials(tmp_path: Path) -> None:
    assert unready("{credential: smtp}", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == [
        f"f:8:15: the credential 'smtp' is not there in {tmp_path}: add LoadCredential=smtp:/PATH to the unit"
    ]


def test_a_credential_can_not_be_looked_up_outside_the_service_which_is_a_warning() -> None:
    assert unready("{credential: smtp}", {}) == [
        (
            "f:8:15: warning: the credential 'smtp' can't be looked up, since $CREDENTIALS_DIRECTORY is not set: "
            "systemd sets it for a service with LoadCredential=; elsewhere write {file: PATH}"
        )
    ]


def test_it_is_an_error_for_what_needs_it_and_stops_nothing_else() -> None:
    loaded = parse_config(CHANNEL.replace("PASSWORD", "{credential: smtp}"), "f", {})
    assert loaded.warnings == ()
    loaded.require_secrets("sources")
    for below in ((), ("channels", "email")):
        with pytest.raises(ConfigurationInvalid, match=r"^f:8:15: the credential 'smtp' can't be looked up"):
            loaded.require_secrets(*below)


def test_a_file_may_be_in_the_home_of_who_runs_it(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("hunter2\n")
    assert Secret.read({"file": "~/smtp"}, {"HOME": str(tmp_path)}).reveal() == "hunter2"


class MadeUpKeyring(KeyringBackend):
    """A keyring with one entry, which may be locked."""

    priority = 1
    is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("Failed to unlock the collection!")
        return "hunter2" if (service, username) == ("mail/obs", "bot") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def made_up_keyring() -> Iterator[MadeUpKeyring]:
    before = keyring.get_keyring()
    made = MadeUpKeyring()  # type: ignore[no-untyped-call]  # the library has no types
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.mark.process  # the library looks for the keyrings of other systems with them
@pytest.mark.usefixtures("made_up_keyring")
def test_a_secret_may_be_in_the_keyring() -> None:
    assert Secret.read({"keyring": "mail/obs/bot"}, {}).reveal() == "hunter2"
    with pytest.raises(ConfigurationInvalid, match="run `keyring set mail/obs me`"):
        Secret.read({"keyring": "mail/obs/me"}, {}).reveal()


@pytest.mark.process
def test_a_keyring_that_is_locked_or_missing_is_told(made_up_keyring: MadeUpKeyring) -> None:
    made_up_keyring.is_locked = True
    assert unready("{keyring: mail/obs/bot}", {}) == [
        (
            "f:8:15: the keyring can't be asked for 'mail/obs/bot': Failed to unlock the collection!: "
            "without a desktop, write {file: PATH}"
        )
    ]
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # as above
    assert unready("{keyring: mail/obs/bot}", {}) == [
        "f:8:15: there is no keyring here to ask for 'mail/obs/bot': write {file: PATH}"
    ]


def test_the_environment_of_the_caller_is_the_one_that_is_read() -> None:
    text = CHANNEL.replace("PASSWORD", "{env: SMTP_PASSWORD}")
    config = parse_config(text, "f", {"SMTP_PASSWORD": "hunter2"}).config
    password = dict(config.channels["email"])["password"]
    assert isinstance(password, Secret)
    assert password.reveal() == "hunter2"


def test_secrets_are_equal_by_where_they_are() -> None:
    one = Secret.read({"env": "A"}, {"A": "1"})
    assert one == dataclasses.replace(one, environ={"A": "2"})
    assert one != Secret.read({"env": "B"}, {"A": "1"})
