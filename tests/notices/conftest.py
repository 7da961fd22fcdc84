"""Announcements for the tests of notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Heard, Medium, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.instrument import Instrument

BEGIN = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def hear() -> Callable[..., Heard]:
    """Makes what was heard, each with a number of its own, so many days after the first."""
    numbers = count(1)

    def heard(
        text: str = "",
        *,
        medium: Medium = Medium.MAIL,
        days: int = 0,
        source: str | None = None,
        identity: str | None = None,
        title: str = "",
        was_there: bool = False,
        kind: NoticeKind | None = None,
        context: str | None = None,
        before: str | None = None,
        cal_ver: str | None = None,
        instruments: tuple[Instrument, ...] = (),
        changed: tuple[tuple[Instrument, str], ...] | None = None,
        files: tuple[str, ...] = (),
        change_level: ChangeLevel | None = None,
        activated_at: datetime | None = None,
    ) -> Heard:
        number = next(numbers)
        at = BEGIN + timedelta(days=days)
        announcement = Announcement(
            source=source or f"the {medium}",
            medium=medium,
            identity=identity or f"<{number}@lists.example.org>",
            said_at=at,
            title=title,
            text=text,
            facts=Facts(
                kind=kind,
                context=context,
                before=before,
                cal_ver=cal_ver,
                instruments=instruments,
                changed=changed,
                files=files,
                change_level=change_level,
                activated_at=activated_at,
            ),
        )
        return Heard(number, announcement, at + timedelta(minutes=number), was_there)

    return heard
