"""The commands as a user types them, against the recorded archive."""

from __future__ import annotations

import csv
import json
import re
import time
from typing import TYPE_CHECKING

import pytest
import typer.main

import archive_faults
import faults
from bulk_rows import bulk_rows
from commands import Ended, in_process, killed, pedigreed
from misbehaving import FaultyArchive, is_page
from pedigreed.cli import completion
from pedigreed.cli.app import app
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "hunter2-and-more"  # it is looked for in every output


@pytest.fixture
def recorded() -> Iterator[FaultyArchive]:
    with FaultyArchive(archive_at, DAY_2) as archive:
        yield archive


@pytest.fixture
def config(tmp_path: Path, recorded: FaultyArchive) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
store: sqlite:///{tmp_path}/store/pedigreed.db
sources: {{mast: {{url: "{recorded.url}", sweep: 1d, token: {SECRET}}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180, 9990], instruments: [nircam]}}
    digest: {{at: "06:00"}}
    deliver: [{{channel: keep}}]
""")
    return file


def once(config: Path, now: str, *options: str) -> Ended:
    return pedigreed("once", "--config", config, "--now", now, *options)


# check


def test_check_prints_the_pedigree_of_programs(recorded: FaultyArchive) -> None:
    ended = pedigreed("check", "1180", "1345:22", "--mast", recorded.url)
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert "1180 \u00b7 Demonstration program 1180, target DEMO-1180: 112 products\n" in ended.out
    assert "NIRCam" in ended.out
    assert "B12.3.1" in ended.out
    assert "1345:22 \u00b7 Demonstration program 1345, target DEMO-1345: 1 product\n" in ended.out
    assert "uncalibrated" in ended.out


def test_check_says_which_program_the_archive_does_not_know(recorded: FaultyArchive) -> None:
    ended = pedigreed("check", "9990", "-i", "miri", "--mast", recorded.url)
    assert ended.code == 0
    assert "9990: MAST has no data of this program" in ended.out


def test_check_as_json_has_the_documented_shape(recorded: FaultyArchive) -> None:
    ended = pedigreed("check", "1345:1", "-i", "miri", "--products", "--json", "--mast", recorded.url)
    (program,) = json.loads(ended.out)["programs"]
    assert program["program"] == 1345
    assert program["observations"] == [1]
    assert program["has_data"] is True
    assert sum(row["products"] for row in program["pedigrees"]) == len(program["products"]) > 0
    assert {row["cal_ver"] for row in program["pedigrees"]} == {row["cal_ver"] for row in program["products"]}


def test_check_says_what_it_can_not_tell_without_a_column(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NullValues(("cal_ver",)), times=None, when=is_page)
    done = pedigreed("check", "1180", "--mast", recorded.url)
    assert done.code == 0
    assert "no CAL_VER" in done.out
    assert "uncalibrated" not in done.out
    assert "NIRCam: no values in cal_ver, so it can't be told which pipeline version made a product" in done.err


def test_check_of_an_archive_that_does_not_add_up_exits_69(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.TruncatedPage(2), times=None, when=is_page)
    ended = pedigreed("check", "1180", "-i", "nircam", "--mast", recorded.url)
    assert ended.code == 69
    assert "1180: at least 110 products" in ended.out
    assert "the answer is not complete" in ended.err
    assert "110 rows came, and the service counts 112" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chekc", "1345"), "chekc"),
        (("once", "--now", "soon"), "--now 'soon' is no moment"),
    ],
)
def test_a_wrong_call_exits_64_and_says_what_is_right(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    ended = pedigreed(*arguments, cwd=tmp_path)
    assert ended.code == 64
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_without_a_configuration_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = in_process("status", environ={"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert ended.code == 64
    assert "no configuration: give --config FILE" in ended.err


# A subscription's life


def test_once_asks_compares_tells_and_delivers(config: Path, recorded: FaultyArchive, tmp_path: Path) -> None:
    recorded.now = DAY_1
    first = once(config, "2026-11-21T06:00Z")
    assert first.code == 0, first.err
    assert "jades: [pedigreed] jades: now watching 2 programs" in first.out
    assert "MAST has no data of program 9990; it is watched all the same" in first.out
    assert "sent to keep" in first.out
    recorded.now = DAY_2
    second = once(config, "2026-11-22T06:00Z", "--json")
    assert second.code == 0, second.err
    document = json.loads(second.out)
    (answer,) = document["answers"]
    assert answer["is_complete"] is True
    assert answer["rows"] == 112
    (period,) = document["periods"]
    assert period["subject"].startswith("[pedigreed] jades: 66 reprocessed (2.0.1, jwst_1535)")
    assert period["unknown_programs"] == [9990]
    (delivery,) = document["deliveries"]
    assert (delivery["state"], delivery["recipient"]) == ("sent", None)
    again = once(config, "2026-11-22T06:00Z", "--json")
    assert json.loads(again.out)["periods"] == []
    assert len(list((tmp_path / "mails").iterdir())) == 2


def test_status_history_and_preview_read_the_store_alone(config: Path, recorded: FaultyArchive) -> None:
    recorded.now = DAY_1
    once(config, "2026-11-21T06:00Z")
    recorded.now = DAY_2
    once(config, "2026-11-22T06:00Z")
    recorded.requests.clear()
    status = pedigreed("status", "-c", config, "--now", "2026-11-22T07:00Z", "--json")
    document = json.loads(status.out)
    (subscription,) = document["subscriptions"]
    assert subscription["programs_checked"] == 2
    assert subscription["programs_without_data"] == [9990]
    assert subscription["next_due"] == "2026-11-23T06:00:00.000Z"
    assert document["outbox"] == {"sent": 2}
    table = pedigreed("status", "-c", config, "--now", "2026-11-22T07:00Z")
    assert "2 of 2 checked, 1 without data" in table.out
    history = pedigreed("history", "1180", "-c", config, "--json", "--limit", "200")
    changes = json.loads(history.out)["changes"]
    assert len(changes) == 110
    reprocessed = next(change for change in changes if change["kind"] == "reprocessed")
    assert reprocessed["before"]["cal_ver"] == "1.20.2"
    assert reprocessed["after"]["crds_ctx"] == "jwst_1535.pmap"
    of_file = pedigreed("history", reprocessed["filename"], "-c", config)
    assert "1.20.2 -> 2.0.1" in of_file.out
    preview = pedigreed("preview", "jades", "-c", config, "--now", "2026-11-22T08:00Z")
    assert preview.code == 0, preview.err
    assert "nothing would be sent" in preview.err
    assert preview.out.startswith("Subject: [pedigreed] jades: nothing new\n")
    assert recorded.requests == []


def test_before_the_first_cycle_there_is_nothing_to_see(config: Path, tmp_path: Path) -> None:
    for verb in ("status", "history", "preview"):
        ended = pedigreed(verb, "-c", config)
        assert ended.code == 0, ended.err
    assert not (tmp_path / "store").exists(), "looking makes nothing"


def test_preview_is_what_once_sends(config: Path, recorded: FaultyArchive, tmp_path: Path) -> None:
    recorded.now = DAY_1
    once(config, "2026-11-21T07:00Z")
    recorded.now = DAY_2
    once(config, "2026-11-22T05:00Z")
    preview = pedigreed("preview", "-c", config, "--now", "2026-11-22T06:00Z", "--format", "mail")
    sent = once(config, "2026-11-22T06:00Z")
    assert sent.code == 0, sent.err
    (mail,) = list((tmp_path / "mails").glob("2026-11-22-*/message.eml"))
    # Sending asked the archive once more, and says so.
    expected = preview.out.replace("last complete answer 05:00Z", "last complete answer 06:00Z")
    assert mail.read_bytes().replace(b"\r\n", b"\n").decode() == expected


def test_an_archive_that_does_not_answer_exits_69_after_everything_else(
    config: Path, recorded: FaultyArchive
) -> None:
    recorded.misbehave(archive_faults.ErrorReply("Invalid object name"), times=None)
    ended = once(config, "2026-11-21T06:00Z")
    assert ended.code == 69
    assert "not everything was answered" in ended.err
    assert "Invalid object name" in ended.err
    assert "sent to keep" in ended.out


def test_from_cron_it_prints_what_is_to_be_read_and_nothing_else(config: Path, recorded: FaultyArchive) -> None:
    text = (
        config.read_text()
        .replace("channels:", "channels: {screen: stdout}\n#")
        .replace(f", token: {SECRET}", "")
        .replace("channel: keep", "channel: screen")
    )
    config.write_text(text)
    recorded.now = DAY_1
    first = once(config, "2026-11-21T06:00Z", "--quiet")
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("[pedigreed] jades: now watching 2 programs\n\n")
    assert "asked MAST" not in first.out
    again = once(config, "2026-11-21T06:30Z", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")
    recorded.misbehave(archive_faults.ErrorReply("Invalid object name"), times=None)
    failed = once(config, "2026-11-22T06:00Z", "--quiet")
    assert failed.code == 69
    assert failed.err.startswith("pedigreed: not everything was answered\n")


def test_a_bad_configuration_exits_78_with_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("subscritions: []\ntimezone: Mars/Olympus\n")
    ended = pedigreed("once", "--config", file)
    assert ended.code == 78
    assert f"{file}:1:1: " in ended.err
    assert f"{file}:2:11: " in ended.err


def test_no_secret_is_in_any_output_or_in_the_store(config: Path, recorded: FaultyArchive, tmp_path: Path) -> None:
    outputs = [once(config, "2026-11-21T06:00Z"), once(config, "2026-11-22T06:00Z", "--json")]
    recorded.misbehave(faults.GatewayTimeout(), times=None)
    recorded.misbehave(archive_faults.ErrorReply("Invalid token"), times=None)
    outputs += [
        once(config, "2026-11-23T06:00Z"),
        pedigreed("status", "-c", config),
        pedigreed("preview", "-c", config),
    ]
    assert SECRET in config.read_text()
    assert all(SECRET not in ended.out + ended.err for ended in outputs)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != config]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_a_cycle_that_is_killed_anywhere_loses_and_repeats_nothing(
    config: Path, recorded: FaultyArchive, tmp_path: Path
) -> None:
    recorded.now = DAY_1
    began = time.monotonic()
    assert once(config, "2026-11-21T06:00Z").code == 0
    whole = time.monotonic() - began
    recorded.now = DAY_2
    for part in range(4, 13):
        killed("once", "--config", config, "--now", "2026-11-22T06:00Z", after=whole * part / 12)
    assert once(config, "2026-11-22T06:30Z").code == 0, "what a killed process was sending is taken up again"
    mails = sorted(path.name for path in (tmp_path / "mails").iterdir() if not path.name.startswith("."))
    assert len(mails) == 2, mails
    (table,) = (tmp_path / "mails").glob("2026-11-22-*/*.csv")
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len({row["filename"] for row in rows}) == 66


# demo


def test_the_demo_tells_three_days_and_keeps_the_mails(tmp_path: Path) -> None:
    ended = pedigreed("demo", "--folder", tmp_path / "demo")
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert ended.out.count("---- day ") == 3
    assert ended.out.count("Subject: [pedigreed] deep-fields:") == 3
    for word in (
        "NOW WATCHING",
        "REPROCESSED",
        "NEW",
        "PUBLIC",
        "FIRST DATA",
        "REGRESSED",
        "WITHDRAWN",
        "MARKED STALE",
    ):
        assert word in ended.out
    mails = sorted(path.parent.name for path in (tmp_path / "demo" / "mails").glob("*/message.eml"))
    assert len(mails) == 6
    assert str(tmp_path / "demo" / "mails") in ended.out
    again = pedigreed("demo", "--folder", tmp_path / "demo")
    assert again.code == 64
    assert "is not empty" in again.err


def test_help_names_every_verb_and_version_is_one_line() -> None:
    ended = pedigreed("--help")
    assert ended.code == 0
    for verb in (
        "check",
        "watch",
        "unwatch",
        "once",
        "preview",
        "status",
        "history",
        "deliveries",
        "mute",
        "send-test",
        "config",
        "demo",
    ):
        assert verb in ended.out
    version = pedigreed("--version")
    assert version.out.startswith("pedigreed ")
    assert version.out.count("\n") == 1


# config check --online


def test_config_check_online_says_which_program_the_archive_does_not_know(config: Path) -> None:
    ended = pedigreed("config", "check", "--online", config)
    assert ended.code == 0, ended.err
    assert f"{config}:7:30: warning: MAST has no data of program 9990 yet" in ended.err
    assert "1180" not in ended.err


def test_config_check_online_without_an_archive_exits_69(config: Path, recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.ErrorReply("Invalid object name"), times=None)
    ended = pedigreed("config", "check", "--online", config)
    assert ended.code == 69
    assert "Invalid object name" in ended.err


def test_a_dry_run_asks_and_sends_nothing_and_keeps_nothing(config: Path, tmp_path: Path) -> None:
    ended = once(config, "2026-11-22T06:00Z", "--dry-run")
    assert ended.code == 0, ended.err
    assert "jades: " in ended.out
    assert "  would go to keep\n" in ended.out
    assert ended.out.endswith("a dry run: nothing was sent, and nothing is kept\n")
    assert [path.name for path in tmp_path.iterdir()] == ["pedigreed.yaml"]
    assert once(config, "2026-11-22T06:00Z").code == 0
    shell = typer.Context(typer.main.get_command(app))
    shell.params["config"] = config
    assert completion.deliveries(shell, "") == ["1"]
    before = (tmp_path / "store" / "pedigreed.db").read_bytes()
    assert "nothing to tell" in once(config, "2026-11-23T06:00Z", "--dry-run").out
    assert (tmp_path / "store" / "pedigreed.db").read_bytes() == before


def test_times_are_in_the_zone_of_the_configuration_and_say_so(config: Path) -> None:
    config.write_text("timezone: Europe/Madrid\n" + config.read_text())
    assert once(config, "2026-11-22T06:00Z").code == 0
    shown = pedigreed("status", "-c", config, "--now", "2026-11-22T06:01Z").out
    assert "2026-11-22 07:00 CET" in shown
    assert not re.search(r"\d\d:\d\dZ", shown)


def test_what_could_not_be_asked_is_not_known_and_one_outage_is_said_once() -> None:
    ended = pedigreed("check", "1180", "--mast", "http://127.0.0.1:1")
    assert ended.code == 69
    assert ended.out == "1180: not known, since MAST did not answer\n"
    waiting, failed = ended.err.split("\n", 1)
    assert re.fullmatch(r"MAST did not answer: connection refused; trying again in \d s", waiting)
    assert failed == (
        "pedigreed: the answer is not complete\n  MAST did not answer: connection refused (all 5 instruments)\n"
    )
    said = pedigreed("check", "1180", "--mast", "mast.stsci.edu").err
    assert said == "pedigreed: --mast: 'mast.stsci.edu' is no web address: write https://HOST/PATH\n"


def test_preview_prints_a_list_that_the_mail_has_packed(tmp_path: Path) -> None:
    rows = [{**row, "instrume": "NIRCAM"} for row in bulk_rows(1180, Instrument.NIRCAM, 6000)]
    with FaultyArchive(always(rows), DAY_1) as large:
        file = tmp_path / "pedigreed.yaml"
        file.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "{large.url}", sweep: 1h}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: large
    watch: {{programs: [1180], instruments: [nircam]}}
    digest: {{at: "06:00"}}
    deliver: [{{channel: keep}}]
""")
        assert once(file, "2026-11-21T06:00Z").code == 0
        for row in rows:
            row["cal_ver"] = "9.9.9"
        assert once(file, "2026-11-21T22:00Z").code == 0
    shown = pedigreed("preview", "-c", file, "--now", "2026-11-22T06:00Z", "--format", "json")
    assert len(json.loads(shown.out)) == 6000
    text = pedigreed("preview", "-c", file, "--now", "2026-11-22T06:00Z")
    assert ".json.gz" in text.out
