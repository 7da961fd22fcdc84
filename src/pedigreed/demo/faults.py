"""How the recorded archive can misbehave: a closed set, after what users of the real one have met.

The connection and HTTP:  GatewayTimeout, Unavailable, ClientError, TooManyRequests, ServerError, HtmlPage,
                          EmptyBody, OtherBody, TruncatedJson, ResetBefore, ResetMidBody, Hang, Drip
The protocol:             ErrorReply, Executing, TablesEnvelope, NoPaging, MissingColumn, UnconfiguredColumn
How many rows:            TruncatedPage, SmallPages, ShortRow, WrongTotal, MovingTotal, RepeatedPage,
                          DuplicateRow, IgnoredFilter, NoRows
What the rows hold:       NumbersAsStrings, BooleansAsWords, NullValues, MissingKeys
"""

from pedigreed.demo.fault import Fault
from pedigreed.demo.http_faults import (
    ClientError,
    Drip,
    EmptyBody,
    GatewayTimeout,
    Hang,
    HtmlPage,
    OtherBody,
    ResetBefore,
    ResetMidBody,
    ServerError,
    TooManyRequests,
    TruncatedJson,
    Unavailable,
)
from pedigreed.demo.protocol_faults import (
    ErrorReply,
    Executing,
    MissingColumn,
    NoPaging,
    TablesEnvelope,
    UnconfiguredColumn,
)
from pedigreed.demo.row_faults import (
    DuplicateRow,
    IgnoredFilter,
    MovingTotal,
    NoRows,
    RepeatedPage,
    ShortRow,
    SmallPages,
    TruncatedPage,
    WrongTotal,
)
from pedigreed.demo.value_faults import BooleansAsWords, MissingKeys, NullValues, NumbersAsStrings

EVERY_FAULT: tuple[type[Fault], ...] = (
    GatewayTimeout,
    Unavailable,
    ClientError,
    TooManyRequests,
    ServerError,
    HtmlPage,
    EmptyBody,
    OtherBody,
    TruncatedJson,
    ResetBefore,
    ResetMidBody,
    Hang,
    Drip,
    ErrorReply,
    Executing,
    TablesEnvelope,
    NoPaging,
    MissingColumn,
    UnconfiguredColumn,
    TruncatedPage,
    SmallPages,
    ShortRow,
    WrongTotal,
    MovingTotal,
    RepeatedPage,
    DuplicateRow,
    IgnoredFilter,
    NoRows,
    NumbersAsStrings,
    BooleansAsWords,
    NullValues,
    MissingKeys,
)
"""The closed set."""

__all__ = [
    "EVERY_FAULT",
    "BooleansAsWords",
    "ClientError",
    "Drip",
    "DuplicateRow",
    "EmptyBody",
    "ErrorReply",
    "Executing",
    "Fault",
    "GatewayTimeout",
    "Hang",
    "HtmlPage",
    "IgnoredFilter",
    "MissingColumn",
    "MissingKeys",
    "MovingTotal",
    "NoPaging",
    "NoRows",
    "NullValues",
    "NumbersAsStrings",
    "OtherBody",
    "RepeatedPage",
    "ResetBefore",
    "ResetMidBody",
    "ServerError",
    "ShortRow",
    "SmallPages",
    "TablesEnvelope",
    "TooManyRequests",
    "TruncatedJson",
    "TruncatedPage",
    "Unavailable",
    "UnconfiguredColumn",
    "WrongTotal",
]
