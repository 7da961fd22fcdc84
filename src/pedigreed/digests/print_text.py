"""Prints the view of a digest as plain text: 78 columns, complete without any other format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

from pedigreed.digests.view import Budget
from pedigreed.digests.wording import one_line, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.digests.view import Group, Notice, Row, Section, Value, View, ViewWithin


WIDTH = 78
"""Columns that a quoted mail and an 80-column terminal both hold."""

TITLE = 15
"""Columns that the title of a section takes."""


_WORDS = re.compile(r"[^\s`]*`[^`]{1,60}`\S*|\S+")


def heading(title: str) -> str:
    """The title of a section, as wide for all of them where it can be."""
    return f"{title + '  ':<{TITLE}}"


def prose(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Text broken between words, the first line after `first`, the others after `rest`.

    A command in backticks stays whole if a line can hold it, so that it can be copied.
    """
    return filled(_WORDS.findall(text), first, rest)


def filled(pieces: Iterable[str], first: str = "", rest: str | None = None) -> list[str]:
    """Pieces, each kept whole if a line can hold it, with a space between them.

    Args:
        pieces: from anywhere: made safe here.
        first: what begins the first line.
        rest: what begins every other line; as wide a blank as `first` where it is not given.
    """
    indent = " " * cell_len(first) if rest is None else rest
    lines = [first]
    is_begun = False
    for piece in pieces:
        for part in _parts(one_line(piece), WIDTH - max(cell_len(first), cell_len(indent))):
            space = " " if is_begun else ""
            if is_begun and cell_len(lines[-1]) + 1 + cell_len(part) > WIDTH:
                lines.append(indent)
                space = ""
            lines[-1] += space + part
            is_begun = True
    return [line.rstrip() for line in lines]


def _parts(piece: str, room: int) -> list[str]:
    if not piece:
        return []
    return [piece] if cell_len(piece) <= room else [part for part in chop_cells(piece, room) if part]


BUDGET = Budget(notices=6)
"""What fits a screen."""

LONGEST_PROGRAM = 5
"""Digits."""

WIDEST_COLUMN = 28
"""Columns that old values may take side by side; two moments of two days are wider."""

MARGIN = "  "
HANGING = "    "
BELOW_A_PROGRAM = " " * (LONGEST_PROGRAM + 4)
ARROW = " -> "

ATTACHED = "Attached: "
PRODUCTS = "Products: "
TO_DOWNLOAD = "To download: "


def print_text(view_within: ViewWithin, *, has_files: bool = True) -> str:
    """The text, with LF line ends and one at the end. Without files beside it, it does not speak of any."""
    view = view_within(BUDGET)
    paragraphs = [
        [*prose(f"{view.subscription}: {view.programs}"), *prose(view.period)],
        *map(_section, view.sections),
        *([_attached(view), _products(view), _download(view)] if has_files else []),
        prose(view.reason),
    ]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"


def _section(section: Section) -> list[str]:
    title = heading(section.title)
    indent = " " * len(title)
    lines = prose(section.summary, title)
    for bar in section.bars:
        lines += prose(bar.words, indent) if bar.words else []
    width = max((len(row.number) for group in section.groups for row in group.rows), default=0)
    for place, group in enumerate(section.groups):
        lines += [""] * (place > 0) + _group(group, width)
    for row in section.rows:
        lines += _row(row, indent)
    for notice in section.notices:
        lines += _notice(notice)
    return lines + (prose(section.more, MARGIN) if section.more else [])


def _group(group: Group, width: int) -> list[str]:
    """A row for each program with the numbers in a column, then the pedigree that they share."""
    lines: list[str] = []
    for row in group.rows:
        lines += prose(row.words, f"{MARGIN}{row.name:>{LONGEST_PROGRAM}}  {row.number:>{width}}   ")
        lines += prose(row.about, BELOW_A_PROGRAM) if row.about else []
    for words in (group.more, group.pedigree):
        lines += prose(words, BELOW_A_PROGRAM) if words else []
    return lines + _values(group.values)


