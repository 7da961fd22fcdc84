"""Whether the archive makes products with what CRDS delivered."""

from __future__ import annotations

import pytest

from any_notice import delivery
from pedigreed.model.announcement import NoticeKind
from pedigreed.model.notice import Tracks
from pedigreed.model.track import Track, track_of

TRACKS = Tracks("jwst_1583", None, "jwst_1535", "2.0.1")


@pytest.mark.parametrize(
    ("context", "track"),
    [
        ("jwst_1464", Track.BUILD),
        ("jwst_1535", Track.BUILD),
        ("jwst_1536", Track.LATEST),
        ("jwst_1583", Track.LATEST),
        ("jwst_1584", Track.UNKNOWN),
        (None, Track.UNKNOWN),
        ("odd", Track.UNKNOWN),
    ],
)
def test_a_context_is_in_the_build_or_in_the_latest_only(context: str | None, track: Track) -> None:
    assert track_of(delivery(context=context), TRACKS) is track


def test_without_tracks_or_for_a_bad_file_nothing_is_known() -> None:
    assert track_of(delivery(), None) is Track.UNKNOWN
    assert track_of(delivery(), Tracks("jwst_1583", None, None, None)) is Track.UNKNOWN
    assert track_of(delivery(kind=NoticeKind.MARKED_BAD), TRACKS) is Track.UNKNOWN
