"""What changes come to where nothing waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pedigreed.changes.settling import in_history, settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.model.change import Change


def fold(changes: Iterable[Change]) -> Sequence[Change]:
    """The net changes of some in any order, sorted by file name."""
    in_order = enumerate(sorted(changes, key=in_history))
    return settled(list(in_order), settle=None, answered={}, now=datetime(2026, 11, 22, tzinfo=UTC)).ready