def _row(row: Row, indent: str) -> list[str]:
    words = ": ".join(filter(None, [row.number, row.words]))
    if not row.name:
        lines = prose(words, indent)
    elif row.name.isdecimal():
        lines = prose(words, f"{MARGIN}{row.name:>{LONGEST_PROGRAM}}  ")
    else:
        lines = prose(f"{row.name} {words}", MARGIN, HANGING)
    lines += prose(row.about, BELOW_A_PROGRAM) if row.about else []
    for first, detail in _in_column(row.details):
        lines += prose(detail, BELOW_A_PROGRAM + first)
    return lines


def _in_column(details: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Details with what stands before them, so that the numbers that they begin with end in one column."""
    numbers = [detail.partition(":")[0] for detail in details]
    is_column = all(number.replace(",", "").isdecimal() for number in numbers)
    widest = max(map(len, numbers), default=0)
    for number, detail in zip(numbers, details, strict=True):
        yield " " * (widest - len(number)) * is_column, detail


def _notice(notice: Notice) -> list[str]:
    lines = prose(f"{notice.name} {notice.news}", MARGIN, HANGING)
    for quote in notice.quotes:
        lines += prose(quote, HANGING, HANGING + " ")
    for touched in notice.touched:
        lines += prose(str(touched), HANGING, HANGING + "  ")
    for words in (notice.more, notice.outlook, notice.sources):
        lines += prose(words, HANGING) if words else []
    return lines


def _values(values: Sequence[Value]) -> list[str]:
    """Keywords from old to new, in columns. A value that did not change stands once."""
    old_width = max((cell_len(value.old) for value in values if cell_len(value.old) <= WIDEST_COLUMN), default=0)
    # Nothing stands behind the new value of the last.
    new_width = max((cell_len(value.new) for value in values[:-1]), default=0)
    lines: list[str] = []
    for value in values:
        lines += _value(f"{BELOW_A_PROGRAM}{value.keyword:<8}  ", value, (old_width, new_width))
    return lines


def _value(label: str, value: Value, widths: tuple[int, int]) -> list[str]:
    """One keyword in columns where they fit, else the new value and the builds below the old."""
    builds = _builds(value)
    moved = ARROW + (padded(value.new, widths[1]) if builds else value.new) if value.is_other else ""
    columns = padded(value.old, widths[0]) + (moved or " " * (len(ARROW) + widths[1]) * bool(builds))
    line = f"{label}{columns}{'  ' + builds if builds else ''}".rstrip()
    if cell_len(line) <= WIDTH:
        return [line]
    below = " " * (len(label) - 3)
    parts = [label + value.old, *([f"{below}-> {value.new}"] if value.is_other else [])]
    return [*parts, *([f"{below}   {builds}"] if builds else [])]


def _builds(value: Value) -> str:
    """``B12.1.1 -> B12.3.1``; one where they are the same, none where neither is known."""
    if value.old_build == value.new_build:
        return value.old_build
    return ARROW.join(name or "?" for name in (value.old_build, value.new_build))


def _attached(view: View) -> list[str]:
    """``Attached: jades-2026-11-22.json (40 files to download)``, and the table."""
    lines: list[str] = []
    for file in view.attached:
        lines += filled([file.name, *f"({file.words})".split()], " " * len(ATTACHED) if lines else ATTACHED)
    return lines + (prose(view.left_out, " " * len(ATTACHED)) if view.left_out else [])


def _products(view: View) -> list[str]:
    """The products that can be downloaded by name, where they are few."""
    lines: list[str] = []
    for file in view.download.files if view.download else ():
        lines += prose(file.name, " " * len(PRODUCTS) if lines else PRODUCTS)
    return lines


def _download(view: View) -> list[str]:
    """What fetches the products: lines to be copied, so none of them is broken."""
    if view.download is None or not view.download.code:
        return []
    return [
        *prose(view.download.words, TO_DOWNLOAD),
        f"{MARGIN}{view.download.command}",
        *prose(view.download.other_way, ""),
        *(f"{MARGIN}{line}" for line in view.download.code),
    ]
