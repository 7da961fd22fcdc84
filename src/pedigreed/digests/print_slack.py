"""Prints the view of a digest as a Slack message: blocks of mrkdwn, within the limits that Slack has for them."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from pedigreed.digests.view import Budget
from pedigreed.digests.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.digests.view import Group, Notice, Row, Section, Value, View, ViewWithin

Block = dict[str, Any]

BUDGETS = tuple(
    Budget(
        groups=groups,
        rows=rows,
        notices=min(rows, 4),
        types=4,
        programs=12,
        bars=min(rows, 3),
        quote=quote,
        reason=200,
        has_about=has_about,
        has_files=False,
    )
    for groups, rows, quote, has_about in (
        (4, 12, 500, True),
        (3, 6, 500, False),
        (2, 4, 300, False),
        (1, 1, 160, False),
        (0, 0, 160, False),
    )
)
"""The first whose message Slack takes is taken. The last has only numbers, and fits always."""

LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 2000
MOST_FIELDS = 10
MOST_BLOCKS = 40
"""Slack takes 50."""

LONGEST_IN_ALL = 10_000
"""Characters of a whole payload, keys included. Slack refuses some 13,000 characters of text, and does not say so
in its documentation."""

ARROW = " \u2192 "
BULLET = "\u2022 "
SMALL_BULLET = "\u25e6 "

_LOOK_ALIKE = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_EMPHASIS = re.compile(r"(?<!\w)_|_(?!\w)")
_EMOJI = re.compile(r":(?=[\w+'-]*[a-z][\w+'-]*:|100:|1234:)", re.IGNORECASE)
_COMMAND = re.compile(r"`([^`]+)`")


def print_slack(view_within: ViewWithin) -> bytes:
    """The payload of an incoming webhook, JSON in ASCII."""
    payloads = (_payload(view_within(budget)) for budget in BUDGETS)
    return json.dumps(next(filter(fits, payloads))).encode("ascii")


def _payload(view: View) -> Block:
    """What a webhook takes. `text` is the news for notifications and readers without blocks."""
    blocks = [
        _header(view.news),
        _context([safe(view.programs), safe(view.period)]),
        *(block for section in view.sections for block in _section(section)),
        _context([*_rest(view), words(view.reason)]),
    ]
    return {"text": safe(view.subject), "blocks": blocks}


def _section(section: Section) -> Iterator[Block]:
    """A block for each group, so that its keywords stand below it; the first has the section's title."""
    lines = [f"*{safe(section.title)}*  {words(section.summary)}"]
    lines += [words(bar.words) for bar in section.bars if bar.words]
    lines += [line for row in section.rows for line in _row(row, ": ")]
    lines += [line for notice in section.notices for line in _notice(notice)]
    for group in section.groups:
        yield _block([*lines, *_group(group)], list(map(_field, group.values)))
        lines = []
    if section.more and section.groups:
        yield _context([words(section.more)])
    elif section.more:
        lines.append(words(section.more))
    if lines:
        yield _block(lines)


def _group(group: Group) -> list[str]:
    lines = [line for row in group.rows for line in _row(row, ", ")]
    return lines + [words(line) for line in (group.more, group.pedigree) if line]


def _row(row: Row, between: str) -> list[str]:
    """A line, and one for each of its details."""
    line = words(between.join(filter(None, [row.number, row.words])))
    if row.page:
        line = f"{BULLET}{_link(row.page, row.name)}  {line}"
    elif row.name:
        line = f"{BULLET}{safe(row.name)} {line}"
    about = [f"_{safe(row.about)}_"] if row.about else []
    return [line, *about, *(SMALL_BULLET + words(detail) for detail in row.details)]


def _field(value: Value) -> str:
    """A keyword, its values, and the builds that are known of them, one below the other."""
    new = f"<{_address(value.new_page)}|{safe(value.new)}>" if value.new_page else safe(value.new)
    moved = safe(value.old) + ARROW + new if value.is_other else new
    builds = [value.old_build, value.new_build] if value.old_build != value.new_build else [value.new_build]
    note = [safe(ARROW.join(build or "?" for build in builds))] if any(builds) else []
    return "\n".join([f"*{safe(value.keyword)}*", moved, *note])


def _notice(notice: Notice) -> list[str]:
    name = _link(notice.page, notice.name) if notice.page else f"*{safe(notice.name)}*"
    return [
        f"{BULLET}{name} {words(notice.news)}",
        *map(words, notice.quotes),
        *(words(str(touched)) for touched in notice.touched),
        *(words(line) for line in (notice.more, notice.outlook, notice.sources) if line),
    ]


def _rest(view: View) -> Iterator[str]:
    """Where to find what is not told here, and the products that can be downloaded."""
    if view.left_out:
        yield words(view.left_out)
    for file in view.download.files if view.download else ():
        yield f"<{_address(file.page)}|{safe(file.name)}>"


def safe(text: str) -> str:
    """Text from anywhere on one line of mrkdwn, shown as it is.

    The three characters of Slack's own markup are escaped. Those that would format, or make an emoji of a word,
    are written with others that look alike, since they can't be escaped.
    """
    return _shown(one_line(text))


def words(text: str) -> str:
    """The same, with what stands in backticks in the fixed font."""
    # Every other piece is the content of backticks.
    pieces = _COMMAND.split(one_line(text))
    return "".join(f"`{_shown(piece)}`" if place % 2 else _shown(piece) for place, piece in enumerate(pieces))


def _shown(line: str) -> str:
    shown = _EMOJI.sub("\u2236", _EMPHASIS.sub("\u02cd", line.translate(_LOOK_ALIKE)))
    return html.escape(shown, quote=False)


def _link(page: str, name: str) -> str:
    # A bar parts the address from the name.
    return f"*<{_address(page)}|{safe(name.replace('|', '¦'))}>*"


def _address(page: str) -> str:
    return html.escape(page, quote=False)


def _header(text: str) -> Block:
    """The first line, in large letters; what is too long is cut."""
    line = one_line(text)
    while len(html.escape(line, quote=False)) > LONGEST_HEADER:
        line = line[:-4].rstrip() + "..."
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": html.escape(line, quote=False), "emoji": False},
    }


def _block(lines: Iterable[str], fields: Sequence[str] = ()) -> Block:
    """Lines of mrkdwn, and fields in two columns below them."""
    block: Block = {"type": "section", "text": _mrkdwn("\n".join(lines))}
    if fields:
        block["fields"] = [_mrkdwn(field) for field in fields]
    return block


def _context(lines: Iterable[str]) -> Block:
    """Lines of mrkdwn in small letters."""
    return {"type": "context", "elements": [_mrkdwn("\n".join(lines))]}


def fits(payload: Block) -> bool:
    """Whether Slack takes it: each limit of one block, and both limits of the whole."""
    blocks: list[Block] = payload["blocks"]
    return (
        len(blocks) <= MOST_BLOCKS
        and all(map(_block_fits, blocks))
        and len(json.dumps(payload, ensure_ascii=False)) < LONGEST_IN_ALL
    )


def _block_fits(block: Block) -> bool:
    fields = [*block.get("fields", ()), *block.get("elements", ())]
    return (
        len(block.get("text", {"text": ""})["text"]) <= LONGEST_SECTION
        and len(fields) <= MOST_FIELDS
        and all(len(field["text"]) <= LONGEST_FIELD for field in fields)
    )


def _mrkdwn(text: str) -> dict[str, str | bool]:
    # Verbatim: what looks like an address or a channel is not made into a link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
