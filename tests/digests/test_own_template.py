"""Templates of the operator's own: what they may do, and what is told of those that fail."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from inspect import getmembers
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_digest import DIGESTS, ENDS
from made_digest import make_digest
from pedigreed.digests import view as nouns
from pedigreed.digests.print_html import LONGEST, OwnTemplate
from pedigreed.digests.render import render
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.digest import RenderedDigest

DOCUMENTED = Path(__file__).parents[2].joinpath("docs", "templates.md").read_text(encoding="utf-8")
BUILT_IN = "<h2 "


def told(digest: Digest, source: str) -> RenderedDigest:
    return render(digest, configuration="pedigreed.yaml", own_template=OwnTemplate(source))


@pytest.fixture
def digest(change: Callable[..., Change]) -> Digest:
    """Of 300 programs, more than is shown."""
    return make_digest(
        subscription="jades",
        selections=[ProgramSelection(1180)],
        starts=ENDS.replace(day=21),
        ends=ENDS,
        timezone="UTC",
        changes=[
            change(ChangeKind.REPROCESSED, f"jw{program:05d}001001_02101_00001_nrca1_cal.fits")
            for program in range(1000, 1300)
        ],
        holdings={},
        checked=Checked(1, 1, last_complete=ENDS),
    )


def test_it_makes_the_page_and_nothing_else(digest: Digest) -> None:
    plain = render(digest, configuration="pedigreed.yaml")
    own = told(
        digest, "<p>{{ page.news }}</p>\n{% for section in page.sections %}\n{{ section.title }}\n{% endfor %}"
    )
    assert own.html == "<p>jades: 300 reprocessed (2.0.1, jwst_1535)</p>\nREPROCESSED\nCHECKED\n"
    assert own.template_problem == ""
    assert (own.subject, own.text, own.slack, own.attachments) == (
        plain.subject,
        plain.text,
        plain.slack,
        plain.attachments,
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{% for %}", "line 1: "),
        ("one\n{{ page.sectoins }}", "line 2: 'pedigreed.digests.view.View object' has no attribute 'sectoins'"),
        ("\n\n{{ nothing }}", "line 3: 'nothing' is undefined"),
        ("{{ 1 / 0 }}", "line 1: division by zero"),
        (
            "{{ page.news.__class__.__mro__ }}",
            "access to attribute '__class__' of 'str' object is unsafe",
        ),
        ("{% include 'other.html' %}", "no loader for this environment specified"),
        ("{{ page.sections.append(1) }}", "line 1: "),
        ("{% for n in range(1000000) %}x{% endfor %}", "line 1: Range too big."),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "maximum recursion depth exceeded"),
        ("{{ 'x' * 80000 }}", "the page would have more than 80,000 bytes"),
        (
            "{% for n in range(99999) %}{{ '\u2192' * 99 }}{% endfor %}",
            "the page would have more than 80,000 bytes",
        ),
        ("", "the page is empty"),
        ("{% if page.download is none %}x{% endif %}\n", "the page is empty"),
    ],
)
def test_one_that_fails_is_told_and_the_built_in_one_is_used(digest: Digest, source: str, reason: str) -> None:
    made = told(digest, source)
    assert reason in made.template_problem
    assert made.template_problem.isprintable()
    assert len(made.template_problem) <= 200
    assert made.html == render(digest, configuration="pedigreed.yaml").html
    assert BUILT_IN in made.html


def test_one_that_could_not_be_read_is_told_too(digest: Digest) -> None:
    made = render(digest, configuration="pedigreed.yaml", own_template=OwnTemplate("", "no such file"))
    assert made.template_problem == "no such file"
    assert BUILT_IN in made.html


def test_what_is_large_is_made_of_less(digest: Digest) -> None:
    source = "{% for section in page.sections %}{% for group in section.groups %}{% for row in group.rows %} "
    ends = "{% endfor %}{% endfor %}{% endfor %}."
    rows = {
        size: told(digest, f"{source}{{{{ 'x' * {size} }}}}{ends}").html.count(" ") for size in (1, 9_000, 70_000)
    }
    assert rows == {1: 12, 9_000: 8, 70_000: 1}


@given(DIGESTS, st.text(max_size=50))
def test_whatever_is_written_in_one_the_page_is_small_and_ascii(digest: Digest, source: str) -> None:
    made = told(digest, source)
    assert made.html.isascii()
    assert 0 < len(made.html) < LONGEST


def test_what_others_wrote_is_escaped() -> None:
    digest = make_digest(
        subscription="<b>&",
        selections=[],
        starts=ENDS,
        ends=ENDS,
        timezone="UTC",
        changes=[],
        holdings={},
        checked=Checked(0, 0),
    )
    assert told(digest, "{{ page.subscription }}").html == "&lt;b&gt;&amp;"


def test_the_documented_example_works(digest: Digest) -> None:
    (source,) = re.findall(r"```html\n(.*?)```", DOCUMENTED, re.DOTALL)
    made = told(digest, source)
    assert made.template_problem == ""
    assert "<h2>REPROCESSED</h2>\n<p>300 products</p>\n" in made.html


def test_every_field_of_a_page_is_documented_and_nothing_else() -> None:
    documented = {
        name: re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
        for name, table in re.findall(r"^### (\w+)\n(.*?)(?=^###|\Z)", DOCUMENTED, re.DOTALL | re.MULTILINE)
    }
    assert documented == {
        name: [field.name for field in fields(noun)]
        for name, noun in getmembers(nouns, is_dataclass)
        if noun.__module__ == nouns.__name__
    }
