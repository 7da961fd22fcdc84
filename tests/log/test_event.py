"""Any event is one line of valid JSON, without a secret."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.log.event import LONGEST
from pedigreed.log.setup import Destination, formatter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from pedigreed.redaction import Secrets

SECRET = 'hunter2 "and" wörd\n'
_PIECES = st.sampled_from(
    [SECRET, SECRET.strip(), f"https://u:{SECRET.strip()}@h.example/x", "\u2028", "\n", "\x1b["]
)
_TEXTS = st.lists(st.text(st.characters()) | _PIECES, max_size=4).map("".join)


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


@dataclass
class Holder:
    value: object


_SINGLE = (
    _TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**4400, max_value=10**4401)
    | st.floats()
    | st.datetimes()
    | _TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | _TEXTS.map(ValueError)
    | _TEXTS.map(Holder)
    | st.builds(Unprintable)
)
_VALUES = st.recursive(
    _SINGLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_TEXTS | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
        | inner.map(Holder)
    ),
    max_leaves=20,
)
_EVENTS = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), _VALUES, max_size=6)


def record(
    event: object,
    error: BaseException | None = None,
    *,
    number: int = logging.INFO,
    values: dict[str, object] | None = None,
) -> logging.LogRecord:
    """What structlog hands to the standard library."""
    made = logging.LogRecord("pedigreed", number, __file__, 1, "", None, None)
    made.msg = {**(values or {}), "event": event, **({"exc_info": error} if error else {})}
    made.__dict__ |= {"_logger": None, "_name": "info"}
    return made


def line(given_record: logging.LogRecord, leads_to: Destination = Destination.PIPE) -> str:
    return formatter(leads_to).format(given_record)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def parsed(text: str) -> Any:  # noqa: ANN401  # any JSON
    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert len(text.splitlines()) == 1
    assert text.isascii()
    return json.loads(text, parse_constant=refused)


def raised(error: BaseException) -> BaseException:
    """An error with a traceback."""
    password = SECRET
    try:
        _raise(error)
    except BaseException as caught:  # noqa: BLE001
        del password
        return caught
    raise AssertionError


def _raise(error: BaseException) -> None:
    raise error


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=_VALUES, values=_EVENTS, message=_TEXTS)
def test_any_event_is_one_line_of_json_without_a_secret(
    known: Secrets, event: object, values: dict[str, object], message: str
) -> None:
    known.add(SECRET)
    for error in (None, raised(RuntimeError(message))):
        text = line(record(event, error, values=values))
        document = parsed(text)
        assert len(text) <= LONGEST
        for secret in (SECRET, SECRET.strip(), 'hunter2 \\"and'):
            assert not [found for found in texts(document) if secret in found]
        assert document["level"] == "info"


def test_values_that_hold_themselves_or_have_no_end_are_cut(known: Secrets) -> None:
    del known
    loop: list[object] = []
    loop.extend([loop] * 100)
    text = line(record("a", values={"loop": loop, "many": list(range(10_000)), "long": "x\"'" * 100_000}))
    assert len(text) <= LONGEST
    assert parsed(text)["event"] == "a"
    cut = parsed(line(record("a", values={"many": dict.fromkeys(range(10_000), 1)})))["many"]
    assert cut["..."] > 7000


def test_values_keep_what_json_has(known: Secrets) -> None:
    del known
    values: dict[str, object] = {"a": 1, "b": [True, None, 1.5], "c": {"d": "e"}}
    assert parsed(line(record("x", values=values))).items() >= values.items()
    moment = datetime(2026, 11, 22, 6, tzinfo=UTC)
    odd = {"at": moment, "bad": float("nan"), "big": 1 << 70, "raw": b"ab\xff", "kinds": {"one"}}
    told = parsed(line(record("x", values=odd)))
    assert told["at"] == "2026-11-22T06:00:00+00:00"
    assert (told["bad"], told["big"], told["raw"]) == ("nan", "0x400000000000000000", "ab\\xff")
    assert told["kinds"] == ["one"]


def test_the_journal_gets_a_priority_and_no_time(known: Secrets) -> None:
    del known
    numbers = {logging.CRITICAL: 3, logging.ERROR: 3, 35: 4, logging.WARNING: 4, logging.INFO: 6, 5: 7}
    for number, priority in numbers.items():
        prefix, text = line(record("x", number=number), Destination.JOURNAL)[:3], line(record("x", number=number))
        assert prefix == f"<{priority}>"
        assert "timestamp" in parsed(text)
        assert "timestamp" not in parsed(line(record("x", number=number), Destination.JOURNAL)[3:])


def test_a_traceback_is_data_with_its_causes_and_without_values(known: Secrets) -> None:
    known.add(SECRET)
    try:
        try:
            _raise(ValueError(SECRET))
        except ValueError as cause:
            cause.add_note(f"the password was {SECRET}")
            raise RuntimeError("while sending") from cause
    except RuntimeError as error:
        document = parsed(line(record("failed", error)))
    outer, inner = document["exception"]
    assert (outer["exc_type"], outer["exc_value"]) == ("RuntimeError", "while sending")
    assert (inner["exc_value"], inner["exc_notes"]) == ("***", ["the password was ***"])
    assert inner["frames"][0]["name"] == "test_a_traceback_is_data_with_its_causes_and_without_values"
    assert "locals" not in inner["frames"][-1]


def test_the_record_of_a_library_is_like_ours(known: Secrets) -> None:
    known.add("hunter2")
    info: tuple[type[BaseException], BaseException, TracebackType | None]
    try:
        _raise(OSError("no route to https://bot:secret@mx.example"))
    except OSError:
        info = sys.exc_info()  # type: ignore[assignment]
    of_library = logging.LogRecord(
        "aiosmtplib", logging.WARNING, "f", 1, "login %s\nof %s", ("hunter2", "me"), info
    )
    document = parsed(line(of_library))
    assert document["event"] == "login ***\nof me"
    assert (document["logger"], document["level"]) == ("aiosmtplib", "warning")
    assert document["exception"][0]["exc_value"] == "no route to https://***@mx.example"


def test_on_a_terminal_a_text_moves_no_cursor(known: Secrets) -> None:
    known.add("hunter2")
    error = raised(RuntimeError("of hunter2\x1b[2J\x9b"))
    text = line(record("an\r\nevent\x1b[2J", error, values={"value": "a\nb\x07 hunter2"}), Destination.TERMINAL)
    first, *traceback = text.split("\n")
    assert "an event [2J" in first
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "RuntimeError: of *** [2J"
    assert "hunter2" not in text
    assert not {"\r", "\x07", "\x9b"} & set(text)
    assert "\x1b[2J" not in text
