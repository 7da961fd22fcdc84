"""Put a digest into words for where it goes, with the operator's own template if there is one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pedigreed.config.channels import Form
from pedigreed.delivery.messages import forms_of, operator_address
from pedigreed.digests.print_html import TEMPLATE, OwnTemplate
from pedigreed.digests.render import render
from pedigreed.regular_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.digest import Digest, RenderedDigest


LONGEST_TEMPLATE = 1_000_000
"""Bytes."""


def rendered_for(
    digest: Digest,
    subscription: Subscription,
    config: Config,
    configuration: str,
    *,
    has_document: bool = False,
    has_blocks: bool = False,
) -> RenderedDigest:
    """Render it for the destinations of its subscription.

    Args:
        digest: composed.
        subscription: whose digest it is.
        config: the configuration.
        configuration: the configuration file's name, for the footer.
        has_document: whether the document for other programs is wanted where no channel of the subscription is.
        has_blocks: the same of Slack's blocks.
    """
    forms = forms_of(subscription, config)
    return render(
        digest,
        configuration=configuration,
        operator=operator_address(config),
        has_document=has_document or Form.JSON in forms,
        has_blocks=has_blocks or None in forms,
        own_template=own_template(config.templates) if config.templates else None,
    )


def own_template(folder: Path) -> OwnTemplate:
    """What a folder has in the place of the built-in template, or why it can't be had. It is read each time."""
    file = folder / TEMPLATE
    try:
        with os.fdopen(open_regular(file), "rb") as opened:
            content = opened.read(LONGEST_TEMPLATE + 1)
    except OSError as error:
        return OwnTemplate("", f"{file}: {error.strerror or type(error).__name__}")
    if len(content) > LONGEST_TEMPLATE:
        return OwnTemplate("", f"{file} has more than {LONGEST_TEMPLATE:,} bytes")
    try:
        return OwnTemplate(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return OwnTemplate("", f"{file} is not UTF-8: byte {error.start}")
