"""A digest in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.attachments import attached_to
from pedigreed.digests.document import document_of
from pedigreed.digests.html import html_of
from pedigreed.digests.slack import slack_of
from pedigreed.digests.subject import subject_of
from pedigreed.digests.text import text_of
from pedigreed.model.digest import RenderedDigest

if TYPE_CHECKING:
    from pedigreed.digests.own_template import OwnTemplate
    from pedigreed.model.digest import Digest


def render(
    digest: Digest,
    *,
    configuration: str,
    operator: str | None = None,
    has_document: bool = False,
    own_template: OwnTemplate | None = None,
) -> RenderedDigest:
    """Put a digest into words, the same for every destination.

    Args:
        digest: composed.
        configuration: the configuration's file name, such as ``pedigreed.yaml``.
        operator: the address for questions and stops, if there is one.
        has_document: whether other programs get it too. Their document takes as long as all the rest.
        own_template: the operator's, for the page; where it fails, the built-in one is used.
    """
    attached = attached_to(digest)
    subject = subject_of(digest)
    text = text_of(digest, attached, configuration=configuration, operator=operator)
    html = html_of(
        digest, subject, attached, configuration=configuration, operator=operator, own_template=own_template
    )
    return RenderedDigest(
        digest_id=digest.digest_id,
        subscription=digest.subscription,
        subject=subject,
        text=text,
        attachments=tuple(each.attachment for each in attached),
        slack=slack_of(digest, subject, configuration=configuration, operator=operator),
        html=html.page,
        template_problem=html.problem,
        document=document_of(digest, subject, text) if has_document else b"",
    )
