"""What is left out of a telling can be of no notice that is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pedigreed.model.notice import Medium, NoticeKind, Outline
from pedigreed.notices.merge_candidates import merge_candidates
from pedigreed.notices.merging import notices_of
from pedigreed.notices.reading import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.notice import Heard

    Hear = Callable[..., Heard]

ERA = 100
"""Days. What texts say repeats within one, and contexts, builds, files and identities from one to the next."""
TEXTS = (
    "In era {} the flats of the MIRI imager were made again from sky images, and lose a tree of faint lines.",
    "The NIRSpec pathloss files for fixed slits follow era {} of the mirror, where older ones came from a model.",
    "jwst_1538 of era {} has new MIRI masks.",
    "jwst_1540: NIRCam flats of era {}, see jwst_nircam_flat_00{}1.fits.",
    "jwst_fgs_dark_0012.fits was marked bad in era {}",
    "We rolled back to jwst_1536 in era {}.",
    "Build 12.3.1 (jwst 2.0.1) has the context jwst_1536.",
    "Hello era {}!",
)


def _outline(heard: Heard) -> Outline:
    said, facts = heard.announcement, facts_of(heard.announcement)
    before = said.facts.before if said.medium is Medium.SERVER else None
    files = facts.files if facts.kind is NoticeKind.MARKED_BAD else ()
    at = said.said_at or heard.heard_at
    return Outline(heard.key, at, said.identity, facts.context, before, facts.cal_ver, files)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(TEXTS),
            st.integers(0, 4),
            st.integers(0, 20),
            st.sampled_from([None, "<one-and-the-same@lists.example.org>"]),
            st.sampled_from(
                [None, ("jwst_1536", "jwst_1540"), ("jwst_1538", "jwst_1540"), ("jwst_1540", "jwst_1536")]
            ),
        ),
        min_size=1,
        max_size=12,
    ),
    data=st.data(),
)
def test_notices_are_the_same_with_what_is_kin_to_them_alone(
    hear: Hear,
    told: list[tuple[str, int, int, str | None, tuple[str, str] | None]],
    data: st.DataObject,
) -> None:
    heard = []
    for number, (text, era, day, identity, switch) in enumerate(told):
        words, days, source = text.format(era, era), era * ERA + day, f"source {number}"
        if switch is None:
            heard.append(hear(words, days=days, identity=identity, source=source))
        else:
            kind = NoticeKind.DELIVERY if switch[0] < switch[1] else NoticeKind.ROLLBACK
            record = {"medium": Medium.SERVER, "kind": kind, "before": switch[0], "context": switch[1]}
            heard.append(hear(words, days=days, source=source, **record))
    chosen = data.draw(st.sets(st.sampled_from([each.key for each in heard]), min_size=1, max_size=2))
    kin = merge_candidates(chosen, list(map(_outline, heard)))
    assert chosen <= kin

    def of_chosen(some: list[Heard]) -> set[tuple[str, frozenset[int]]]:
        groups = [(each.name, frozenset(one.key for one in each.heard)) for each in notices_of(some)]
        return {group for group in groups if not chosen.isdisjoint(group[1])}

    assert of_chosen([each for each in heard if each.key in kin]) == of_chosen(heard)


def test_what_is_far_and_has_nothing_in_common_is_left_out() -> None:
    at = datetime.fromisoformat("2026-11-22T06:00Z")
    outlines = [
        Outline(1, at - timedelta(days=400), "<1@x>", "jwst_1482"),
        Outline(2, at - timedelta(days=399), "<2@x>", "jwst_1483", before="jwst_1480"),
        Outline(3, at - timedelta(days=398), "<3@x>", "jwst_1484"),
        Outline(4, at - timedelta(days=50), "<4@x>"),
        Outline(5, at - timedelta(days=397), "<5@x>", is_known=False),
        Outline(6, at, "<6@x>", "jwst_1481"),
    ]
    assert merge_candidates({6}, outlines) == {1, 2, 4, 5, 6}, (
        "the switch, what is of it, what is near and what is not read"
    )
    assert merge_candidates(set(), outlines) == set()
