"""A configuration as it is written: YAML's values, each with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Path = tuple[str | int, ...]
"""Keys and list positions from the top: ``("subscriptions", 0, "name")``."""

Plain = str | int | float | bool | None | tuple["Plain", ...] | dict[str, "Plain"]


class Place(NamedTuple):
    """A line and a column, in characters, both from 1."""

    line: int
    column: int


class _Placed(Struct, frozen=True):
    """It begins in a line and a column, in characters, both from 1."""

    line: int
    column: int

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.line, self.column)


class Scalar(_Placed, frozen=True, gc=False):
    """One value. `text` is what stands in the file, without quotes."""

    value: str | float | bool | None
    text: str


class Sequence(_Placed, frozen=True):
    """A list."""

    items: tuple[Node, ...]


class Entry(_Placed, frozen=True):
    """A key's place, and its value."""

    node: Node


class Mapping(_Placed, frozen=True):
    """Keys and values."""

    entries: dict[str, Entry]


Node = Scalar | Sequence | Mapping


class Found(Struct, frozen=True):
    """The node at the end of a path.

    Attributes:
        path: the steps that the file has, which leaves out steps that only a validator knows.
        node: what is there.
        place: of the value; of its key where the value is empty.
        key_place: of its key; of the value where it has no key.
    """

    path: Path
    node: Node
    place: Place
    key_place: Place


def find(root: Node, path: Path) -> Found:
    """Follow a path as far as the file has it. Steps that the file has not are left out."""
    taken: list[str | int] = []
    node, key_place = root, root.place
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            entry = node.entries[step]
            node, key_place = entry.node, entry.place
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            key_place = node.place
        else:
            continue
        taken.append(step)
    is_empty = isinstance(node, Scalar) and node.value is None
    return Found(tuple(taken), node, key_place if is_empty else node.place, key_place)


def find_all(root: Node, is_wanted: Callable[[str | int, Node], bool]) -> list[tuple[Path, Node]]:
    """The nodes below the root that are wanted, with their paths, in the order of the file.

    Args:
        root: a whole configuration.
        is_wanted: told the key of a node, or its place in a list, and the node.
    """
    found: list[tuple[Path, Node]] = []
    _look_below(root, (), is_wanted, found)
    return found


def _look_below(
    node: Node, path: Path, is_wanted: Callable[[str | int, Node], bool], found: list[tuple[Path, Node]]
) -> None:
    if isinstance(node, Mapping):
        children: Iterable[tuple[str | int, Node]] = [(key, entry.node) for key, entry in node.entries.items()]
    elif isinstance(node, Sequence):
        children = enumerate(node.items)
    else:
        return
    for key, child in children:
        if is_wanted(key, child):
            found.append(((*path, key), child))
        # Most nodes are values, and no path is made for them.
        if not isinstance(child, Scalar):
            _look_below(child, (*path, key), is_wanted, found)


def plain(node: Node) -> Plain:
    """The values alone. A list becomes a tuple."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return tuple([plain(item) for item in node.items])
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def at(node: Node | None, *path: str) -> Node | None:
    """The node under these keys, or None where the file has none or something else."""
    for key in path:
        if not isinstance(node, Mapping) or key not in node.entries:
            return None
        node = node.entries[key].node
    return node


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; nothing where there is no list."""
    return node.items if isinstance(node, Sequence) else ()


def text(node: Node | None) -> str | None:
    """The text of a scalar that is not empty; None for anything else."""
    return node.text if isinstance(node, Scalar) and node.value is not None else None
