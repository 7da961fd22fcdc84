"""A digest's page and attachments, as the outbox holds them; and what happened in CRDS."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from background import in_background
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.delivery import Message
from pedigreed.model.digest import Attachment, RenderedDigest
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.store import announcements, deliveries, periods
from pedigreed.store.tables import digests
from pedigreed.web.sent_digest import NOTHING, sent_digest, with_header
from served_pages import served_pages
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

DAY = timedelta(days=1)
HIDDEN = "somebody@obs.example"


@pytest.fixture
def http(watcher: Watcher) -> Iterator[httpx.Client]:
    """Asks for the pages of a store in which a digest with changes was told."""
    names = watcher.holdings.add(1180, 3)
    watcher.cycle(DAY_0)
    watcher.holdings.remake(names, DAY_0)
    watcher.cycle(DAY_0 + DAY)
    with (
        in_background(served_pages(watcher.store, watcher.config, DAY_0 + DAY)) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


def newest(watcher: Watcher) -> str:
    with watcher.store.reading() as connection:
        return f"/digests/{periods.recent_digests(connection, 1)[0].digest_id}"


def keep_digest(connection: Connection) -> None:
    moments = dict.fromkeys(("starts_at", "ends_at", "composed_at"), DAY_0)
    words = {"subscription": "jades", "subject": "news", "text": "the text\n"}
    connection.execute(insert(digests).values(id="0" * 32, **moments, **words))


def rendered(page: str = "<p>page</p>", *attachments: Attachment) -> RenderedDigest:
    return RenderedDigest("0" * 32, "jades", "news", "the text\n", attachments, html=page)


def mailed(page: str = "<p>page</p>", *attachments: Attachment, recipient: str = HIDDEN) -> Message:
    return build_mail(rendered(page, *attachments), channel="email", sender=None, recipient=recipient, now=DAY_0)


def test_a_digest_is_shown_as_it_was_sent_within_a_policy_of_its_own(http: httpx.Client, watcher: Watcher) -> None:
    address = newest(watcher)
    answer = http.get(address)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " in policy
    assert "script-src" not in policy
    sent = watcher.told(DAY_0 + DAY)
    assert sent == {}, "it was told already"
    assert "REPROCESSED</h2>" in answer.text
    assert answer.text.index("<header") < answer.text.index("<main>") < answer.text.index("REPROCESSED")
    assert f'href="{address}/text"' in answer.text
    text = http.get(f"{address}/text")
    assert "<pre" in text.text
    assert "\nREPROCESSED  " in text.text
    assert "style-src 'self'" in text.headers["Content-Security-Policy"]


def test_attachments_are_files_to_keep_and_no_others_are_given(http: httpx.Client, watcher: Watcher) -> None:
    address = newest(watcher)
    name = "a-2026-11-21"
    listed = http.get(f"{address}/files/{name}.json")
    assert listed.headers["Content-Type"] == "application/json"
    assert listed.headers["Content-Disposition"] == f'attachment; filename="{name}.json"'
    assert listed.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert listed.headers["X-Content-Type-Options"] == "nosniff"
    assert listed.headers["Cache-Control"] == "no-store"
    assert {each["filename"] for each in json.loads(listed.content)} >= set(watcher.holdings.rows)
    table = http.get(f"{address}/files/{name}.csv")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.text.count("reprocessed") == 3
    others = ("message.eml", "digest.html", "digest.txt", "..%2f..%2fetc%2fpasswd", "%2e%2e", "x", f"{name}.JSON")
    for other in others:
        assert http.get(f"{address}/files/{other}").status_code == 404, other
    assert http.get(f"/digests/{'0' * 32}/files/{name}.json").status_code == 404
    for path in (f"{address}/files/", f"{address}/files/a/b", f"{address}/files"):
        assert http.get(path).status_code == 404


def test_a_digest_that_went_to_a_chat_alone_is_shown_by_its_text(http: httpx.Client, watcher: Watcher) -> None:
    chat = Message("1@x", "team", "", "", "news", b'{"text": "From: nobody"}')
    with watcher.store.writing() as connection:
        keep_digest(connection)
        deliveries.enqueue(connection, "0" * 32, [chat], DAY_0)
    answer = http.get(f"/digests/{'0' * 32}")
    assert "\nthe text\n" in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def test_no_recipient_is_shown_and_the_mail_that_lacks_nothing_is(http: httpx.Client, watcher: Watcher) -> None:
    whole = mailed("<body><p>whole</p></body>", Attachment("a.csv", "text/csv", b"1,2\n"))
    light = mailed("<body><p>light</p></body>", recipient="b@obs.example")
    with watcher.store.writing() as connection:
        keep_digest(connection)
        deliveries.enqueue(connection, "0" * 32, [light, whole], DAY_0)
    paths = ("", "/text", "/files/a.csv", "/files/message.eml")
    answers = [http.get(f"/digests/{'0' * 32}{path}") for path in paths]
    assert "<main><p>whole</p></main>" in answers[0].text
    assert HIDDEN not in "".join(answer.text + str(answer.headers) for answer in answers)


def test_a_page_without_a_body_has_the_header_before_it() -> None:
    assert with_header("<p>x</p>", "H") == "\nH\n<main><p>x</p></main>\n"
    assert with_header("<BODY class=a>x</BODY></html>", "H") == "<BODY class=a>\nH\n<main>x</main>\n</BODY></html>"


@given(st.binary(max_size=400), st.lists(st.text(max_size=60), max_size=3))
def test_whatever_a_mail_is_its_files_have_names_of_one_step(content: bytes, names: list[str]) -> None:
    assert sent_digest(None) == NOTHING
    sent_digest(content)
    files = sent_digest(mailed("", *(Attachment(name, "text/csv", b"x") for name in names)).content).attachments
    assert len(files) == len(names)
    assert not any(set(name) & set("/\\\0") or name.startswith(".") for name in files)
    assert "message.eml" not in files


SAID = Announcement(
    "CRDS",
    Medium.SERVER,
    "1583",
    DAY_0,
    "Flats <b>",
    "New flats & more.",
    "https://crds.example/x",
    Facts(kind=NoticeKind.DELIVERY, context="jwst_1583", before="jwst_1582", reference_types=("flat",)),
)


def test_what_happened_in_crds_has_a_page(http: httpx.Client, watcher: Watcher) -> None:
    assert "Nothing was heard of CRDS in the last year." in http.get("/notices").text
    with watcher.store.writing() as connection:
        announcements.keep(connection, [SAID], DAY_0, was_there=False)
        announcements.save_contexts(connection, ContextsInUse("jwst_1583", None, "jwst_1535", "2.0.1"))
    assert '<a href="/notices/jwst_1583">jwst_1583</a>' in http.get("/notices").text
    page = http.get("/notices/jwst_1583").text
    assert "Flats &lt;b&gt;" in page
    assert '<a href="https://jwst-crds.stsci.edu/browse/jwst_1583.pmap" rel="noreferrer">jwst_1583</a>' in page
    assert '<a href="https://crds.example/x" rel="noreferrer">CRDS</a>' in page
    assert "flat_field step, stage 2" in page
    assert "New flats &amp; more." in page
    for other in ("jwst_1584", "..%2fjwst_1583", "JWST_1583", "%00"):
        assert http.get(f"/notices/{other}").status_code == 404


def test_a_program_leads_to_mast(http: httpx.Client) -> None:
    page = http.get("/programs/1180").text
    assert "https://mast.stsci.edu/search/ui/#/jwst/results?" in page
    assert '<a href="https://jwst-crds.stsci.edu/browse/jwst_1535.pmap" rel="noreferrer">jwst_1535</a>' in page
    assert page.index("Pedigree now") < page.index("The same in numbers")
