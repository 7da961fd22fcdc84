"""Prints the view of a digest as HTML, by the built-in template or by the operator's own.

One column, in styles that mail readers keep, and nothing that is fetched. docs/templates.md tells how to write a
template.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pedigreed.digests.view import Budget
from pedigreed.digests.wording import clipped, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Template

    from pedigreed.digests.view import Section, View, ViewWithin

TEMPLATE = "digest.html"

BUDGETS = tuple(
    Budget(groups=groups, rows=rows, notices=rows) for groups, rows in ((4, 12), (3, 8), (2, 4), (1, 1), (0, 0))
)
"""The first whose page is small enough is taken. The last has only numbers, and fits always."""

LONGEST = 80_000
"""Bytes. Gmail cuts a mail's HTML at 102 kB."""

LONGEST_REASON = 200

_NAME = "<template>"
"""What jinja2 calls the file of a template that it gets as text."""


class Html(NamedTuple):
    """A digest as a page.

    Attributes:
        page: ASCII, LF line ends, less than 80 kB.
        problem: why the operator's own template was not used; empty where it was, or where there is none.
    """

    page: str
    problem: str


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A template as it was found.

    Attributes:
        source: its text; empty where it could not be read.
        problem: why it could not be read, one line; empty where it was.
    """

    source: str
    problem: str = ""


class TemplateFails(Exception):
    """A template that makes no page. Its text is one line that says why, with the line of the template."""


def print_html(view_within: ViewWithin, own_template: OwnTemplate | None = None) -> Html:
    """Print the page; where the operator's own template fails, by the built-in one."""
    problem = ""
    if own_template is not None:
        try:
            return Html(_by_own_template(own_template, _views(view_within)), "")
        except TemplateFails as failure:
            problem = str(failure)
    template = built_in()
    pages = (in_ascii(template.render(page=view)) for view in _views(view_within))
    return Html(next(page for page in pages if len(page) < LONGEST), problem)


def in_ascii(html: str) -> str:
    """The same page, whatever a mail server or a reader takes its characters for."""
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")


def capitalised(view: View) -> View:
    """The view with a capital wherever a paragraph of the page begins. In the text, a title stands before it."""
    download = view.download and replace(
        view.download, words=sentence(view.download.words), other_way=sentence(view.download.other_way)
    )
    sections = tuple(map(_capitalised_section, view.sections))
    return replace(view, programs=sentence(view.programs), sections=sections, download=download)


def _capitalised_section(section: Section) -> Section:
    return replace(
        section,
        summary=sentence(section.summary),
        bars=tuple(replace(bar, words=sentence(bar.words)) for bar in section.bars),
        notices=tuple(
            replace(notice, outlook=sentence(notice.outlook), sources=sentence(notice.sources))
            for notice in section.notices
        ),
    )


def _views(view_within: ViewWithin) -> Iterable[View]:
    return (capitalised(view_within(budget)) for budget in BUDGETS)


@cache
def built_in() -> Template:
    """The template that comes with the program."""
    environment = Environment(
        loader=PackageLoader("pedigreed.digests"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template(TEMPLATE)


def _by_own_template(template: OwnTemplate, views: Iterable[View]) -> str:
    """The first page, of the most detailed view, that is small enough; ASCII.

    The template runs in jinja2's sandbox, and sees nothing but the view, as `page`.

    Raises:
        TemplateFails: it could not be read, it fails, or what it makes is empty or too large.
    """
    if template.problem:
        raise TemplateFails(template.problem)
    environment = ImmutableSandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        compiled = environment.from_string(template.source)
        made = (_at_most(compiled.generate(page=view)) for view in views)
        fitting = next((html for html in made if html is not None), None)
    except TemplateSyntaxError as error:
        raise TemplateFails(_said(f"line {error.lineno}: {error.message}")) from error
    except Exception as error:  # whatever a template raises, the digest is sent
        raise TemplateFails(_said(f"{_line_of(error)}{str(error) or type(error).__name__}")) from error
    if fitting is None:
        raise TemplateFails(f"the page would have more than {LONGEST:,} bytes")
    if not fitting.strip():
        raise TemplateFails("the page is empty")
    return fitting


def _at_most(pieces: Iterable[str]) -> str | None:
    """The page; None where it is too large, whatever would have followed."""
    page = ""
    for piece in pieces:
        page += in_ascii(piece)
        if len(page) >= LONGEST:
            return None
    return page


def _line_of(error: Exception) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _NAME]
    return f"line {lines[-1]}: " if lines else ""


def _said(reason: str) -> str:
    return clipped(reason, LONGEST_REASON)
