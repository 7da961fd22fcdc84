"""How CRDS can misbehave beside the `faults` of any server: in what its JSON-RPC says."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from faults import Fault
from pedigreed.demo.crds import encoded

Envelope = dict[str, object]


class CrdsFault(Fault):
    """Spoils what stands in the reply."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        """The reply's object: error, jsonrpc, id and result."""
        return envelope


@dataclass(frozen=True, slots=True)
class RpcError(CrdsFault):
    """An error object, with status 200."""

    message: str = "OtherError: database is locked"

    def on_envelope(self, envelope: Envelope) -> Envelope:
        error = {"message": self.message, "code": 500, "data": None, "name": "OtherError"}
        return {**envelope, "error": error, "result": None}


class WrongId(CrdsFault):
    """The answer to another call."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "id": "another"}


class NullResult(CrdsFault):
    """Neither a result nor an error."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": None}


class WithoutResult(CrdsFault):
    """The keys are not there."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {"jsonrpc": "1.0", "id": envelope["id"]}


@dataclass(frozen=True, slots=True)
class OtherResult(CrdsFault):
    """Any other JSON as the result."""

    result: object

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": self.result}


class OtherEncoding(CrdsFault):
    """Said to be encoded, and is not."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": {"crds_encoded": "1.0", "crds_payload": "this is no base64"}}


class CutEncoding(CrdsFault):
    """What is compressed breaks off."""

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": encoded(gzip.compress(bytes(range(256)) * 40)[:-20])}


@dataclass(frozen=True, slots=True)
class ResultBomb(CrdsFault):
    """A small reply that expands to so many bytes of JSON."""

    size: int = 50_000_000

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": encoded(gzip.compress(b'"' + b" " * self.size + b'"'))}
