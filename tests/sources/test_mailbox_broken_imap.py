"""A server that hangs, breaks off or talks nonsense costs one reading at most."""

from __future__ import annotations

import base64
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broken_imap import END, SILENCE, BrokenImap, broken_imap
from examples import examples
from pedigreed.config.channels import Security
from pedigreed.config.secret import Secret
from pedigreed.config.sources import ImapMailbox, MailboxSource
from pedigreed.sources.mailbox.imap_connection import ImapLimits
from pedigreed.sources.mailbox.open_mailbox import open_mailbox

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.news_source import Reading

NOT_HANDED_OUT = "1 mail was not handed out, and is asked for again"
NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
PASSWORD = 'se"cret\\ of bot'
PATIENCE = ImapLimits(total=60)
HASTE = ImapLimits(command=0.5, total=60)
"""For a server that keeps its answer to itself."""


def read(
    server: BrokenImap, bookmark: str | None = None, limits: ImapLimits = PATIENCE, **changes: object
) -> Reading:
    said = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": "bot",
        "password": Secret("inline", PASSWORD),
        "security": Security.PLAIN,
    }
    config = MailboxSource(imap=ImapMailbox.model_validate(said | changes))
    return open_mailbox(config, limits=limits).read(bookmark, NOW)


def identities(reading: Reading) -> list[str]:
    return [announcement.identity for announcement in reading.announcements]


def test_sense_is_read() -> None:
    with broken_imap(BrokenImap()) as server:
        reading = read(server)
    assert identities(reading) == ["1@x.example", "2@x.example", "3@x.example"]
    assert reading.is_complete
    assert not reading.warnings


@pytest.mark.parametrize("command", ["GREETING", "CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH"])
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (SILENCE, "127.0.0.1 did not answer in time"),
        (END, "127.0.0.1 has ended the connection"),
        (b"x" * 100, "127.0.0.1 did not answer in time"),
        (b"* 1 FETCH (BODY[] {9999999999}\r\n", "127.0.0.1 sends 9,999,999,999 bytes, more than it was asked for"),
        (b"x" * 25_000_000, "127.0.0.1 sends a line without an end"),
        (b"* x " * 10 + b"\r\n", "127.0.0.1"),
        (b"* BYE too many users\r\n", "127.0.0.1"),
        (b"\xff\xfe\r\n" * 10, "127.0.0.1"),
    ],
    ids=["silence", "end", "half a line", "a flood to come", "a flood", "nonsense", "goodbye", "bytes"],
)
def test_a_connection_that_breaks_is_told(command: str, answer: bytes | None, problem: str) -> None:
    with broken_imap(BrokenImap(answers={command: answer})) as server:
        reading = read(server, "kept", PATIENCE if "sends" in problem else HASTE)
    [told] = reading.problems
    assert told.startswith(problem)
    assert not reading.is_complete
    assert reading.bookmark == "kept"


def test_an_answer_byte_by_byte_has_no_more_time_than_another() -> None:
    with broken_imap(BrokenImap(pause=0.1)) as server:
        [problem] = read(server, limits=HASTE).problems
    assert problem == "127.0.0.1 did not answer in time"


def test_what_there_was_no_time_for_is_read_the_next_time() -> None:
    mails = range(1, 1 + examples(15, at_least=8))
    with broken_imap(BrokenImap(tuple(mails), pause=0.001)) as server:
        reading = read(server, limits=ImapLimits(total=1.5))
        assert reading.problems == ("127.0.0.1 was not done within 1.5 s, and the rest is read the next time",)
        heard = set(identities(reading))
        for _ in range(20):
            reading = read(server, reading.bookmark, limits=ImapLimits(total=1.5))
            heard |= set(identities(reading))
            if reading.is_complete:
                break
    assert heard == {f"{number}@x.example" for number in mails}


def test_endless_lines_are_left() -> None:
    line = b"* OK and so on and so on and so on and so on and so on and so on\r\n"
    with broken_imap(BrokenImap(answers={"EXAMINE": 500_000 * line})) as server:
        [problem] = read(server, limits=PATIENCE).problems
    assert problem == "127.0.0.1 sends more than it was asked for"


def test_a_refusal_that_repeats_the_password_is_told_without_it() -> None:
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    for answer in (PASSWORD, quoted):
        with broken_imap(BrokenImap(answers={"LOGIN": b"<tag> NO not " + answer.encode() + b"\r\n"})) as server:
            [problem] = read(server).problems
        assert problem == "127.0.0.1 refuses the login of bot: not ***"


