"""Faults of the portal's protocol. Some of them are only its other dialect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.demo import protocol
from pedigreed.demo.fault import Fault
from pedigreed.demo.received import RequestKind
from pedigreed.demo.reply import Reply

if TYPE_CHECKING:
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.protocol import Answer, Query


@dataclass(frozen=True, slots=True)
class ErrorReply(Fault):
    """The status ERROR with a message, in an HTTP reply that says 200."""

    message: str = "Timeout expired. The timeout period elapsed prior to completion of the operation."

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(protocol.encode_error(self.message))


class Executing(Fault):
    """Not yet. With no number of times: never."""

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(protocol.encode_executing())


class TablesEnvelope(Fault):
    """The other envelope: ``Tables`` with ``Fields`` and positional ``Rows``."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, is_tabular=True)


class NoPaging(Fault):
    """An answer that does not say how many rows there are."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, paging=None)


@dataclass(frozen=True, slots=True)
class MissingColumn(Fault):
    """A column that the service has no longer, and refuses by name.

    Attributes:
        column: in the spelling of the wire.
        is_still_configured: whether the columns configuration lists it all the same.
    """

    column: str = "date_mjd"
    is_still_configured: bool = False

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:
        if kind is RequestKind.COLUMNSCONFIG and self.is_still_configured:
            return columns
        return {name: typed for name, typed in columns.items() if name != self.column}


@dataclass(frozen=True, slots=True)
class UnconfiguredColumn(Fault):
    """A column that the service has, and that its columns configuration does not list."""

    column: str = "cal_ver"

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:
        if kind is not RequestKind.COLUMNSCONFIG:
            return columns
        return {name: typed for name, typed in columns.items() if name != self.column}
