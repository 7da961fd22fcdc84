"""Very many changes in little memory: a campaign brings hundreds of thousands in a day."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, overload

from msgspec import msgpack

from pedigreed.model.change import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AT_ONCE = 500
"""Changes that are unpacked at once. A sequence of fewer is a tuple."""


def packed(changes: Iterable[Change]) -> Sequence[Change]:
    """The changes in the order given. Those of equal sequences are equal, and hashable, as tuples are."""
    left = iter(changes)
    blocks = []
    block = tuple(islice(left, AT_ONCE))
    if len(block) < AT_ONCE:
        return block
    length = 0
    while block:
        blocks.append(zlib.compress(msgpack.encode(block), zlib.Z_BEST_SPEED))
        length += len(block)
        block = tuple(islice(left, AT_ONCE))
    return _PackedChanges(tuple(blocks), length)


class _PackedChanges(Sequence[Change]):
    """Some twenty bytes for each, where its name is like that of the one before."""

    __slots__ = ("_blocks", "_length")

    def __init__(self, blocks: tuple[bytes, ...], length: int) -> None:
        self._blocks = blocks
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Change]:
        for block in self._blocks:
            yield from _unpacked(block)

    @overload
    def __getitem__(self, place: int) -> Change: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Change]: ...
    def __getitem__(self, place: int | slice) -> Change | Sequence[Change]:
        if isinstance(place, slice):
            return packed(self[each] for each in range(self._length)[place])
        number, within = divmod(range(self._length)[place], AT_ONCE)
        return _unpacked(self._blocks[number])[within]

    def __eq__(self, other: object) -> bool:
        return self._blocks == other._blocks if isinstance(other, _PackedChanges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._blocks)


@lru_cache(maxsize=1)
def _unpacked(block: bytes) -> tuple[Change, ...]:
    return _DECODER.decode(zlib.decompress(block))


_DECODER = msgpack.Decoder(tuple[Change, ...])
