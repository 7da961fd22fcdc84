"""What the settings' types can't see: names that must exist, secrets that must be there, and causes for a warning.

The file is read as it is written; what has the wrong shape is passed over, since the types complain of it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.config.address import has_password, normalise, parse_secret_url
from pedigreed.config.channels import parse_service_address
from pedigreed.config.config_problem import ConfigProblem, Severity, did_you_mean, listed, quoted
from pedigreed.config.secret import HOW_TO_REFER, PRIVATE_KEYS, REFERRING_KEYS, Secret
from pedigreed.config.value import FROM_DISK, format_duration, parse_duration, parse_name
from pedigreed.config.yaml_node import (
    Entry,
    Found,
    Mapping,
    Node,
    Path,
    Place,
    Scalar,
    at,
    find,
    find_all,
    items,
    plain,
    text,
)
from pedigreed.model.failure import ConfigurationInvalid, Unreadable
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections import abc
    from collections.abc import Iterator


_DAY = timedelta(days=1)
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_FORMS: abc.Mapping[str, abc.Callable[[str], object]] = {
    "store": normalise,
    "webhook": parse_secret_url,
    "heartbeat": parse_secret_url,
    "url": parse_secret_url,
    "apprise": parse_service_address,
}
"""What a secret has to be, by its key. Raises `ValueError` without repeating it."""
_EXAMPLE = re.compile(r"[^\s<>/@]*@?[^\s<>/@:]*\.example(?=$|[\s<>/:?#])", re.IGNORECASE)
"""An address or host of the domain that RFC 2606 keeps for examples."""

Remark = tuple[Place, str]


def check_references(root: Node, file: str) -> list[ConfigProblem]:
    """Every reference that leads nowhere, and every value that is empty."""
    checks = (_empty_values, _equal_names, _channel_names, _destinations, _logins, _programs_on_disk)
    return [ConfigProblem(file, *place, message) for check in checks for place, message in check(root)]


def _empty_values(root: Node) -> Iterator[Remark]:
    for path, _ in find_all(root, lambda _, node: isinstance(node, Scalar) and node.value is None):
        place = find(root, path).place
        if PRIVATE_KEYS & set(path[:-1]):
            yield place, f"a secret has one key with a value: {HOW_TO_REFER}"
        elif isinstance(path[-1], int):
            yield place, "an empty item in the list: give it a value, or remove it"
        else:
            yield place, f"{quoted(path[-1])} has no value: give it one, or remove the line"


def _equal_names(root: Node) -> Iterator[Remark]:
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


def _channel_names(root: Node) -> Iterator[Remark]:
    channels = at(root, "channels")
    for name, entry in channels.entries.items() if isinstance(channels, Mapping) else ():
        try:
            parse_name(name)
        except ValueError as error:
            yield entry.place, str(error)


def _destinations(root: Node) -> Iterator[Remark]:
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
    operator = at(root, "operator")
    if isinstance(operator, Mapping):
        yield ("operator",), operator
    for position, destination in enumerate(items(operator)):
        yield ("operator", position), destination


def _instead(name: str, defined: tuple[str, ...]) -> str:
    others = [channel for channel in defined if channel != "email"]
    if not others:
        return ": add it under channels"
    return did_you_mean(name, others) or f": write {listed(others)}, or add it under channels"


def _logins(root: Node) -> Iterator[Remark]:
    for path, or_none in ((("channels", "email"), ", or none"), (("sources", "mailbox", "imap"), "")):
        server = at(root, *path)
        if isinstance(server, Mapping):
            yield from _login(server.entries, or_none)


def _programs_on_disk(root: Node) -> Iterator[Remark]:
    for subscription in items(at(root, "subscriptions")):
        node = at(subscription, "watch", "programs")
        if node is not None and text(node) == FROM_DISK and not list(items(at(subscription, "local"))):
            yield (
                node.place,
                f"{FROM_DISK} watches what lies in the 'local' folders: add local: [/data/jades]",
            )


def _login(given: abc.Mapping[str, Entry], or_none: str) -> Iterator[Remark]:
    """Of one server. `or_none` ends the advice where there may be no login."""
    ways = [key for key in ("password", "token_command") if key in given]
    if "username" in given and not ways:
        message = f"'username' without 'password' or 'token_command': give one of them to log in{or_none}"
        yield given["username"].place, message
    if len(ways) > 1:
        message = "'token_command' beside 'password': they are two ways to log in, remove one of them"
        yield given["token_command"].place, message
    for way in ways:
        if "username" not in given:
            yield given[way].place, f"{way!r} without 'username': give both to log in{or_none}"


def advise(root: Node, file: str) -> list[ConfigProblem]:
    """Every warning that the text itself gives reason for."""
    checks = (
        _archive_load,
        _short_digests,
        _equal_programs,
        _unprotected_login,
        _inline_secrets,
    )
    return [ConfigProblem(file, *place, said, Severity.WARNING) for check in checks for place, said in check(root)]


def check_secrets(root: Node, file: str, environ: abc.Mapping[str, str], below: Path = ()) -> list[ConfigProblem]:
    """Secrets that can't be read, of the whole file or below a path.

    It is a warning where a service may have them all the same.
    """
    problems = []
    for found, secret in _secrets(root, environ):
        if found.path[: len(below)] != below:
            continue
        try:
            value = secret.reveal()
            form = "apprise" if "apprise" in found.path else str(found.path[-1])
            if parse := _FORMS.get(form):
                parse(value)
        except (ConfigurationInvalid, ValueError) as error:
            may_be_there = secret.is_out_of_sight or isinstance(error.__cause__, PermissionError)
            severity = Severity.WARNING if may_be_there else Severity.ERROR
            problems.append(ConfigProblem(file, *found.place, str(error), severity))
    return problems


def _secrets(root: Node, environ: abc.Mapping[str, str]) -> abc.Iterator[tuple[Found, Secret]]:
    for path, node in find_all(root, lambda key, node: key in REFERRING_KEYS and isinstance(node, Mapping)):
        try:
            yield find(root, path), Secret.read(plain(node), environ)
        except ValueError:
            continue


def check_examples(root: Node, file: str) -> list[ConfigProblem]:
    """A warning for each address that documentation uses, and nobody has: nothing arrives there."""
    return [
        ConfigProblem(file, *node.place, f"{found[0]!r} is an example: write your own", Severity.WARNING)
        for _, node in find_all(root, lambda _, node: isinstance(node, Scalar))
        if (found := _EXAMPLE.search(text(node) or ""))
    ]


def _archive_load(root: Node) -> abc.Iterator[Remark]:
    node = at(root, "sources", "mast", "every")
    every = _duration(node)
    if node and every and every < _DAY:
        yield (
            node.place,
            "MAST strongly recommends to ask no more than daily: write 1d, or ask them first",
        )
    sweep_node = at(root, "sources", "mast", "sweep")
    sweep = _duration(sweep_node)
    if sweep_node and sweep and sweep < (every or _DAY):
        yield (
            sweep_node.place,
            f"a sweep more often than every {format_duration(every or _DAY)} makes 'every' idle: write 7d",
        )


def _short_digests(root: Node) -> abc.Iterator[Remark]:
    for subscription in items(at(root, "subscriptions")):
        node = at(subscription, "digest", "every")
        every = _duration(node)
        if node and every and every < _DAY:
            yield (
                node.place,
                "a program can take days to reprocess, and this splits it over many digests: write day",
            )


def _equal_programs(root: Node) -> abc.Iterator[Remark]:
    for subscription in items(at(root, "subscriptions")):
        seen: dict[ProgramSelection, int] = {}
        for node in items(at(subscription, "watch", "programs")):
            try:
                selection = ProgramSelection.parse(text(node) or "")
            except Unreadable:
                continue
            whole = ProgramSelection(selection.program) if selection.observations else selection
            if selection in seen or whole in seen:
                line = seen.get(selection) or seen[whole]
                yield (
                    node.place,
                    f"the program {selection} is watched already by line {line}: remove one of the two",
                )
            seen.setdefault(selection, node.place.line)


def _unprotected_login(root: Node) -> abc.Iterator[Remark]:
    for path in (("channels", "email"), ("sources", "mailbox", "imap")):
        security, host = at(root, *path, "security"), text(at(root, *path, "host"))
        if not security or text(security) != "plain" or host in _LOOPBACK:
            continue
        for key, what in (("password", "password"), ("token_command", "access token")):
            if at(root, *path, key):
                yield security.place, f"the {what} would cross the network in the clear: write starttls or tls"


def _inline_secrets(root: Node) -> abc.Iterator[Remark]:
    for path, node in find_all(root, lambda key, node: key in PRIVATE_KEYS and bool(text(node))):
        if path[-1] == "store" and not has_password(text(node) or ""):
            continue
        what = "a password in the store's URL" if path[-1] == "store" else "a secret in the configuration"
        yield node.place, f"{what}, open to all who read the file: {HOW_TO_REFER}"


def _duration(node: Node | None) -> timedelta | None:
    try:
        return parse_duration(text(node) or "")
    except ValueError:
        return None
