"""What no setting can tell by itself: names that must be there, be different, or go together.

These checks read the file as it is written, so that they are told together with everything else.
What has the wrong shape is passed over here; it is told where the shape is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.node import Mapping, Node, Path, Place, Scalar, at, find, items, text, walk
from pedigreed.config.problem import ConfigProblem
from pedigreed.config.secret import HOW_TO_REFER, PRIVATE_KEYS
from pedigreed.config.suggestion import did_you_mean, listed, quoted
from pedigreed.config.value import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

Wrong = tuple[Place, str]


def check_references(root: Node, file: str) -> list[ConfigProblem]:
    """Every reference that leads nowhere, and every value that is empty."""
    checks = (_empty_values, _equal_names, _channel_names, _destinations, _logins)
    return [ConfigProblem(file, *place, message) for check in checks for place, message in check(root)]


def _empty_values(root: Node) -> Iterator[Wrong]:
    for path, node in walk(root):
        if not path or not isinstance(node, Scalar) or node.value is not None:
            continue
        place = find(root, path).place
        if PRIVATE_KEYS & set(path[:-1]):
            yield place, f"a secret has one key with a value: {HOW_TO_REFER}"
        elif isinstance(path[-1], int):
            yield place, "an empty item in the list: give it a value, or remove it"
        else:
            yield place, f"{quoted(path[-1])} has no value: give it one, or remove the line"


def _equal_names(root: Node) -> Iterator[Wrong]:
    first: dict[str, int] = {}
    for subscription in items(at(root, "subscriptions")):
        node = at(subscription, "name")
        name = text(node)
        if node is None or name is None:
            continue
        if name in first:
            yield (
                node.place,
                f"a subscription named {quoted(name)} is in line {first[name]} already: rename one of them",
            )
        first.setdefault(name, node.place.line)


def _channel_names(root: Node) -> Iterator[Wrong]:
    channels = at(root, "channels")
    for name, entry in channels.entries.items() if isinstance(channels, Mapping) else ():
        try:
            parse_name(name)
        except ValueError as error:
            yield entry.key_place, str(error)


def _destinations(root: Node) -> Iterator[Wrong]:
    channels = at(root, "channels")
    defined = tuple(channels.entries) if isinstance(channels, Mapping) else ()
    email_is_missing = False
    for path, destination in _all_destinations(root):
        if isinstance(destination, Mapping) and "email" in destination.entries and "email" not in defined:
            if not email_is_missing:
                yield find(root, (*path, "email")).key_place, _NO_EMAIL_CHANNEL
            email_is_missing = True
        node = at(destination, "channel")
        name = text(node)
        if node is None or name is None:
            continue
        if name == "email":
            yield node.place, "'email' is reached by addresses, not by its name: write {email: ADDRESS}"
        elif name not in defined:
            yield node.place, f"no channel {quoted(name)} is defined{_instead(name, defined)}"


_NO_EMAIL_CHANNEL = (
    "there is no mail server to deliver by: add channels: {email: {from: ..., host: ..., security: starttls}}"
)


def _all_destinations(root: Node) -> Iterator[tuple[Path, Node]]:
    for index, subscription in enumerate(items(at(root, "subscriptions"))):
        for position, destination in enumerate(items(at(subscription, "deliver"))):
            yield ("subscriptions", index, "deliver", position), destination
    if operator := at(root, "operator"):
        yield ("operator",), operator


def _instead(name: str, defined: tuple[str, ...]) -> str:
    others = [channel for channel in defined if channel != "email"]
    if not others:
        return ": add it under channels"
    return did_you_mean(name, others) or f": write {listed(others)}, or add it under channels"


def _logins(root: Node) -> Iterator[Wrong]:
    email = at(root, "channels", "email")
    if not isinstance(email, Mapping):
        return
    given = email.entries
    ways = [key for key in ("password", "token_command") if key in given]
    if "username" in given and not ways:
        message = "'username' without 'password' or 'token_command': give one of them to log in, or none"
        yield given["username"].key_place, message
    if len(ways) > 1:
        message = "'token_command' beside 'password': they are two ways to log in, remove one of them"
        yield given["token_command"].key_place, message
    for way in ways:
        if "username" not in given:
            yield given[way].key_place, f"{way!r} without 'username': give both to log in, or none"
