"""A program that gets each message: what it is given, and what its end says came of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.channels import CommandChannel as CommandSettings
from pedigreed.config.channels import Form
from pedigreed.delivery.channels import open_channels
from pedigreed.delivery.command import CommandChannel, StdoutChannel
from pedigreed.delivery.messages import build_message, form_of
from pedigreed.model.delivery import Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.digest import Attachment, RenderedDigest

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
DIGEST = RenderedDigest(
    "4f" * 16,
    "jades",
    "[pedigreed] jades: 3 new",
    "3 new, as in the attached jades.json\n",
    (Attachment("jades.json", "application/json", b"[]"),),
    document=b'{"counts": {"new": 3}}',
    text_without_files="3 new\n",
)
SOON = timedelta(seconds=30)


def read(settings: Mapping[str, object]) -> CommandSettings:
    return CommandSettings.model_validate(settings)


def message(settings: Mapping[str, object]) -> Message:
    return build_message(DIGEST, read(settings), channel="chat", now=NOW)


def sent_to(script: str, folder: Path, within: timedelta = SOON, content: bytes = b"3 new\n") -> Outcome:
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    sent = Message("id@obs.example", "chat", "", "", "[pedigreed] jades: 3 new", content)
    return asyncio.run(CommandChannel((str(program), "an argument"), within).send(sent))


def test_a_program_gets_subject_and_text_and_nothing_of_files_that_it_does_not_get() -> None:
    built = message({"run": ("/bin/cat",)})
    assert built.content == b"[pedigreed] jades: 3 new\n\n3 new\n"
    assert (built.subject, built.recipient) == (DIGEST.subject, "")


def test_a_program_may_get_the_whole_mail_or_the_document_instead() -> None:
    mail = message_from_bytes(message({"run": ("/bin/cat",), "gives": "mail"}).content)
    assert [part.get_filename() for part in mail.walk() if part.get_filename()] == ["jades.json"]
    assert json.loads(message({"run": ("/bin/cat",), "gives": "json"}).content) == {"counts": {"new": 3}}


def test_sendmail_gets_a_mail_from_and_to_its_recipient() -> None:
    settings = read({"run": "sendmail", "to": "me@obs.example"})
    mail = message_from_bytes(build_message(DIGEST, settings, channel="own", now=NOW).content)
    assert (mail["From"], mail["To"]) == ("pedigreed <me@obs.example>", "me@obs.example")
    assert form_of(settings) is Form.MAIL


@pytest.mark.failure("a program that messages are handed to fails")
@pytest.mark.process
@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("cat >/dev/null; echo kept as 42", Sent("kept as 42")),
        # Who has read enough may stop.
        ("exit 0", Sent("")),
        ("echo not now >&2; exit 75", Retry("PROGRAM ended with status 75: not now")),
        ("echo no such room >&2; exit 67", Refused("PROGRAM ended with status 67: no such room")),
        ("exit 65", Refused("PROGRAM ended with status 65")),
        ("echo Traceback; exit 1", Refused("PROGRAM ended with status 1: Traceback", is_certain=False)),
        ("printf '\\033[2Jwiped\\nmore' >&2; exit 75", Retry("PROGRAM ended with status 75: [2Jwiped")),
        ("kill -9 $$", Unsure("PROGRAM was ended by signal 9")),
    ],
)
def test_how_it_ends_says_what_came_of_it(script: str, outcome: Outcome, tmp_path: Path) -> None:
    came = sent_to(script, tmp_path)
    assert repr(came).replace(str(tmp_path / "program"), "PROGRAM") == repr(outcome)


@pytest.mark.process
def test_it_knows_the_subject_and_the_identity_of_the_message(tmp_path: Path) -> None:
    came = sent_to('echo "$1, $PEDIGREED_MESSAGE_ID, $PEDIGREED_SUBJECT"', tmp_path)
    assert came == Sent("an argument, id@obs.example, [pedigreed] jades: 3 new")


@pytest.mark.process
def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    came = sent_to(f"sleep 600 & echo $! >{tmp_path}/started; wait", tmp_path, timedelta(seconds=1))
    assert isinstance(came, Unsure)
    status = Path(f"/proc/{int((tmp_path / 'started').read_text())}/stat")
    # Whoever adopted it may not have looked at its end yet.
    assert not status.exists() or status.read_text().split()[2] == "Z"


@pytest.mark.process
def test_one_that_writes_without_end_is_read_in_little_memory_until_its_limit(tmp_path: Path) -> None:
    came = sent_to("exec yes", tmp_path, timedelta(seconds=1))
    assert isinstance(came, Unsure)


@pytest.mark.process
def test_a_large_message_reaches_one_that_answers_before_it_has_read(tmp_path: Path) -> None:
    size = 4_000_000
    came = sent_to("head -c 200000 /dev/zero; exec wc -c >&2", tmp_path, content=b"x" * size)
    assert isinstance(came, Sent)


@pytest.mark.process
def test_one_that_is_not_there_holds_the_channel_until_it_is_mended(tmp_path: Path) -> None:
    sent = message({"run": (str(tmp_path / "none"),)})
    came = asyncio.run(CommandChannel((str(tmp_path / "none"),), SOON).send(sent))
    assert came == Retry(f"{tmp_path}/none can't be run: No such file or directory", scope=Scope.CHANNEL_BROKEN)


def test_standard_output_gets_the_text_without_what_moves_a_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    channel = open_channels({"screen": read({"run": "stdout"})})["screen"]
    assert isinstance(channel, StdoutChannel)
    sent = Message("id", "screen", "", "", "s", b"3 new\n\x1b[2J of JADES\n")
    assert asyncio.run(channel.send(sent)) == Sent()
    assert capsys.readouterr().out == "3 new\n[2J of JADES\n\n"
