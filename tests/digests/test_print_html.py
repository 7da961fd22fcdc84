from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from any_digest import AMPERSANDS, DIGESTS, ENDS, WORDS, worst
from made_digest import make_digest
from pedigreed.digests.attachments import attached_to
from pedigreed.digests.print_html import BUDGETS, LONGEST, built_in, capitalised, in_ascii
from pedigreed.digests.render import render, view_of
from pedigreed.digests.subject import subject_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest, Unchecked
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "br", "a", "table", "tr", "th", "td",
    "span", "b", "pre", "code",
}  # fmt: skip
ATTRIBUTES = {
    "align", "aria-hidden", "bgcolor", "border", "cellpadding", "cellspacing", "charset", "class", "colspan",
    "content", "height", "href", "lang", "name", "role", "scope", "style", "valign", "width",
}  # fmt: skip
EMPTY = {"meta", "br"}
OUTSIDE = (
    "https://mast.stsci.edu/search/",
    "https://jwst-crds.stsci.edu/browse/jwst_",
)


class Reader(HTMLParser):
    """What a page has: its tags, its links, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        """All that is shown, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        for name, value in attrs:
            assert value is not None
            assert "url(" not in value
            if name == "href":
                self.links.append(value)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.words.append(data)


def told(digest: Digest) -> str:
    return render(digest, configuration="pedigreed.yaml", operator="ops@obs.example").html


def plain(changes: Iterable[Change], *, checked: Checked | None = None, subscription: str = "jades") -> Digest:
    return make_digest(
        subscription=subscription,
        selections=[ProgramSelection(1180)],
        starts=ENDS.replace(day=21),
        ends=ENDS,
        timezone="UTC",
        changes=changes,
        holdings={("2.0.1", "jwst_1535.pmap"): 1, ("1.20.2", "jwst_1464.pmap"): 299},
        checked=checked or Checked(1, 1, last_complete=ENDS),
    )


@settings(deadline=None)
@given(DIGESTS, WORDS, st.none() | WORDS)
def test_whatever_is_told_is_a_small_page_that_fetches_nothing(
    digest: Digest, configuration: str, operator: str | None
) -> None:
    html = render(digest, configuration=configuration, operator=operator).html
    assert html.isascii()
    assert len(html) < LONGEST
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    assert "@import" not in html
    read = Reader(html)
    assert all(link.startswith(OUTSIDE) for link in read.links)
    assert all(character.isprintable() or character.isspace() for character in read.text)


@pytest.mark.long
def test_at_the_worst_the_numbers_are_left() -> None:
    html = render(worst(), configuration=AMPERSANDS, operator=AMPERSANDS).html
    assert len(html) < LONGEST
    text = Reader(html).text
    for title in (
        "FIRST DATA", "REGRESSED", "REPROCESSED", "REPROCESSED SETS", "NEW", "HIGHER LEVEL", "PUBLIC", "WITHDRAWN",
        "MARKED STALE", "NO LONGER STALE",
        "MISSING", "NOW WATCHING", "NOT CHECKED", "CHECKED",
    ):  # fmt: skip
        assert f" {title} " in text
    assert text.count("1,500 products") == 10


@pytest.mark.long
def test_the_least_detail_fits_whatever_the_rest() -> None:
    """Which one is taken depends on the digest; the last has room to spare in the worst of them."""
    digest = worst()
    attached = attached_to(digest)
    view = view_of(
        digest,
        BUDGETS[-1],
        subject=subject_of(digest),
        attached=attached,
        configuration=AMPERSANDS,
        operator=AMPERSANDS,
    )
    assert not any(section.groups for section in view.sections)
    assert len(in_ascii(built_in().render(page=capitalised(view)))) < LONGEST


def test_what_others_wrote_is_text(change: Callable[..., Change]) -> None:
    nasty = '<img src=x onerror="alert(1)">&amp;</style><script>alert(2)</script>'
    unchecked = (Unchecked(1180, nasty, None),)
    after = Pedigree(nasty[:40], f"{nasty[:20]}.pmap", ENDS)
    changes = [change(ChangeKind.REPROCESSED, f"{nasty}_cal.fits", after=after)]
    html = told(plain(changes, checked=Checked(0, 1, unchecked=unchecked), subscription=nasty))
    text = Reader(html).text
    assert f"1180: {nasty}; no complete answer yet" in text
    assert nasty[:40] in text


def test_old_and_new_stand_side_by_side_and_what_differs_is_marked(change: Callable[..., Change]) -> None:
    before = Pedigree("2.0.1", "jwst_1464.pmap", ENDS)
    after = structs.replace(before, crds_ctx="jwst_1535.pmap")
    html = told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits", before=before, after=after)]))
    text = Reader(html).text
    assert "CAL_VER 2.0.1 B12.3.1 the same" in text
    assert "CRDS_CTX jwst_1464 \u2192 jwst_1535" in text
    assert "DATE 22 Nov 2026 the same" in text
    assert re.findall(r"<b>(?:<a [^>]*>)?([^<]*)", html) == ["jwst_1535"]


def test_a_program_and_a_context_have_their_pages(change: Callable[..., Change]) -> None:
    page = "https://mast.stsci.edu/search/ui/#/jwst/results?select_cols=fileSetName,dataset,cal_ver,crds_ctx,date"
    links = Reader(told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits")]))).links
    assert links == [f"{page}&program_id=1180", "https://jwst-crds.stsci.edu/browse/jwst_1535.pmap"]


@pytest.mark.parametrize("context", ["jwst_1535", "../x.pmap", "jwst_1535.pmap/../..", "hst_0001.pmap", None])
def test_what_is_no_context_has_no_page(change: Callable[..., Change], context: str | None) -> None:
    after = Pedigree("2.0.1", context, ENDS)
    links = Reader(told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits", after=after)]))).links
    assert not [link for link in links if "jwst-crds" in link]


@pytest.mark.parametrize(("number", "named"), [(1, 1), (3, 3), (4, 0)])
def test_few_products_can_be_had_one_by_one(change: Callable[..., Change], number: int, named: int) -> None:
    names = [f"jw01180007001_02101_{each:05d}_nrca1_cal.fits" for each in range(1, number + 1)]
    links = Reader(told(plain(change(ChangeKind.NEW, name) for name in names))).links
    address = "https://mast.stsci.edu/search/jwst/api/v0.1/retrieve_product?product_name="
    assert [link for link in links if "retrieve" in link] == [address + name for name in names[:named]]


def test_a_name_that_no_product_has_is_no_link(change: Callable[..., Change]) -> None:
    links = Reader(told(plain([change(ChangeKind.NEW, "jw01180 &product_name=x_cal.fits")]))).links
    assert not [link for link in links if "retrieve" in link]


@pytest.mark.parametrize(("moved", "percent"), [(1, 1), (150, 50), (299, 99), (300, 100)])
def test_a_bar_is_neither_empty_nor_full_too_early(
    change: Callable[..., Change], moved: int, percent: int
) -> None:
    digest = plain([change(ChangeKind.REPROCESSED, "a_cal.fits")])
    goal = replace(digest.progress[0], moved=moved)
    html = told(replace(digest, progress=(goal,)))
    assert re.findall(r'width="(\d+)%" height="4"', html) == [
        str(part) for part in (percent, 100 - percent) if part
    ]
