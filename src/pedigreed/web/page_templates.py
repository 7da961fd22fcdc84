"""The templates, and how values are written in them. Everything that is put into them is escaped."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pedigreed import __version__
from pedigreed.digests.almanac_wording import in_use_in_words, progress_in_words, took_in_words, waited_in_words
from pedigreed.digests.operator_mail import problem_in_words
from pedigreed.digests.wording import context_page
from pedigreed.model.instant import iso
from pedigreed.model.instrument import instruments_in_words
from pedigreed.model.pedigree import build_of, context_name
from pedigreed.web.plot import day_in_words, days_in_words, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pedigreed.model.delivery import DeliveryState
    from pedigreed.web.unseen_days import Unseen


class Asset(NamedTuple):
    """A file that pages use. `tag` changes when it does."""

    content: bytes
    media_type: str
    tag: str


@cache
def assets() -> Mapping[str, Asset]:
    """The files by their name."""
    return {
        name: Asset(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
        for name, media_type in (("style.css", "text/css; charset=utf-8"), ("icon.svg", "image/svg+xml"))
        for content in [files("pedigreed.web").joinpath("templates", name).read_bytes()]
    }


def html(template: str, zone: ZoneInfo, now: datetime, **values: Any) -> str:  # noqa: ANN401  # whatever a template shows
    """A page.

    Args:
        template: its file's name.
        zone: in which moments are written.
        now: UTC.
        values: what it shows.
    """

    def when(moment: datetime | None) -> str:
        if moment is None:
            return "-"
        shown = f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
        return Markup('<time datetime="{}">{}</time>').format(iso(moment), shown)

    return _environment().get_template(template).render(when=when, now=now, version=__version__, **values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("pedigreed.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        count=lambda number: f"{number:,}",
        size=lambda size: f"{size / 1e6:,.1f} MB",
        states=_states,
        problem=problem_in_words,
        context=lambda name: context_name(name) or "-",
        build=_build,
        context_page=lambda name: context_page(name and f"{name.removesuffix('.pmap')}.pmap"),
        day=day_in_words,
        unseen=_unseen,
        words=words_of,
        in_use=in_use_in_words,
        progress=progress_in_words,
        took=took_in_words,
        waited=waited_in_words,
    )
    return made


def _states(states: Mapping[DeliveryState, int]) -> str:
    """``3 sent, 1 waiting``."""
    return ", ".join(f"{count:,} {state.value}" for state, count in sorted(states.items())) or "nowhere"


def _unseen(unseen: Unseen) -> str:
    """``3 to 5 Dec 2026 (all 5 instruments)``."""
    names = [instrument.written for instrument in unseen.instruments]
    return f"{days_in_words(unseen.first, unseen.last)} ({instruments_in_words(names)})"


def _build(cal_ver: str | None) -> str:
    build = build_of(cal_ver) if cal_ver else None
    return build.dms_build if build and build.dms_build else "-"
