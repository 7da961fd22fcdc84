"""What the real program logs: in a pipe, to the journal and on a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archive_faults
from commands import pedigreed
from log_readers import Heard, by_journal, by_pipe, by_terminal
from misbehaving import FaultyArchive, is_page
from pedigreed.demo.scenario import DAY_1, archive_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENT = (Path(__file__).parents[2] / "docs" / "logging.md").read_text(encoding="utf-8")
SECRET = 'hunter2 and "more"'
MORNING = "2026-11-21T06:00Z"
PROGRAM = """
import logging, threading, warnings
import structlog
from pedigreed.config.secret import Secret
from pedigreed.log.setup import set_up_log

set_up_log()
password = Secret("env", "PASSWORD").reveal()
logging.getLogger("httpx").warning("POST https://hooks.slack.com/services/T/B/X with\\n%s", password)
logging.getLogger("httpx").info("not shown")
logging.getLogger("aiosmtplib").error("%d", password)
warnings.warn(f"{password} is deprecated", DeprecationWarning, stacklevel=1)
log = structlog.get_logger()

def log_in(password):
    raise RuntimeError(f"535 {password}\\nrefused")

try:
    log_in(password)
except RuntimeError:
    log.exception("a channel failed")

class Left:
    def __del__(self):
        raise ValueError(password)

Left()
thread = threading.Thread(target=log_in, args=[password])
thread.start()
thread.join()
log_in(password)
"""


@pytest.fixture
def recorded() -> Iterator[FaultyArchive]:
    with FaultyArchive(archive_at, DAY_1) as archive:
        yield archive


@pytest.fixture
def config(tmp_path: Path, recorded: FaultyArchive) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
store: sqlite:///{tmp_path}/store/pedigreed.db
sources: {{mast: {{url: "{recorded.url}", sweep: 1d}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180], instruments: [nircam]}}
    deliver: [{{channel: keep}}]
""")
    return file


def once(heard: Callable[..., Heard], config: Path, *options: str, **environ: str) -> Heard:
    """Run a cycle whose log is asked for: into a pipe, none would be written."""
    if heard is by_pipe and not options and not environ.get("PEDIGREED_LOG_LEVEL"):
        options = ("--log-level", "info")
    return heard("-W", "error", "-m", "pedigreed", "once", "-c", config, "--now", MORNING, *options, **environ)


def events(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


# A cycle


def test_a_cycle_is_told_in_lines_of_json_that_belong_together(config: Path, recorded: FaultyArchive) -> None:
    heard = once(by_pipe, config)
    assert heard.code == 0, heard.err
    told = events(heard.lines)
    assert [event["event"] for event in told] == ["answer", "asked", "period closed", "delivery", "told"]
    answer, asked, closed, delivery, whole = told
    assert answer["run"] == asked["run"] < closed["run"] == delivery["run"] == whole["run"]
    assert closed["digest"] == delivery["digest"]
    assert (closed["subscription"], delivery["channel"], delivery["state"]) == ("jades", "keep", "sent")
    assert delivery["message_id"]
    assert (asked["requests"], asked["rows"], asked["problem"]) == (len(recorded.requests), 112, None)
    assert (whole["digests"], whole["states"]) == (1, {"sent": 1})
    assert all(event["timestamp"].endswith("Z") and event["seconds"] > 0 for event in (asked, whole))


def test_a_whole_run_is_told_with_the_documented_keys(config: Path) -> None:
    with config.open("a") as file:
        file.write(f"    fetch: {{to: {config.parent}/data, at_most: 1GB}}\n")
    told = events(once(by_pipe, config).lines)
    assert {"asked", "told", "fetched"} <= {event["event"] for event in told}
    for event in told:
        (row,) = re.findall(rf"^\| `{event['event']}` \| [^|]+ \| ([^|]+) \|", DOCUMENT, re.MULTILINE)
        assert event.keys() - {"timestamp", "level", "event", "run"} == set(re.findall(r"`(\w+)`", row))


def test_the_journal_gets_priorities_and_keeps_the_time_itself(config: Path, recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.TruncatedPage(2), times=None, when=is_page)
    heard = once(by_journal, config)
    assert heard.code == 69
    told = [line for line in heard.lines if line.startswith("<")]
    assert len(told) > 3
    for line in told:
        prefix, event = line[:3], json.loads(line[3:])
        assert prefix == {"info": "<6>", "warning": "<4>"}[event["level"]]
        assert "timestamp" not in event
    assert {line[:3] for line in told} == {"<6>", "<4>"}


def test_a_journal_that_stderr_does_not_lead_to_is_none(config: Path) -> None:
    heard = once(by_pipe, config, JOURNAL_STREAM="8:12345")
    assert all("timestamp" in event for event in events(heard.lines))


def test_cron_which_gives_a_pipe_gets_no_json_that_it_did_not_ask_for(
    config: Path, recorded: FaultyArchive
) -> None:
    recorded.misbehave(archive_faults.TruncatedPage(2), times=None, when=is_page)
    ended = pedigreed("once", "-c", config, "--now", MORNING)
    assert ended.code == 69
    assert "{" not in ended.err
    assert ended.err.startswith("pedigreed: not everything was answered\n")


def test_a_terminal_shows_warnings_only_and_in_colour(config: Path, recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.TruncatedPage(2), times=None, when=is_page)
    shown = once(by_terminal, config).err
    assert "incomplete answer" in shown
    assert "period closed" not in shown
    assert "\x1b[" in shown
    assert '{"' not in shown


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", {"info", "warning"}),
        ("info", {"info", "warning"}),
        ("warning", {"warning"}),
        ("error", set()),
    ],
)
def test_the_level_is_chosen_by_an_option_or_the_environment(
    config: Path, recorded: FaultyArchive, level: str, shown: set[str]
) -> None:
    recorded.misbehave(archive_faults.TruncatedPage(2), times=None, when=is_page)
    for heard in (
        once(by_pipe, config, "--log-level", level),
        once(by_pipe, config, PEDIGREED_LOG_LEVEL=level),
    ):
        lines = [line for line in heard.lines if line.startswith("{")]
        assert {event["level"] for event in events(lines)} == shown


