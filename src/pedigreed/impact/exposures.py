"""The exposures that a product of stage 3 combines, as far as the archive's names tell.

For an observation's product, ``o001``, they are the exposures of that observation and instrument whose optical
elements its name has. For others they are those whose products of level 2c carry the association's name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.impact.inventory import Group, Inventory
    from pedigreed.model.instrument import Instrument

_LEVELS = ("2b", "2c", "2a", "1b")
"""Where an exposure's header is looked for, in this order."""
_OPTICS = ("filter", "pupil", "grating")
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

    def _of(self, combined: Group) -> list[Group]:
        if not combined.association.startswith("o"):
            return self._by_association.get((combined.instrument, combined.program, combined.association), [])
        observation = int(combined.association[1:])
        by_level = self._by_observation.get((combined.instrument, combined.program, observation), {})
        found = next((by_level[level] for level in _LEVELS if by_level.get(level)), [])
        elements = [part for part in re.split(r"[-_]", combined.optics) if part]
        values = {group.header: _elements_of(dict(self._headers[group.header])) for group in found}
        telling = [element for element in elements if any(_fits(element, some) for some in values.values())]
        numbers = {digit for element in telling if (form := _NUMBERS.fullmatch(element)) for digit in form[1]}
        return [
            group for group in found if all(_fits(element, values[group.header], numbers) for element in telling)
        ]


def _elements_of(parameters: Mapping[str, object]) -> tuple[frozenset[str], frozenset[str], str]:
    """What a name may spell of an exposure: its optical elements, its channels, its band."""
    optics = frozenset(str(parameters[name]).lower() for name in _OPTICS if parameters.get(name) is not None)
    channels = frozenset(str(parameters.get("channel") or "")) & frozenset("1234")
    return optics, channels, str(parameters.get("band") or "").lower()


def _fits(
    element: str, values: tuple[frozenset[str], frozenset[str], str], numbers: set[str] | None = None
) -> bool:
    optics, channels, band = values
    if element in optics:
        return True
    if form := _NUMBERS.fullmatch(element):
        return bool(channels & (numbers or set(form[1])))
    return band in _BANDS and band in element
