"""Change what a subscription watches in the text of a configuration, and nothing else of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from pedigreed.config.load import parse_config
from pedigreed.model.failure import PedigreedError, Usage
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pedigreed.config.settings import Config

NEW_NAME = "my-programs"


def new_text(programs: Iterable[ProgramSelection], to: str | None) -> str:
    """A configuration that watches programs, and prints digests where it runs, or mails them to an address.

    The mails go by this machine's own mail system.
    """
    channel = "screen" if to is None else "own-mail"
    settings = "stdout" if to is None else f"{{command: {{run: sendmail, to: {to}}}}}"
    return (
        "# Written by `pedigreed watch`. `pedigreed config init` prints what else can be set.\n"
        "subscriptions:\n"
        f"  - name: {NEW_NAME}\n"
        "    watch:\n"
        f"      programs: [{', '.join(map(_written, programs))}]\n"
        "    deliver:\n"
        f"      - channel: {channel}\n"
        "channels:\n"
        f"  {channel}: {settings}\n"
    )


def watching_more(text: str, name: str, programs: Collection[ProgramSelection], environ: Mapping[str, str]) -> str:
    """The text with more programs for a subscription.

    Args:
        text: a configuration that can be used.
        name: of the subscription.
        programs: that it does not watch yet.
        environ: where secrets are looked up, so that the new text can be checked.

    Raises:
        Usage: the list can't be changed without changing more than it.
    """
    new = text
    for program in programs:
        items = _items(new, name)
        new = _with_item(new, items, _written(program))
    return _checked(new, text, name, environ, added=programs)


def watching_less(text: str, name: str, programs: Collection[ProgramSelection], environ: Mapping[str, str]) -> str:
    """The text with fewer programs for a subscription, which keeps one at least. As `watching_more`."""
    new = text
    while True:
        items = _items(new, name)
        found = [item for item in items.value if ProgramSelection.parse(item.value) in programs]
        if not found:
            return _checked(new, text, name, environ, removed=programs)
        new = _without_item(new, items, found[0])


def _written(program: ProgramSelection) -> str:
    return f'"{program}"' if program.observations else str(program)


def _items(text: str, name: str) -> yaml.SequenceNode:
    """The list of programs of a subscription, with its place in the text."""
    # The text was read as a configuration, so everything is where it is looked for.
    for subscription in _value(yaml.compose(text, yaml.SafeLoader), "subscriptions").value:
        if _value(subscription, "name").value == name:
            found = _value(_value(subscription, "watch"), "programs")
            assert isinstance(found, yaml.SequenceNode)
            return found
    raise AssertionError(name)


def _value(node: yaml.Node | None, key: str) -> yaml.Node:
    assert isinstance(node, yaml.MappingNode)
    found: yaml.Node = next(value for written, value in node.value if written.value == key)
    return found


def _with_item(text: str, items: yaml.SequenceNode, written: str) -> str:
    last = items.value[-1]
    if items.flow_style:
        end = last.end_mark.index
        return f"{text[:end]}, {written}{text[end:]}"
    end = _end_of_line(text, last.end_mark.index)
    line = "\n" + " " * items.start_mark.column + f"- {written}"
    return text[:end] + line + text[end:]


def _without_item(text: str, items: yaml.SequenceNode, item: yaml.Node) -> str:
    if items.flow_style:
        place = items.value.index(item)
        if place:
            return text[: items.value[place - 1].end_mark.index] + text[item.end_mark.index :]
        after = items.value[1].start_mark.index if len(items.value) > 1 else item.end_mark.index
        return text[: item.start_mark.index] + text[after:]
    start = text.rfind("\n", 0, item.start_mark.index) + 1
    return text[:start] + text[_end_of_line(text, item.end_mark.index) + 1 :]


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _checked(
    new: str,
    old: str,
    name: str,
    environ: Mapping[str, str],
    *,
    added: Collection[ProgramSelection] = (),
    removed: Collection[ProgramSelection] = (),
) -> str:
    """The new text, where it says what it should and nothing else has changed."""
    before, programs = _apart(parse_config(old, "", environ).config, name)
    try:
        is_right = _apart(parse_config(new, "", environ).config, name) == (
            before,
            (programs | set(added)) - set(removed),
        )
    except PedigreedError:
        is_right = False
    if not is_right:
        raise Usage(f"the programs of {name!r} are written in a way that is not changed by itself: edit the file")
    return new


def _apart(config: Config, name: str) -> tuple[Config, set[ProgramSelection]]:
    """A configuration without the programs of one subscription, and these."""
    watch = next(entry.watch for entry in config.subscriptions if entry.name == name)
    without = watch.model_copy(update={"programs": ()})
    entries = [
        entry.model_copy(update={"watch": without}) if entry.name == name else entry
        for entry in config.subscriptions
    ]
    return config.model_copy(update={"subscriptions": tuple(entries)}), set(watch.programs)