def test_a_level_that_there_is_not_exits_64(config: Path) -> None:
    ended = pedigreed("once", "-c", config, "--log-level", "loud")
    assert ended.code == 64
    assert "loud" in ended.err


def test_at_debug_the_libraries_tell_more_and_no_statement_of_the_store(config: Path) -> None:
    program = (
        "import logging\nfrom pedigreed.log.event import Level\nfrom pedigreed.log.setup import set_up_log\n"
        "set_up_log(Level(LEVEL))\nlogging.getLogger('x').info('y')"
    )
    (line,) = by_pipe("-c", program.replace("LEVEL", "'debug'")).lines
    assert json.loads(line)["logger"] == "x"
    assert by_pipe("-c", program.replace("LEVEL", "'info'")).lines == []
    heard = once(by_pipe, config, "--log-level", "debug")
    assert heard.code == 0
    assert all("SELECT" not in event["event"] for event in events(heard.lines))


# Secrets, and what others log


@pytest.mark.parametrize("heard_by", [by_pipe, by_journal, by_terminal])
def test_whoever_logs_a_secret_it_is_struck_out(heard_by: Callable[..., Heard]) -> None:
    heard = heard_by("-W", "always::DeprecationWarning", "-c", PROGRAM, PASSWORD=SECRET)
    assert heard.code == 1
    assert "***" in heard.err
    assert SECRET not in heard.err
    assert "hunter2" not in heard.err
    assert "services/T" not in heard.err


@pytest.mark.parametrize("heard_by", [by_pipe, by_journal])
def test_everything_that_anyone_logs_is_one_line_an_event(heard_by: Callable[..., Heard]) -> None:
    heard = heard_by("-W", "always::DeprecationWarning", "-c", PROGRAM, PASSWORD=SECRET)
    told = events([re.sub(r"^<\d>", "", line) for line in heard.lines])
    assert [(event["level"], event.get("logger"), event["event"].split("\n")[0]) for event in told] == [
        ("warning", "httpx", "POST https://hooks.slack.com/services/*** with"),
        ("error", "aiosmtplib", "a record could not be written: TypeError at <string>:11"),
        ("warning", "py.warnings", "<string>:12: DeprecationWarning: *** is deprecated"),
        ("error", None, "a channel failed"),
        ("warning", None, "exception ignored"),
        ("error", None, "a thread failed"),
        ("critical", None, "pedigreed failed"),
    ]
    (stack,) = told[-1]["exception"]
    assert (stack["exc_type"], stack["exc_value"]) == ("RuntimeError", "535 ***\nrefused")
    assert [frame["name"] for frame in stack["frames"]] == ["<module>", "log_in"]


def test_a_reader_that_goes_away_ends_no_work(tmp_path: Path) -> None:
    done = tmp_path / "done"
    program = (
        "import os, structlog; from pathlib import Path; from pedigreed.log.setup import set_up_log\n"
        "read, write = os.pipe(); os.dup2(write, 2); os.close(write); os.close(read); set_up_log()\n"
        "structlog.get_logger().info('nobody reads this')\n"
        f"Path({str(done)!r}).touch()"
    )
    by_pipe("-c", program)
    assert done.exists()
