"""A digest in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.attachments import attachments_of
from pedigreed.digests.subject import subject_of
from pedigreed.digests.text import text_of
from pedigreed.model.digest import RenderedDigest

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest


def render(digest: Digest, *, configuration: str, operator: str | None = None) -> RenderedDigest:
    """Put a digest into words, the same for every destination.

    Args:
        digest: composed.
        configuration: the configuration's file name, such as ``pedigreed.yaml``.
        operator: the address for questions and stops, if there is one.
    """
    attachments = attachments_of(digest)
    return RenderedDigest(
        digest_id=digest.digest_id,
        subscription=digest.subscription,
        subject=subject_of(digest),
        text=text_of(digest, attachments, configuration=configuration, operator=operator),
        attachments=attachments,
    )
