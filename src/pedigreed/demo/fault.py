"""What a fault of the recorded archive can spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.protocol import Answer, Query
    from pedigreed.demo.received import RequestKind
    from pedigreed.demo.reply import Reply


class Fault:
    """Spoils nothing. Each fault overrides what it spoils: the columns, the query, the answer or the reply."""

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:  # noqa: ARG002  # for the overriding
        """The columns that the service has, for a request of this kind."""
        return columns

    def on_query(self, query: Query) -> Query:
        """What the service takes the request for."""
        return query

    def on_answer(self, answered: Answer, query: Query) -> Answer:  # noqa: ARG002  # for the overriding
        """The rows and what is said of them."""
        return answered

    def on_reply(self, reply: Reply) -> Reply:
        """The HTTP reply and its way to the client."""
        return reply
