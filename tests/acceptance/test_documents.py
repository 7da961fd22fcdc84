"""What the documents say is what the program does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commands import pedigreed
from fits_files import write_product
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def indented(text: str, start: str) -> str:
    """The indented block that begins with a line, without its indentation."""
    lines = text[text.index(f"    {start}") :].splitlines()
    block = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        block.append(line[4:])
    return "\n".join(block).rstrip() + "\n"


def keys(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """The shape of a document: its keys, and for a list the keys of all its items together."""
    if isinstance(value, dict):
        return {key: keys(inner) for key, inner in value.items()}
    if isinstance(value, list):
        merged: dict[str, Any] = {}
        for item in value:
            if isinstance(item, dict):
                merged |= {key: shape for key, shape in keys(item).items() if shape or key not in merged}
        return merged
    return {}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("documents") / "demo"
    ended = pedigreed("demo", "--folder", folder)
    assert ended.code == 0, ended.err
    return folder / "pedigreed.yaml", ended.out


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_2) as archive:
        yield archive


def documented(command: str) -> Any:  # noqa: ANN401  # any JSON
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    section = text[text.index(f"## `pedigreed {command} --json`") :]
    return json.loads(indented(section, "{"))


def test_the_tutorial_shows_a_digest_of_the_demo(demo: tuple[Path, str]) -> None:
    shown = indented(TUTORIAL, "Subject: [pedigreed]")
    assert shown in demo[1]


def test_what_the_tutorial_asks_of_the_demo_has_answers(demo: tuple[Path, str]) -> None:
    asked = re.findall(r"^    pedigreed (.+) --config pedigreed-demo/pedigreed.yaml$", TUTORIAL, re.MULTILINE)
    assert len(asked) == 5
    for command in asked:
        ended = pedigreed(*command.split(), "--config", demo[0])
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.count("\n") > 3
    assert list((demo[0].parent / "mails").glob("*/digest.html"))


def test_the_readme_is_a_front_door() -> None:
    assert README.count("\n") < 120


def test_the_demo_tells_of_crds_what_it_did_when_someone_read_it(demo: tuple[Path, str]) -> None:
    """Three deliveries that are put into use together, a build announced and then installed, a list's digest."""
    golden = ROOT / "tests" / "demo" / "golden" / "crds.txt"
    kept = ("---- day", "Subject:", "BUILD ANNOUNCED", "NEW BUILD", "CRDS ")
    told = "\n\n".join(each for each in demo[1].split("\n\n") if each.lstrip("\n").startswith(kept)) + "\n"
    if os.environ.get("PEDIGREED_WRITE_GOLDEN") == "1":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_the_demo_tells_nobody_what_a_program_answered(demo: tuple[Path, str]) -> None:
    answer = (demo[0].parent / "inbox" / "answer.eml").read_text(encoding="utf-8")
    assert "CRDS" in answer
    assert "out of office" in answer
    listed = pedigreed("notices", "list", "--config", demo[0]).out
    assert "Build 12.4" in listed
    assert "out of office" not in demo[1] + listed
    assert "Automatic reply" not in demo[1] + listed


def test_the_readme_names_every_command_and_no_other() -> None:
    listed = set(re.findall(r"^  (\w[\w-]*)  ", pedigreed("--help").out, re.MULTILINE))
    assert listed
    assert set(re.findall(r"^\| `pedigreed (\w[\w-]*)", README, re.MULTILINE)) == listed


def test_check_prints_the_documented_json(recorded: DemoArchive) -> None:
    ended = pedigreed("check", "1345", "--products", "--json", "--mast", recorded.url)
    assert keys(json.loads(ended.out)) == keys(documented("check"))


def test_fetch_prints_the_documented_json(recorded: DemoArchive, tmp_path: Path) -> None:
    checked = pedigreed("check", "1180", "--products", "--json", "--mast", recorded.url)
    products = json.loads(checked.out)["programs"][0]["products"]
    mine = next(product["filename"] for product in products if product["filename"].endswith("cal.fits"))
    write_product(tmp_path / mine, "9.0.0", "jwst_9999.pmap", "2022-07-14T00:00:00.000")
    ended = pedigreed("fetch", "1180", "--to", tmp_path, "--dry-run", "--json", "--mast", recorded.url)
    assert ended.code == 0, ended.err
    assert keys(json.loads(ended.out)) == keys(documented("fetch"))


