"""A subject and a text as HTML, for readers that would show a text alone in letters of different widths."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.digest import RenderedDigest

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="margin:0;padding:12px">
<pre style="margin:0;overflow-x:auto;{font};font-size:13px;line-height:1.45">
{text}</pre>
</body>
</html>
"""
_FONT = "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def html_page(rendered: RenderedDigest) -> str:
    """The text in its columns, LF line ends. It names no colour, so that a reader's own are used."""
    return _PAGE.format(subject=html.escape(rendered.subject), font=_FONT, text=html.escape(rendered.text))
