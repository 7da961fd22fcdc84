"""Mails as lists, mail programs and MAST's subscriptions send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

SENT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


def list_mail(number: int = 1, text: str = "", **fields: str) -> EmailMessage:
    """A plain mail about a delivery to CRDS.

    Args:
        number: what its Message-ID ends with, `delivery-1@lists.example`.
        text: another text.
        fields: other fields of its header, an underscore for a hyphen. An empty one is left out.
    """
    mail = EmailMessage()
    header = {
        "Message_ID": f"<delivery-{number}@lists.example>",
        "Date": format_datetime(SENT),
        "From": "lists@lists.example",
        "Subject": f"[miri-reffiles] New MIRI dark {number}",
    }
    for name, value in (header | fields).items():
        if value:
            mail[name.replace("_", "-")] = value
    mail.set_content(text or f"jwst_miri_dark_{number:04}.fits is in use since jwst_1535.pmap.\n")
    return mail


def event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """One of MAST's events, as its mails have them."""
    return {
        "event_id": "00000000-0000-4000-8000-000000000001",
        "mission": "JWST",
        "fileset": "jw01345001001_02201_00001",
        "filename": "jw01345001001_02201_00001_mirimage_cal.fits",
        "program": 1345,
        "event_type": "Reprocessed",
        "archived_date": "2026-11-02T08:15:10.707",
        "public_release_date": "2026-11-02T08:15:10",
    } | changes


def mast_mail(*events: dict[str, Any], number: int = 1) -> EmailMessage:
    """A mail of a subscription, with its attachment."""
    mail = list_mail(number, "Your program has new data.\n", Subject="Data of program 1345")
    content = json.dumps(events or [event()]).encode()
    mail.add_attachment(content, maintype="application", subtype="json", filename="event_metadata.json")
    return mail
