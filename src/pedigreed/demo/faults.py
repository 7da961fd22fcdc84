"""How the recorded archive can misbehave: a closed set, after what users of the real one have met.

A fault changes one of four things: the columns that the service has, the query, the answer, or the reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.protocol import Answer, Query
    from pedigreed.demo.received import Received
    from pedigreed.demo.reply import Reply


class Fault:
    """A fault that does nothing. The others override what they spoil."""

    def on_columns(self, columns: Columns, _received: Received) -> Columns:
        return columns

    def on_query(self, query: Query) -> Query:
        return query

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return answered

    def on_reply(self, reply: Reply) -> Reply:
        return reply
