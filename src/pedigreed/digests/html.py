"""A digest as HTML: one column, in styles that mail readers keep, and nothing that is fetched."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pedigreed.digests.frame_words import (
    LEFT_OUT,
    LONGEST_NAME,
    WHERE_IT_IS,
    attached_in_words,
    files_to_name,
    how_to_download,
    is_cut,
    programs_watched,
    reason_in_words,
)
from pedigreed.digests.links import product_file
from pedigreed.digests.moments import period
from pedigreed.digests.own_template import TemplateFails, page_by
from pedigreed.digests.page import Download, File, Page
from pedigreed.digests.page_changes import change_sections
from pedigreed.digests.page_checks import check_sections
from pedigreed.digests.page_disk import disk_sections
from pedigreed.digests.page_motion import motion_sections
from pedigreed.digests.page_notices import notice_sections
from pedigreed.digests.page_size import LONGEST, in_ascii
from pedigreed.digests.subject import headline_of
from pedigreed.digests.wording import clipped, one_line, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Template

    from pedigreed.digests.attachments import Attached
    from pedigreed.digests.own_template import OwnTemplate
    from pedigreed.model.digest import Digest

TEMPLATE = "digest.html"

LONGEST_WORDS = 200
"""Of a file's name or an address."""


class Detail(NamedTuple):
    """How much is told: moves of one kind of change, and rows of one section."""

    moves: int
    rows: int


DETAILS = (Detail(4, 12), Detail(3, 8), Detail(2, 4), Detail(1, 1), Detail(0, 0))
"""The first that fits is taken: it is as much as the text tells. The last has only numbers, and fits always."""


class Html(NamedTuple):
    """A digest as a page.

    Attributes:
        page: ASCII, LF line ends, less than 80 kB.
        problem: why the operator's own template was not used; empty where it was, or where there is none.
    """

    page: str
    problem: str


def html_of(
    digest: Digest,
    subject: str,
    attached: Sequence[Attached],
    *,
    configuration: str,
    operator: str | None,
    own_template: OwnTemplate | None = None,
) -> Html:
    """Write the page.

    Args:
        digest: composed.
        subject: the news in one line.
        attached: what goes with it.
        configuration: the configuration's file name.
        operator: the address for questions and stops, if there is one.
        own_template: what is tried before the built-in template.
    """

    def pages() -> Iterator[Page]:
        for detail in DETAILS:
            yield page_of(digest, subject, attached, configuration=configuration, operator=operator, detail=detail)

    problem = ""
    if own_template is not None:
        try:
            return Html(page_by(own_template, pages()), "")
        except TemplateFails as failure:
            problem = str(failure)
    template = built_in()
    made = (in_ascii(template.render(page=page)) for page in pages())
    return Html(next(html for html in made if len(html) < LONGEST), problem)


def page_of(
    digest: Digest,
    subject: str,
    attached: Sequence[Attached],
    *,
    configuration: str,
    operator: str | None,
    detail: Detail = DETAILS[0],
) -> Page:
    """What a template gets."""
    told = how_to_download(attached)
    files = tuple(File(name, page=product_file(name)) for name in files_to_name(digest))
    return Page(
        subject=subject,
        news=headline_of(digest),
        subscription=clipped(digest.subscription, LONGEST_NAME),
        programs=sentence(one_line(programs_watched(digest))),
        period=period(digest.starts, digest.ends, digest.timezone),
        sections=(
            *disk_sections(digest, detail.rows),
            *change_sections(digest, *detail),
            *motion_sections(digest, detail.rows),
            *notice_sections(digest, detail.rows),
            *check_sections(digest, detail.rows),
        ),
        attached=tuple(File(each.attachment.filename, attached_in_words(each)) for each in attached),
        left_out=f"{LEFT_OUT} {WHERE_IT_IS}" if is_cut(attached) else "",
        download=Download(sentence(told[0]), told[1], files) if told else None,
        reason=reason_in_words(
            digest, clipped(configuration, LONGEST_WORDS), operator and clipped(operator, LONGEST_WORDS)
        ),
    )


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
