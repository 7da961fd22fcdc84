"""What is answered when all is not well, and how pages are escaped and kept."""

from __future__ import annotations

import html
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest
from sqlalchemy import insert

from background import in_background
from pedigreed.config.channels import FeedChannel, FolderChannel
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.failure import TryAgain
from pedigreed.model.news_source import SourceState
from pedigreed.service.status import read_status
from pedigreed.store import announcements
from pedigreed.store.tables import digests
from pedigreed.web import http_server
from served_pages import served_pages
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def http(watcher: Watcher) -> Iterator[httpx.Client]:
    """Asks for the pages of a store in which one cycle was run."""
    watcher.holdings.add(1180, 3)
    watcher.cycle(DAY_0)
    with (
        in_background(served_pages(watcher.store, watcher.config, DAY_0)) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


class Broken:
    """A store whose transactions can't be had."""

    def __init__(self, error: Exception | None = None) -> None:
        self.end = threading.Event()
        self._error = error

    def reading(self) -> NoReturn:
        if self._error is None:
            self.end.wait(60)
        raise self._error or TryAgain("too late")


def breaks(watcher: Watcher, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> Broken:
    broken = Broken(error)
    monkeypatch.setattr(watcher.store, "reading", broken.reading)
    return broken


def test_a_store_that_fails_is_told_and_the_reason_is_not(
    http: httpx.Client, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http.get("/healthz").text == "ok\n"
    breaks(watcher, monkeypatch, TryAgain("/var/lib/secret is locked"))
    answers = [http.get(path) for path in ("/healthz", "/", "/programs/1180")]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert "secret" not in "".join(answer.text for answer in answers)
    metrics = http.get("/metrics")
    assert metrics.status_code == 200
    assert "\npedigreed_up 0.0\n" in metrics.text
    assert "pedigreed_runs_total{" not in metrics.text


def test_health_page_and_status_say_the_same_of_overdue_work(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.cycle(DAY_0)
    with (
        in_background(served_pages(watcher.store, watcher.config, DAY_0 + timedelta(days=2))) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        health, page = client.get("/healthz"), client.get("/").text
    with watcher.store.reading() as connection:
        overdue = read_status(connection, watcher.config, DAY_0 + timedelta(days=2)).overdue
    assert health.status_code == 503
    assert health.text == f"overdue: {'; '.join(overdue)}\n"
    assert all(f"<li>overdue: {line}</li>" in page for line in overdue)
    assert "All is well" not in page


def test_the_sources_of_news_are_shown_with_their_troubles_as_text(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.cycle(DAY_0)
    watcher.news = {"crds": {"url": "https://crds.example"}, "mailbox": {"mbox": "/var/mail/p"}}
    with watcher.store.writing() as connection:
        announcements.save_source(connection, SourceState("CRDS", DAY_0, None, 1, "<b>it is down</b>"))
        announcements.save_contexts(connection, ContextsInUse("jwst_1583", None, "jwst_1535", "2.0.1"))
    with (
        in_background(served_pages(watcher.store, watcher.configured({"programs": [1180]}), DAY_0)) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        page = client.get("/").text
    assert "&lt;b&gt;it is down&lt;/b&gt;" in page
    assert "mailbox /var/mail/p" in page
    assert "not read yet" in page
    # CRDS names it for the archive. No product says that it is in use there: the one that is known has another.
    assert "jwst_1583 is the latest context of CRDS, and for the archive it has jwst_1535 (2.0.1)" in page


def test_a_store_that_hangs_holds_nobody_up(
    http: httpx.Client, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("HEALTH_SECONDS", "FIGURES_SECONDS", "PAGE_SECONDS"):
        monkeypatch.setattr(http_server, limit, 0.1)
    broken = breaks(watcher, monkeypatch)
    try:
        for _ in range(3):
            assert http.get("/healthz").status_code == 503
            assert "\npedigreed_up 0.0\n" in http.get("/metrics").text
            assert http.get("/").status_code == 503
        assert threading.active_count() < 12
        assert http.get("/style.css").status_code == 200
    finally:
        broken.end.set()
    monkeypatch.undo()
    assert http.get("/healthz").status_code == 200


def test_an_error_that_nobody_thought_of_is_not_echoed(
    http: httpx.Client, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(watcher, monkeypatch, RuntimeError("hunter2"))
    answer = http.get("/")
    assert (answer.status_code, answer.text) == (500, "this could not be answered; the log says why\n")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_what_is_not_there_is_told_so(http: httpx.Client) -> None:
    for path in ("/digests/" + "0" * 32, "/programs/4321"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert "Back to the status" in answer.text
    for path in ("/digests/", "/digests/x", "/programs/0", "/programs/1180:5", "/programs/123456", "/base.html"):
        assert (http.get(path).status_code, http.get(path).text) == (404, "not found\n")


def test_what_the_browser_has_is_not_sent_again(http: httpx.Client) -> None:
    for path, media_type in {"/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml"}.items():
        first = http.get(path)
        assert first.headers["Content-Type"] == media_type
        again = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert http.get("/").headers["Cache-Control"] == "no-store"


def test_a_head_has_no_body(http: httpx.Client) -> None:
    for path in ("/", "/healthz", "/metrics", "/style.css", "/programs/1180"):
        answer = http.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_the_words_of_others_are_escaped(http: httpx.Client, watcher: Watcher) -> None:
    nasty, key = "</pre></title><script>alert(1)</script>&amp;'\"{{ 7 * 7 }}", "0" * 32
    words = {"subscription": "<b>a</b>", "subject": nasty, "text": f"\n{nasty}\n"}
    with watcher.store.writing() as connection:
        connection.execute(
            insert(digests).values(id=key, starts_at=DAY_0, ends_at=DAY_0, composed_at=DAY_0, **words)
        )
    text = http.get(f"/digests/{key}").text
    for page in (text, http.get("/").text):
        assert "<script" not in page
        assert "<b>" not in page
        assert html.escape(nasty).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in page
    assert "\n\n&lt;/pre" in text, "a text that begins with an empty line keeps it"


def test_a_feed_is_served_as_it_is_and_no_other_file(watcher: Watcher, tmp_path: Path) -> None:
    file = tmp_path / "news.atom"
    channels = {"news": FeedChannel(path=file), "keep": FolderChannel(path=file)}
    config = watcher.config.model_copy(update={"channels": channels})
    with (
        in_background(served_pages(watcher.store, config, DAY_0)) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert client.get("/feeds/news").status_code == 404
        file.write_bytes(b"<feed/>\n")
        answer = client.get("/feeds/news")
        assert (answer.status_code, answer.content) == (200, b"<feed/>\n")
        assert answer.headers["Content-Type"] == "application/atom+xml"
        for other in ("keep", "jades", "..%2Fnews.atom"):
            assert client.get(f"/feeds/{other}").status_code == 404
