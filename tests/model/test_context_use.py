"""Whether the archive makes products with what CRDS delivered."""

from __future__ import annotations

import pytest

from any_notice import delivery
from pedigreed.model.context_use import ContextsInUse, ContextUse, context_use
from pedigreed.model.notice import NoticeKind

CONTEXTS_IN_USE = ContextsInUse("jwst_1583", None, "jwst_1535", "2.0.1")


@pytest.mark.parametrize(
    ("context", "use"),
    [
        ("jwst_1464", ContextUse.BUILD),
        ("jwst_1535", ContextUse.BUILD),
        ("jwst_1536", ContextUse.LATEST),
        ("jwst_1583", ContextUse.LATEST),
        ("jwst_1584", ContextUse.UNKNOWN),
        (None, ContextUse.UNKNOWN),
        ("odd", ContextUse.UNKNOWN),
    ],
)
def test_a_context_is_in_the_build_or_in_the_latest_only(context: str | None, use: ContextUse) -> None:
    assert context_use(delivery(context=context), CONTEXTS_IN_USE) is use


def test_without_tracks_or_for_a_bad_file_nothing_is_known() -> None:
    assert context_use(delivery(), None) is ContextUse.UNKNOWN
    assert context_use(delivery(), ContextsInUse("jwst_1583", None, None, None)) is ContextUse.UNKNOWN
    assert context_use(delivery(kind=NoticeKind.MARKED_BAD), CONTEXTS_IN_USE) is ContextUse.UNKNOWN
