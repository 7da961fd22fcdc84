"""What works and is still worth a word: warnings, and secrets that are not where they should be.

As in `references`, the file is read as it is written; what has the wrong shape is passed over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.config.address import parse_secret_url
from pedigreed.config.duration import format_duration, parse_duration
from pedigreed.config.node import Found, Mapping, Node, Place, at, find, items, plain, text, walk
from pedigreed.config.problem import ConfigProblem, Severity
from pedigreed.config.secret import HOW_TO_REFER, PRIVATE_KEYS, REFERRING_KEYS, Secret
from pedigreed.config.store_url import has_password, normalise
from pedigreed.model.failure import ConfigurationInvalid, Unreadable
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections import abc

_DAY = timedelta(days=1)
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_FORMS: abc.Mapping[str, abc.Callable[[str], object]] = {
    "store": normalise,
    "webhook": parse_secret_url,
    "heartbeat": parse_secret_url,
    "url": parse_secret_url,
}
"""What a secret has to be, by its key. Raises `ValueError` without repeating it."""
Remark = tuple[Place, str]


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


def check_secrets(root: Node, file: str, environ: abc.Mapping[str, str]) -> list[ConfigProblem]:
    """Secrets that are not there, and those that can't be looked up from here, which is a warning."""
    problems = []
    for found, secret in _secrets(root, environ):
        if secret.kind == "credential" and not environ.get("CREDENTIALS_DIRECTORY"):
            message = (
                f"the credential {secret.reference!r} was not looked up, since $CREDENTIALS_DIRECTORY is not set: "
                "systemd sets it for the service"
            )
            problems.append(ConfigProblem(file, *found.place, message, Severity.WARNING))
            continue
        try:
            value = secret.reveal()
            if parse := _FORMS.get(str(found.path[-1])):
                parse(value)
        except (ConfigurationInvalid, ValueError) as error:
            is_hidden = isinstance(error.__cause__, PermissionError)
            severity = Severity.WARNING if is_hidden else Severity.ERROR
            problems.append(ConfigProblem(file, *found.place, str(error), severity))
    return problems


def _secrets(root: Node, environ: abc.Mapping[str, str]) -> abc.Iterator[tuple[Found, Secret]]:
    for path, node in walk(root):
        if path and path[-1] in REFERRING_KEYS and isinstance(node, Mapping):
            try:
                yield find(root, path), Secret.read(plain(node), environ)
            except ValueError:
                continue


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
            whole = ProgramSelection(selection.program)
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
    for path, node in walk(root):
        if not path or path[-1] not in PRIVATE_KEYS or not (value := text(node)):
            continue
        if path[-1] == "store" and not has_password(value):
            continue
        what = "a password in the store's URL" if path[-1] == "store" else "a secret in the configuration"
        yield node.place, f"{what}, open to all who read the file: {HOW_TO_REFER}"


def _duration(node: Node | None) -> timedelta | None:
    try:
        return parse_duration(text(node) or "")
    except ValueError:
        return None
