"""A template of the operator's own in the place of the built-in one. docs/templates.md tells how to write one."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pedigreed.digests.page_size import LONGEST, in_ascii
from pedigreed.digests.wording import clipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pedigreed.digests.page import Page

LONGEST_REASON = 200

_NAME = "<template>"
"""What jinja2 calls the file of a template that it gets as text."""


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


def page_by(template: OwnTemplate, pages: Iterable[Page]) -> str:
    """The first of the pages, most detailed first, that is small enough; ASCII.

    The template runs in jinja2's sandbox, and sees nothing but the page.

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
        made = (_at_most(compiled.generate(page=page)) for page in pages)
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
