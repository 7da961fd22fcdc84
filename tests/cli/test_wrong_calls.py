"""Whatever is typed wrongly is answered with what is right and exit 64, and nothing is kept or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from commands import in_process
from hooks import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "correct horse battery"
MORNING = "2026-11-22T06:00Z"
CONFIG = """
timezone: Europe/Madrid
store: sqlite:///FOLDER/store/pedigreed.db
sources: {mast: {url: "http://127.0.0.1:1/"}, crds: {url: none}}
operator: {email: ops@obs.example}
channels:
  email: {from: pedigreed@obs.example, host: 127.0.0.1, port: 1, security: plain}
  team: {slack: {webhook: "http://127.0.0.1:1PATH"}}
  feed: {webhook: {url: "http://127.0.0.1:1PATH", secret: KEY}}
  keep: {folder: {path: "FOLDER/mails"}}
  other: {folder: {path: "FOLDER/other"}}
subscriptions:
  - name: jades
    watch: {programs: [1180]}
    deliver:
      [{email: [a@x.example, b@x.example]}, {channel: team}, {channel: feed}, {channel: keep}]
  - name: ceers
    watch: {programs: [1345]}
    deliver: [{channel: other}, {channel: keep}]
""".replace("PATH", PATH).replace("KEY", KEY)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration beside which nothing is kept."""
    file = tmp_path / "pedigreed.yaml"
    file.write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    yield file
    assert list(tmp_path.iterdir()) == [file], "nothing was kept"


def said_of(*arguments: str | Path) -> str:
    """What is said of a call that is wrong."""
    ended = in_process(*arguments)
    assert ended.code == 64, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    return ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "jades"), "'jades' is no program: write 1345"),
        (("check", "1345:x"), "'x' is no observation"),
        (("check",), "PROGRAM"),
        (("chekc", "1345"), "chekc"),
    ],
)
def test_programs(arguments: tuple[str, ...], words: str) -> None:
    assert words in said_of(*arguments)


def test_the_history_of_an_observation(config: Path) -> None:
    assert "write 1345" in said_of("history", "1345:2", "-c", config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retry",), "which deliveries?"),
        (("retry", "1", "--given-up"), "which deliveries?"),
        (("retry", "1", "--channel", "feed"), "--channel goes with --given-up"),
        (("cancel",), "NUMBER"),
        (("show", "7"), "there is no delivery yet: `pedigreed once` makes the first ones"),
        (("show", "1", "--raw", "--json"), "leave --json out"),
        (("list", "--state", "lost"), "lost"),
        (("list", "--channel", "fed"), "'fed' is no channel, did you mean 'feed'?"),
        (("list", "--limit", "0"), "greater than or equal to 1"),
    ],
)
def test_deliveries(config: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in said_of("deliveries", *arguments, "--now", MORNING, "-c", config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("jades", "--until", "2026-11-22"),
            "--until 2026-11-22 is 2026-11-22 00:00 CET, which is past: write a date",
        ),
        (("jades", "--until", "2026-11-22T06:00Z"), "which is past"),
        (("jades", "--until", "tomorrow"), "--until 'tomorrow' is no moment: write a date such as 2026-12-01"),
        (("jades", "--until", "9999-12-31T23:00-12:00"), "is no moment"),
        (("jades", "--until", "3 days"), "'3 days' is no duration, write 3d"),
        (("jades", "--until", "3"), "a duration needs its unit: write 3s, 3m, 3h or 3d"),
        (("jades", "--until", "4000d"), "'4000d' is out of range"),
        (("jade", "--until", "3d"), "'jade' is no subscription, did you mean 'jades'?"),
        (("cosmos", "--off"), "'cosmos' is no subscription: write jades or ceers"),
        (("jades",), "how long? Give either --until MOMENT, or --off"),
        (("jades", "--until", "3d", "--off"), "how long?"),
        (("--until", "3d"), "which subscription?"),
        (("--off",), "which subscription?"),
        (("jades", "--off", "--json"), "--json is for the list"),
    ],
)
def test_mute(config: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in said_of("mute", *arguments, "--now", MORNING, "-c", config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("jades", "--to", "other"), "nothing is delivered to 'other': jades delivers to a@x.example, "),
        (("--to", "c@x.example"), "keep; ceers delivers to other, keep"),
        (("--to", "email"), "nothing is delivered to 'email'"),
        (("--to", "keep"), "several subscriptions deliver to keep: name one of jades, ceers"),
        (("jades", "--to", "keep", "--format", "mail"), "leave --format out"),
        (("jade", "--to", "keep"), "there is no subscription 'jade'"),
        (("--open",), "--format html"),
        (("--open", "--format", "text"), "--format html"),
        (("--open", "--to", "keep"), "--format html"),
    ],
)
def test_preview(config: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in said_of("preview", *arguments, "-c", config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("teem",), "'teem' is no channel, did you mean 'team'?"),
        (("zulip",), "'zulip' is no channel: write email, team, feed, keep or other"),
        (("email", "--to", "me"), "'me' is no e-mail address"),
        (("email", "--to", "Me <me@x.example>"), "write me@x.example"),
        (("keep", "--to", "me@x.example"), "the channel 'keep' has one destination: leave --to out"),
        ((), "CHANNEL"),
    ],
)
def test_send_test(config: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in said_of("send-test", *arguments, "-c", config)