def test_once_prints_the_documented_json(recorded: DemoArchive, tmp_path: Path) -> None:
    config = tmp_path / "pedigreed.yaml"
    (tmp_path / "heard").mkdir()
    config.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "{recorded.url}"}}, crds: {{url: none}}, mailbox: {{eml: {tmp_path}/heard}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    deliver: [{{channel: keep}}]
    fetch: {{to: {tmp_path}/data, at_most: 1GB}}
""")
    recorded.now = DAY_1
    assert pedigreed("once", "-c", config, "--now", "2026-11-21T06:00Z").code == 0
    recorded.now = DAY_2
    ended = pedigreed("once", "-c", config, "--now", "2026-11-22T06:00Z", "--json")
    assert ended.code == 0, ended.err
    assert keys(json.loads(ended.out)) == keys(documented("once"))


def test_status_prints_the_documented_json(demo: tuple[Path, str]) -> None:
    # A week after the demo nothing was checked lately, so every key has a value.
    ended = pedigreed("status", "-c", demo[0], "--now", "2026-11-30T06:00Z", "--json")
    assert keys(json.loads(ended.out)) == keys(documented("status"))


def test_history_prints_the_documented_json(demo: tuple[Path, str]) -> None:
    assert keys(json.loads(pedigreed("history", "-c", demo[0], "--json").out)) == keys(documented("history"))


def test_almanac_prints_the_documented_json(demo: tuple[Path, str]) -> None:
    assert keys(json.loads(pedigreed("almanac", "-c", demo[0], "--json").out)) == keys(documented("almanac"))


def test_local_prints_the_documented_json(demo: tuple[Path, str], tmp_path: Path) -> None:
    changes = json.loads(pedigreed("history", "-c", demo[0], "--json").out)["changes"]
    watched = next(change["filename"] for change in changes if change["kind"] == "reprocessed")
    other = "jw09999001001_02101_00001_nrcb1_cal.fits"
    for name in (watched, other):
        write_product(tmp_path / name, "1.0.0", "jwst_0900.pmap", "2022-07-14T00:00:00.000")
    (tmp_path / "broken").mkdir()
    os.mkfifo(tmp_path / "broken" / other)
    ended = pedigreed("local", tmp_path, "--cached", "-c", demo[0], "--json")
    assert ended.code == 0, ended.err
    assert keys(json.loads(ended.out)) == keys(documented("local"))


def test_mute_prints_the_documented_json(demo: tuple[Path, str]) -> None:
    assert pedigreed("mute", "miri-team", "--until", "1h", "-c", demo[0]).code == 0
    muted = json.loads(pedigreed("mute", "-c", demo[0], "--json").out)
    assert keys(muted) == keys(documented("mute"))


def test_send_test_prints_the_documented_json(demo: tuple[Path, str]) -> None:
    sent = json.loads(pedigreed("send-test", "mails", "-c", demo[0], "--json").out)
    assert keys(sent) == keys(documented("send-test CHANNEL"))


def test_deliveries_print_the_documented_json(demo: tuple[Path, str]) -> None:
    listed = json.loads(pedigreed("deliveries", "list", "-c", demo[0], "--json").out)
    assert keys(listed) == keys(documented("deliveries list"))
    number = listed["deliveries"][0]["number"]
    shown = json.loads(pedigreed("deliveries", "show", str(number), "-c", demo[0], "--json").out)
    assert shown == listed["deliveries"][0]


@pytest.mark.parametrize(("document", "programs"), [(README, 3), (TUTORIAL, 2)], ids=["README", "tutorial"])
def test_an_example_is_a_valid_configuration(tmp_path: Path, document: str, programs: int) -> None:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(indented(document, "subscriptions:"))
    secret = tmp_path / ".config" / "pedigreed" / "smtp_password"
    secret.parent.mkdir(parents=True)
    secret.touch(0o600)
    secret.write_text("secret")
    ended = pedigreed("config", "check", file, environ={"HOME": str(tmp_path)})
    assert ended.code == 0, ended.err
    assert f"1 subscription, {programs} programs" in ended.out
