"""A digest in every format that a channel sends: text, HTML, Slack's blocks, and the document of a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.attachments import attached_to
from pedigreed.digests.digest_view import view_of
from pedigreed.digests.document import document_of
from pedigreed.digests.print_html import print_html
from pedigreed.digests.print_slack import print_slack
from pedigreed.digests.print_text import print_text
from pedigreed.digests.subject import subject_of
from pedigreed.model.digest import RenderedDigest

if TYPE_CHECKING:
    from pedigreed.digests.print_html import OwnTemplate
    from pedigreed.digests.view import Budget, View
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

    def view_within(budget: Budget) -> View:
        return view_of(
            digest, budget, subject=subject, attached=attached, configuration=configuration, operator=operator
        )

    text = print_text(view_within)
    html = print_html(view_within, own_template)
    return RenderedDigest(
        digest_id=digest.digest_id,
        subscription=digest.subscription,
        subject=subject,
        text=text,
        text_without_files=print_text(view_within, has_files=False),
        attachments=tuple(each.attachment for each in attached),
        slack=print_slack(view_within),
        html=html.page,
        template_problem=html.problem,
        document=document_of(digest, subject, text) if has_document else b"",
    )
