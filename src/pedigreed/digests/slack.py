"""A digest as a Slack message: the facts of the text, in as much detail as Slack takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.digests.change_words import TITLES, contents_of, is_move, products_in_words, summary_of
from pedigreed.digests.frame_words import programs_watched
from pedigreed.digests.lineage import keywords_moved, span_in_words
from pedigreed.digests.manifest import downloads_of
from pedigreed.digests.moments import period
from pedigreed.digests.moves import shown_of
from pedigreed.digests.slack_blocks import bold, code, context, fits, header, payload_of, safe, section
from pedigreed.digests.slack_checks import check_blocks, checked_lines
from pedigreed.digests.slack_disk import disk_blocks
from pedigreed.digests.slack_motion import motion_blocks
from pedigreed.digests.slack_notices import notice_blocks
from pedigreed.digests.subject import headline_of
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER
from pedigreed.digests.wording import clipped, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.lineage import Keyword
    from pedigreed.digests.moves import Move
    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.change import ChangeKind
    from pedigreed.model.digest import Digest, Transition

LONGEST_NAME = 60


class Detail(NamedTuple):
    """How much is told: moves of one kind of change, and rows of one section."""

    moves: int
    rows: int


DETAILS = (Detail(4, 12), Detail(3, 6), Detail(2, 4), Detail(1, 1), Detail(0, 0))
"""The first that fits is taken: it is as much as the text tells. The last has only numbers, and fits always."""


def slack_of(digest: Digest, subject: str, *, configuration: str, operator: str | None) -> bytes:
    """The payload of an incoming webhook, JSON in ASCII.

    Args:
        digest: composed.
        subject: the news in one line.
        configuration: the configuration's file name.
        operator: the address for questions and stops, if there is one.
    """
    payloads = (payload_of(subject, _blocks(digest, configuration, operator, detail)) for detail in DETAILS)
    return json.dumps(next(filter(fits, payloads))).encode("ascii")


def _blocks(digest: Digest, configuration: str, operator: str | None, detail: Detail) -> list[Block]:
    changes = [
        block
        for kind in KINDS_IN_READING_ORDER
        if (told := [transition for transition in digest.transitions if transition.kind is kind])
        for block in _kind(kind, told, digest, detail)
    ]
    return [
        header(headline_of(digest)),
        context([safe(programs_watched(digest)), safe(period(digest.starts, digest.ends, digest.timezone))]),
        *disk_blocks(digest, detail.rows),
        *changes,
        *motion_blocks(digest, detail.rows),
        *notice_blocks(digest, detail.rows),
        *check_blocks(digest, detail.rows),
        context([*checked_lines(digest, detail.rows), *_whole_list(digest)]),
        context([_reason(digest, configuration, operator)]),
    ]


def _kind(kind: ChangeKind, transitions: Sequence[Transition], digest: Digest, detail: Detail) -> list[Block]:
    """One section for each move; the first has the numbers of them all."""
    shown = shown_of(transitions, moves=detail.moves, rows=max(detail.rows, detail.moves))
    total, *goals = summary_of(kind, transitions, digest)
    lines = [f"{bold(TITLES[kind])}  {safe(total)}"]
    if not shown.moves:
        return [section([*lines, safe(f"in {count(len(transitions), 'transition')}")])]
    lines += map(safe, goals)
    blocks = []
    for move in shown.moves:
        blocks.append(section([*lines, *_rows(move)], _fields(move)))
        lines = []
    if shown.left_out:
        more = count(len(shown.left_out), "more transition")
        blocks.append(context([safe(f"and {more}, {products_in_words(shown.left_out)}")]))
    return blocks


def _rows(move: Move) -> list[str]:
    """A line for each program, and the pedigree where it is one."""
    lines = [
        f"\u2022 {bold(str(row.program))}  {safe(' '.join([f'{products_in_words([row])},', *contents_of(row)]))}"
        for row in move.rows
    ]
    if move.left_out:
        more = count(len(move.left_out), "more program")
        lines.append(safe(f"and {more}, {products_in_words(move.left_out)}"))
    span = move.after or move.before
    if span and not _fields(move):
        lines.append(safe(span_in_words(span)))
    return lines


def _fields(move: Move) -> list[str]:
    if not (move.before and move.after and is_move(move.rows[0].kind)):
        return []
    return [_field(keyword) for keyword in keywords_moved(move.before, move.after)]


def _field(keyword: Keyword) -> str:
    moved = keyword.old if keyword.old == keyword.new else f"{keyword.old} \u2192 {keyword.new}"
    note = [safe(keyword.note.replace("->", "\u2192"))] if keyword.note else []
    return "\n".join([bold(keyword.name), safe(moved), *note])


def _whole_list(digest: Digest) -> list[str]:
    """Where all of it is, and what downloads it: a webhook takes no files."""
    if not digest.changes:
        return []
    changes = count(len(digest.changes), "change")
    lines = [f"{changes} in full: {code('pedigreed history')}, or the files attached to this digest by e-mail"]
    if any(downloads_of(digest.changes)):
        lines.append(f"To download: {code('MastMissions.download_products')} of astroquery, on the JSON of them")
    return lines


def _reason(digest: Digest, configuration: str, operator: str | None) -> str:
    name, file = clipped(digest.subscription, LONGEST_NAME), clipped(configuration, LONGEST_NAME)
    why = f"You get this because {code(name)} in {safe(file)} delivers here."
    return f"{why} Questions and stops: {safe(clipped(operator, LONGEST_NAME))}" if operator else why