@pytest.mark.parametrize(
    "answer",
    [
        SILENCE,
        END,
        b"<tag> NO it is broken\r\n",
        b"<tag> BAD what?\r\n",
        b"* 2 FETCH (UID 2 BODY[] NIL)\r\n<tag> OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[] {1000}\r\nand no more\r\n",
        b"* 2 FETCH (UID 2 BODY[] {900000000}\r\n",
        b"nonsense\r\n",
    ],
)
@pytest.mark.parametrize("what", ["UID FETCH 2 (RFC822.SIZE)", "UID FETCH 2 (UID BODY.PEEK[]"])
def test_a_mail_that_breaks_the_server_stops_no_other_and_is_never_passed_over(
    answer: bytes | None, what: str
) -> None:
    with broken_imap(BrokenImap(answers={what: answer})) as server:
        bookmark = None
        heard = set()
        for _ in range(examples(5, at_least=3)):
            server.heard.clear()
            reading = read(server, bookmark, HASTE)
            bookmark = reading.bookmark
            heard |= set(identities(reading))
            assert all("UID 2" in warning for warning in reading.warnings)
            if "2@x.example" not in heard:
                assert reading.problems[-1].startswith(f"{NOT_HANDED_OUT}; UID 2: ")
                assert not reading.is_complete
        assert {"1@x.example", "3@x.example"} <= heard
        assert not any(command.startswith("UID FETCH 1") for command in server.heard)
        server.answers.clear()
        reading = read(server, bookmark, HASTE)
        assert {"2@x.example"} <= heard | set(identities(reading))
        assert reading.is_complete


def test_a_server_that_is_busy_for_a_day_loses_no_mail() -> None:
    server = BrokenImap(tuple(range(1, 40)))
    bookmark = None
    heard = set[str]()
    with broken_imap(server):
        for refused in ("UID FETCH", "UID FETCH", "UID FETCH 1", "UID FETCH 2", "UID FETCH", "UID FETCH 3"):
            server.answers = {refused: b"<tag> NO [UNAVAILABLE] throttled\r\n"}
            for _ in range(5):
                reading = read(server, bookmark)
                bookmark = reading.bookmark
                heard |= set(identities(reading))
                assert reading.is_complete is (heard >= {f"{uid}@x.example" for uid in server.uids})
                assert reading.problems or reading.is_complete
        server.answers = {}
        for _ in range(3):
            reading = read(server, bookmark)
            bookmark = reading.bookmark
            heard |= set(identities(reading))
    assert heard == {f"{uid}@x.example" for uid in server.uids}
    assert reading.is_complete
    assert reading.warnings == ()


def test_what_a_busy_server_did_not_hand_out_is_had_when_it_does() -> None:
    server = BrokenImap((1, 2, 3, 4, 5, 6, 7), answers={"UID FETCH": b"<tag> NO throttled\r\n"})
    with broken_imap(server):
        first = read(server)
        server.answers = {}
        assert len(identities(read(server, first.bookmark))) == 7


def test_where_too_many_mails_are_missing_no_other_is_passed_over() -> None:
    uids = tuple(range(1, 200))
    odd = {f"UID FETCH {uid} ": b"<tag> NO damaged\r\n" for uid in uids if uid % 2}
    bookmark = None
    with broken_imap(BrokenImap(uids, answers=dict(odd))) as server:
        for _ in range(3):
            reading = read(server, bookmark)
            bookmark = reading.bookmark
            assert not reading.is_complete
        server.answers = {}
        heard = set[str]()
        for _ in range(3):
            reading = read(server, bookmark)
            bookmark = reading.bookmark
            heard |= set(identities(reading))
    assert {f"{uid}@x.example" for uid in uids if uid % 2} <= heard
    assert reading.is_complete


def test_numbers_in_several_lines_are_all_read() -> None:
    answer = b"* SEARCH 1 2\r\n* SEARCH 3\r\n* SEARCH\r\n<tag> OK done\r\n"
    with broken_imap(BrokenImap(answers={"UID SEARCH": answer})) as server:
        assert len(identities(read(server))) == 3


def test_a_server_that_does_not_search_is_told() -> None:
    with broken_imap(BrokenImap(answers={"UID SEARCH": b"<tag> NO try later\r\n"})) as server:
        reading = read(server)
    assert reading.problems == ("127.0.0.1 does not say which mails there are: try later",)


def test_a_server_that_wants_to_know_who_asks_is_told_before_a_folder_is_opened() -> None:
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 ID\r\n<tag> OK done\r\n",
        "ID": b"* ID NIL\r\n<tag> OK it is\r\n",
    }
    with broken_imap(BrokenImap(answers=dict(answers))) as server:
        assert read(server).is_complete
    begins = [command.split()[0] for command in server.heard]
    assert begins[:4] == ["CAPABILITY", "LOGIN", "ID", "EXAMINE"]
    assert server.heard[2].startswith('ID ("name" "pedigreed" "version" "')


