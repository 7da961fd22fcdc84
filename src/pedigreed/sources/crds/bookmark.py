"""What is kept between two readings of the CRDS server: how far it was read, and what waits to be asked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import msgspec

from pedigreed.model.pedigree import is_step_back

_VERSION = 1
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


class KnownBuild(msgspec.Struct, frozen=True):
    """The archive's context as it was told last, and the pipeline version that it belongs to."""

    cal_ver: str
    context: str


class Waiting(msgspec.Struct, frozen=True):
    """A context that became the latest, of which is still to be asked what it changes.

    Attributes:
        context: ``jwst_1583``.
        before: the latest context until then.
        activated_at: UTC.
        refusals: how often the server would not tell.
    """

    context: str
    before: str
    activated_at: _Moment
    refusals: int = 0

    @property
    def goes_back(self) -> bool:
        """Whether it is a step back: the context before has the higher number."""
        return is_step_back(self.before, self.context)


class KnownRules(msgspec.Struct, frozen=True):
    """The names of the rules of each type in a context."""

    context: str
    names: tuple[str, ...]


class Bookmark(msgspec.Struct, frozen=True, kw_only=True):
    """All times are UTC.

    Attributes:
        version: of this form.
        told_to: when the newest activation that is known began; None before the history was ever read.
        waiting: the newest last.
        build: None before it was ever known.
        rules: of the newest context that was asked for, so that each is asked once; None before.
        bad_files: every name that was ever in the list; None before it was ever read.
        bad_files_at: when it was read.
    """

    version: int = _VERSION
    told_to: _Moment | None = None
    waiting: tuple[Waiting, ...] = ()
    build: KnownBuild | None = None
    rules: KnownRules | None = None
    bad_files: tuple[str, ...] | None = None
    bad_files_at: _Moment | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        """A bookmark of before. What is none, or of another version, begins anew."""
        try:
            kept = msgspec.json.decode(text or "{}", type=cls)
        except _UNREADABLE:
            return cls()
        return kept if kept.version == _VERSION else cls()

    def written(self) -> str:
        """As text."""
        return msgspec.json.encode(self).decode()
