"""A digest in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.attachments import attached_to
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
    attached = attached_to(digest)
    return RenderedDigest(
        digest_id=digest.digest_id,
        subscription=digest.subscription,
        subject=subject_of(digest),
        text=text_of(digest, attached, configuration=configuration, operator=operator),
        attachments=tuple(each.attachment for each in attached),
    )