@pytest.mark.parametrize("answer", [b"<tag> BAD what?\r\n", b"<tag> NO no\r\n"])
def test_a_server_that_does_not_care_who_asks_is_read(answer: bytes) -> None:
    answers = {"CAPABILITY": b"* CAPABILITY IMAP4rev1 ID\r\n<tag> OK done\r\n", "ID": answer}
    with broken_imap(BrokenImap(answers=dict(answers))) as server:
        assert read(server).is_complete


@pytest.mark.parametrize(
    "answer",
    [
        b"* 2 FETCH (UID 2)\r\n<tag> OK done\r\n",
        b"* 2 FETCH (UID 2 RFC822 {5}\r\nhello)\r\n<tag> OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[TEXT] {5}\r\nhello)\r\n<tag> OK done\r\n",
        b"* 2 FETCH (UID 2 BODY[] {0}\r\n)\r\n<tag> OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n<tag> OK done\r\n",
        b"* 1 FETCH (BODY[] {5}\r\nhello UID 1)\r\n<tag> OK done\r\n",
        b"* 2 FETCH (FLAGS (\\Seen))\r\n<tag> OK done\r\n",
        b"<tag> OK done\r\n",
    ],
)
def test_an_answer_without_what_was_asked_for_is_named(answer: bytes) -> None:
    with broken_imap(BrokenImap(answers={"UID FETCH 2 (UID": answer})) as server:
        reading = read(server)
    assert identities(reading) == ["1@x.example", "3@x.example"]
    [problem] = reading.problems
    assert problem.startswith(f"{NOT_HANDED_OUT}; UID 2: the server ")
    [warning] = reading.warnings
    assert warning.startswith("the mail UID 2 could not be fetched, and is asked for again: the server ")


def test_what_is_told_of_other_mails_meanwhile_is_not_taken_for_what_was_asked_for() -> None:
    other = b"* 3 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 RFC822.SIZE 999999999 BODY[] {5}\r\nhello)\r\n"
    fine = b'* 2 FETCH (UID 2 RFC822.SIZE 33 BODY[] "Subject: jwst_1535 UID 1")\r\n<tag> OK done\r\n'
    with broken_imap(BrokenImap(answers={"UID FETCH 2": other + fine})) as server:
        reading = read(server)
    assert "jwst_1535 UID 1" in [announcement.title for announcement in reading.announcements]
    assert (reading.is_complete, reading.warnings) == (True, ())


def test_a_server_that_hands_out_nothing_is_told() -> None:
    server = BrokenImap(tuple(range(1, 100)), answers={"UID FETCH": b"<tag> NO disk failure\r\n"})
    with broken_imap(server):
        reading = read(server)
    assert reading.problems == ("127.0.0.1 hands out no mails: the server says: disk failure",)
    assert len(reading.warnings) == 5
    assert not reading.is_complete


def test_numbers_that_no_mail_can_have_are_none() -> None:
    with broken_imap(BrokenImap((0, 5, 2**32, 10**30))) as server:
        assert identities(read(server)) == ["5@x.example"]


def test_a_mail_that_has_gone_is_no_matter() -> None:
    with broken_imap(BrokenImap(answers={"UID FETCH 2": b"<tag> OK done\r\n"})) as server:
        reading = read(server)
    assert identities(reading) == ["1@x.example", "3@x.example"]
    assert reading.warnings == ()


@pytest.mark.parametrize(("quoted", "read_as"), [(b"", []), (rb"Subject: \"jwst_1535\\", ['"jwst_1535\\'])])
def test_a_mail_may_come_as_a_quoted_text(quoted: bytes, read_as: list[str]) -> None:
    answer = b'* 1 FETCH (UID 1 RFC822.SIZE %d BODY[]<0> "%b")\r\n<tag> OK done\r\n' % (len(quoted), quoted)
    with broken_imap(BrokenImap((1,), answers={"UID FETCH 1": answer})) as server:
        reading = read(server)
    assert [announcement.title for announcement in reading.announcements] == read_as
    assert reading.warnings == ()


def test_nothing_is_said_in_the_clear_where_it_is_to_be_encrypted() -> None:
    with broken_imap(BrokenImap()) as server:
        [problem] = read(server, security=Security.STARTTLS).problems
    assert problem == "127.0.0.1 offers no STARTTLS, and nothing is said to it unencrypted"
    assert not any(command.startswith("LOGIN") for command in server.heard)


