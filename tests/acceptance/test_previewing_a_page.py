"""`pedigreed preview --format html`: the page of a digest, printed or shown in a browser."""

from __future__ import annotations

import stat
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commands import pedigreed, printed
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator

MORNING = "2026-11-21T06:00Z"
CONFIG = """
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{mast}"}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {folder}/mails}}}}}}
subscriptions:
  - {{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose store knows what the archive had."""
    file = tmp_path / "pedigreed.yaml"
    with DemoArchive(archive_at, DAY_1) as recorded:
        file.write_text(CONFIG.format(folder=tmp_path, mast=recorded.url))
        ended = pedigreed("once", "-c", file, "--now", MORNING, environ={"NO_PROXY": "*"})
        assert ended.code == 0, ended
        yield file


def test_the_page_is_that_of_the_mail(config: Path) -> None:
    page = printed("preview", "--format", "html", "-c", config, "--now", MORNING)
    mail = message_from_bytes(printed("preview", "--format", "mail", "-c", config, "--now", MORNING), policy=SMTP)
    body = mail.get_body(("html",))
    assert body is not None
    assert page.decode("ascii") == body.get_content().replace("\r\n", "\n")
    assert page.startswith(b"<!DOCTYPE html>\n")


def test_a_page_is_opened_from_a_file_that_nobody_else_can_read(config: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o700)
    ended = pedigreed(
        *("preview", "--format", "html", "--open", "-c", config, "--now", MORNING),
        environ={"BROWSER": f"{browser} %s", "TMPDIR": str(tmp_path)},
    )
    assert ended.code == 0, ended
    file = Path(ended.out.strip())
    assert opened.read_text() == file.as_uri()
    assert file.parent.parent == tmp_path
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_bytes() == printed("preview", "--format", "html", "-c", config, "--now", MORNING)


def test_without_a_browser_the_file_is_named(config: Path, tmp_path: Path) -> None:
    ended = pedigreed(
        *("preview", "--format", "html", "--open", "-c", config, "--now", MORNING),
        environ={"PATH": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    assert ended.code == 0, ended
    assert Path(ended.out.strip()).name == "jades.html"
    assert "there is no browser here" in ended.err


def test_a_template_is_tried_and_one_that_fails_is_told(config: Path, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    with config.open("a") as file:
        file.write(f"templates: {templates}\n")
    preview = ("preview", "--format", "html", "-c", config, "--now", MORNING)
    (templates / "digest.html").write_text("<p>{{ page.subscription }}</p>\n")
    own = pedigreed(*preview)
    assert (own.out, own.code) == ("<p>jades</p>", 0)
    assert "template" not in own.err
    (templates / "digest.html").write_text("<p>\n{{ page.subscripton }}</p>\n")
    failed = pedigreed(*preview)
    assert failed.code == 0
    assert failed.out.startswith("<!DOCTYPE html>\n")
    assert "jades: your template was not used: line 2: " in failed.err
    assert "has no attribute 'subscripton'" in failed.err
