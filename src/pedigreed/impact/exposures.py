"""The exposures that a product of stage 3 combines, as far as the archive's names tell.

For an observation's product, ``o001``, they are the exposures of that observation and instrument whose optical
elements its name has. Where there are none, and for all others, they are those whose products of level 2c carry
the association's name. Exposures that no stage 3 combines, such as those that acquire a target, are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pedigreed.model.pipeline import is_combined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pedigreed.impact.inventory import Group, Inventory
    from pedigreed.model.instrument import Instrument

_LEVELS = ("2b", "2c", "2a", "1b")
"""Where an exposure's header is looked for, in this order."""
_NAMED = ("filter", "pupil", "grating", "subarray", "detector")
_OPTICS = re.compile(
    r"f\d{3,4}(?:w2?|[mncxr]|lp|nd)|g\d{3}[hm]|prism|p750l|gr\d{3}[cr]|gr700xd|grism[cr]|wl[mp]\d+"
)
"""An optical element in the light path: what is not in an exposure's is not the exposure's product."""
_NUMBERS = re.compile(r"(?:ch)?([1-4]+)")
_BANDS = ("short", "medium", "long")


class Exposures:
    """The groups of exposures in an inventory, by observation and by association."""

    def __init__(self, inventory: Inventory) -> None:
        self._headers = inventory.headers
        self._by_observation: dict[tuple[Instrument, int, int], dict[str, list[Group]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._by_association: dict[tuple[Instrument, int, str], list[Group]] = defaultdict(list)
        self._known: dict[tuple[Instrument, int, str, str], tuple[Group, ...]] = {}
        for group in inventory.groups:
            if group.level == "3":
                continue
            if group.observation is not None:
                observation = group.instrument, group.program, group.observation
                self._by_observation[observation][group.level].append(group)
            if group.association:
                self._by_association[group.instrument, group.program, group.association].append(group)

    def of(self, combined: Group) -> tuple[Group, ...]:
        """The groups whose products' headers are those of the exposures. Empty where they are not known."""
        about = combined.instrument, combined.program, combined.association, combined.optics
        known = self._known.get(about)
        if known is None:
            known = self._known[about] = tuple(self._of(combined))
        return known

    def _of(self, combined: Group) -> Sequence[Group]:
        instrument, program, association = combined.instrument, combined.program, combined.association
        named = self._by_association.get((instrument, program, association), [])
        if not association.startswith("o"):
            return self._fitting(combined.optics, named) or named
        by_level = self._by_observation.get((instrument, program, int(association[1:])), {})
        fitting = (self._fitting(combined.optics, by_level.get(level, [])) for level in _LEVELS)
        return next(filter(None, fitting), named)

    def _fitting(self, optics: str, groups: Sequence[Group]) -> list[Group]:
        """Those whose exposures have the elements of a name. What is named of no exposure tells nothing."""
        headers = {group.header: dict(self._headers[group.header]) for group in groups}
        combined = {number for number, header in headers.items() if is_combined(_text(header, "exp_type"))}
        values = {number: _elements_of(headers[number]) for number in combined or headers}
        elements = [part for part in re.split(r"[-_]", optics) if part]
        telling = [
            element
            for element in elements
            if _OPTICS.fullmatch(element) or any(_fits(element, some) for some in values.values())
        ]
        numbers = {digit for element in telling if (form := _NUMBERS.fullmatch(element)) for digit in form[1]}
        fitting = {
            number for number, some in values.items() if all(_fits(each, some, numbers) for each in telling)
        }
        return [group for group in groups if group.header in fitting]


def _text(parameters: Mapping[str, object], name: str) -> str | None:
    value = parameters.get(name)
    return None if value is None else str(value).strip()


def _elements_of(parameters: Mapping[str, object]) -> tuple[frozenset[str], frozenset[str], str]:
    """What a name may spell of an exposure: its optical elements, its channels, its band."""
    named = frozenset(text.lower() for name in _NAMED if (text := _text(parameters, name)))
    channels = frozenset(_text(parameters, "channel") or "") & frozenset("1234")
    return named, channels, (_text(parameters, "band") or "").lower()


def _fits(
    element: str, values: tuple[frozenset[str], frozenset[str], str], numbers: set[str] | None = None
) -> bool:
    named, channels, band = values
    if element in named:
        return True
    if form := _NUMBERS.fullmatch(element):
        return bool(channels & (numbers or set(form[1])))
    return band in _BANDS and band in element