def test_what_is_slipped_in_before_encryption_is_refused() -> None:
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n<tag> OK done\r\n",
        "STARTTLS": b"<tag> OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
    }
    with broken_imap(BrokenImap(answers=dict(answers))) as server:
        [problem] = read(server, security=Security.STARTTLS).problems
    assert problem == "127.0.0.1 goes on in the clear after STARTTLS"


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with broken_imap(BrokenImap()) as server:
        [problem] = read(server, security=Security.TLS).problems
    assert problem == "127.0.0.1: it answers without TLS: try security: starttls"


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = BrokenImap(port=listener.getsockname()[1])
    [problem] = read(gone).problems
    assert problem == "127.0.0.1 can't be reached: Connection refused"


@pytest.mark.parametrize("bookmark", ["", "{}", "nonsense", '{"mailbox": 1}', "[" * 10_000])
def test_a_bookmark_that_means_nothing_is_none(bookmark: str) -> None:
    with broken_imap(BrokenImap()) as server:
        assert len(identities(read(server, bookmark))) == 3


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
@given(
    command=st.sampled_from(["GREETING", "CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH 2"]),
    answer=st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                b"\r\n",
                b"* ",
                b"<tag> OK ",
                b"<tag> NO ",
                b"+ ",
                b"{3}\r\n",
                b"FETCH (",
                b"BODY[]",
                b"SEARCH ",
                b"-1 ",
            ]
        ),
        max_size=12,
    ),
)
def test_no_answer_is_too_strange(command: str, answer: list[bytes]) -> None:
    said = b"".join(answer)
    with broken_imap(BrokenImap(answers={command: said + b"\r\n"})) as server:
        reading = read(server, limits=ImapLimits(connect=5, command=0.05, total=1))
    assert reading.problems or reading.is_complete


TOKEN = "ya29.hunter2-hunter2_hunter2~+/=="


@pytest.fixture
def token_command(tmp_path: Path) -> tuple[str, ...]:
    """A program that writes an access token."""
    program = tmp_path / "token"
    program.write_text(f"#!/bin/sh\necho '{TOKEN}'\n")
    program.chmod(0o700)
    return (str(program), "imap")


def offering(*mechanisms: str, refusal: bytes = b"") -> BrokenImap:
    """A server that takes access tokens, or says why it refuses them as providers do."""
    offer = " ".join(f"AUTH={mechanism}" for mechanism in mechanisms)
    capabilities = f"* CAPABILITY IMAP4rev1 {offer}\r\n<tag> OK done\r\n".encode()
    return BrokenImap(answers={"CAPABILITY": capabilities}, refusal=refusal)


@pytest.mark.process
@pytest.mark.parametrize(
    ("offered", "mechanism", "said"),
    [
        (("PLAIN", "XOAUTH2"), "XOAUTH2", f"user=bot,a=b\x01auth=Bearer {TOKEN}\x01\x01"),
        (
            ("OAUTHBEARER",),
            "OAUTHBEARER",
            f"n,a=bot=2Ca=3Db,\x01host=127.0.0.1\x01port=%d\x01auth=Bearer {TOKEN}\x01\x01",
        ),
    ],
)
def test_an_access_token_is_said_instead_of_a_password(
    token_command: tuple[str, ...], offered: tuple[str, ...], mechanism: str, said: str
) -> None:
    with broken_imap(offering(*offered)) as server:
        told = base64.b64encode(said.replace("%d", str(server.port)).encode()).decode()
        reading = read(server, username="bot,a=b", password=None, token_command=token_command)
    assert reading.problems == ()
    assert len(identities(reading)) == 3
    assert server.heard[1] == f"AUTHENTICATE {mechanism}"
    assert server.secrets == [told]


@pytest.mark.process
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_that_is_refused_is_told_with_the_reason_and_without_the_token(
    token_command: tuple[str, ...], mechanism: str
) -> None:
    why = f'{{"status":"401","schemes":"bearer","token":"{TOKEN}"}}'.encode()
    with broken_imap(offering(mechanism, refusal=why)) as server:
        [problem] = read(server, password=None, token_command=token_command).problems
    assert problem.startswith("127.0.0.1 refuses the login of bot: ")
    assert '"status":"401"' in problem
    assert "hunter2" not in problem


@pytest.mark.process
def test_a_server_that_takes_no_token_is_not_told_one(token_command: tuple[str, ...]) -> None:
    with broken_imap(BrokenImap()) as server:
        [problem] = read(server, password=None, token_command=token_command).problems
    assert problem == "127.0.0.1 refuses the login of bot: it takes no access token (XOAUTH2 or OAUTHBEARER)"
    assert not any("AUTHENTICATE" in command for command in server.heard)


@pytest.mark.process
def test_a_command_that_writes_no_token_is_told() -> None:
    with broken_imap(BrokenImap()) as server:
        [problem] = read(server, password=None, token_command=("/bin/false",)).problems
    assert problem == "the token command /bin/false ended with status 1"
    assert server.heard == []
