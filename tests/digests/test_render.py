"""Every section is printed in every format, in one order, by printers that do not know what it is about."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hypothesis import given, settings

from any_digest import DIGESTS, ENDS
from made_digest import make_digest
from pedigreed.digests import render as rendering
from pedigreed.digests.attachments import attached_to
from pedigreed.digests.render import SECTIONS, render, view_of
from pedigreed.digests.view import Budget, Row, Section
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from pedigreed.model.digest import RenderedDigest


def digest_of(*changes: Change) -> Digest:
    return make_digest(
        subscription="jades",
        selections=[ProgramSelection(1180)],
        starts=ENDS.replace(day=21),
        ends=ENDS,
        timezone="UTC",
        changes=changes,
        holdings={},
        checked=Checked(1, 1, last_complete=ENDS),
    )


def formats_of(rendered: RenderedDigest) -> tuple[str, str, str]:
    blocks = json.loads(rendered.slack)["blocks"]
    return rendered.text, rendered.html, "\n".join(block["text"]["text"] for block in blocks if "text" in block)


def tides(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A section that nobody needs."""
    heights = [12, 34, 56]
    shown, left_out = budget.split(heights * 5)
    yield Section(
        title="TIDES",
        summary=f"{len(heights)} tides at {digest.subscription}",
        rows=tuple(Row("1180", f"{height} cm", page="https://mast.stsci.edu/tides?a&b") for height in shown),
        more=f"and {len(left_out)} more tides: see `pedigreed status`",
    )


def test_a_section_is_one_function_and_its_place_in_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "SECTIONS", ((lambda _: True, tides), *SECTIONS))
    text, html, slack = formats_of(render(digest_of(), configuration="pedigreed.yaml"))
    assert "\nTIDES          3 tides at jades\n   1180  12 cm\n   1180  34 cm\n" in text
    assert "\n  and 3 more tides: see `pedigreed status`\n\nNO CHANGE" in text
    assert re.search(r"<h2 [^>]*>TIDES</h2>\n<p [^>]*>3 tides at jades</p>", html)
    assert html.count('href="https://mast.stsci.edu/tides?a&amp;b">1180</a>') == 12
    assert "*TIDES*  3 tides at jades\n\u2022 *<https://mast.stsci.edu/tides?a&amp;b|1180>*  12 cm\n" in slack
    assert "\nand 3 more tides: see `pedigreed status`\n" in slack


@settings(deadline=None)
@given(DIGESTS)
def test_every_format_has_the_same_sections_in_the_same_order(digest: Digest) -> None:
    rendered = render(digest, configuration="pedigreed.yaml")
    view = view_of(digest, Budget(), subject="", attached=(), configuration="", operator=None)
    titles = [section.title for section in view.sections]
    text, html, slack = formats_of(rendered)
    assert re.findall(r"^([A-Z]+(?: [A-Z]+)*)  +", text, re.MULTILINE) == titles
    in_html = re.findall(r"<h2 [^>]*>([A-Z ]+)</h2>", html)
    assert [title for title in in_html if title not in {"ATTACHED", "TO DOWNLOAD"}] == titles
    assert re.findall(r"^\*([A-Z]+(?: [A-Z]+)*)\*  ", slack, re.MULTILINE) == titles


def test_who_gets_no_files_is_told_of_none(change: Callable[..., Change]) -> None:
    digest = digest_of(*(change(ChangeKind.NEW, f"jw0118000{n}001_02101_00001_nrca1_cal.fits") for n in range(5)))
    budget = Budget(groups=0, has_files=False)
    view = view_of(digest, budget, subject="", attached=attached_to(digest), configuration="", operator=None)
    assert view.attached == ()
    assert view.left_out == "5 changes in full: `pedigreed history`"
    assert "see the attached" not in str(view)
    rendered = render(digest, configuration="pedigreed.yaml")
    assert rendered.attachments
    assert b"attach" not in rendered.slack


def test_budgets_count_what_they_leave_out() -> None:
    assert Budget(rows=2).split("abc") == ("ab", "c")
    assert Budget(rows=0).split("abc") == ("", ())
