"""What companies and universities put above mails from outside."""

from __future__ import annotations

import re

from pedigreed.sources.about_crds import names_jwst

_TAG = re.compile(
    r"[\W_]*external(?:[\W_]*(?:e-?mail|message|sender))?[\W_]*?(?:\([^()\n]*\)\W*?)?(?:\n|\Z)", re.IGNORECASE
)
_OF_GATEWAYS = re.compile(r"\s*ZjQcmQRYFpfpt\w+\s*")
"""What a common mail gateway puts around its banners, for itself."""
_BANNER_BEGINS = re.compile(
    r"[\W_]*(?:caution|external|warning|attention|notice|alert|th(?:is|e sender of this) (?:e-?mail|message)"
    r"|(?:you|some people who received this message) don.?t often get e-?mail"
    r"|be careful with this (?:e-?mail|message)"
    r"|achtung|vorsicht|warnung|hinweis|diese (?:e-?mail|nachricht)"
    r"|avertissement|ce (?:courriel|message)|cet e-?mail"
    r"|atenci[o\u00f3]n|precauci[o\u00f3]n|est[ea] (?:correo|mensaje|e-?mail)|attenzione|questa e-?mail"
    r"|let op|waarschuwing|deze e-?mail|dit bericht)\b",
    re.IGNORECASE,
)
_SAYS_EXTERNAL = re.compile(
    r"(?=.*\b(?:extern\w*|outside|au(?:\u00df|ss)erhalb|ext[e\u00e9]rieur\w*|estern[aio]|fuera|buiten)\b)"
    r"(?=.*\b(?:e-?mail|mail|message|sender|nachricht|absender|courriel|exp[e\u00e9]diteur|correo|mensaje"
    r"|remitente|messaggio|mittente|bericht|afzender)s?\b)"
    r"|.*\boften get e-?mail from\b|.*\bcareful with this\b|[\W_]*external[\W_]*\Z",
    re.IGNORECASE | re.DOTALL,
)
_ADVICE = re.compile(
    r"\b(?:click\w*|attachments?|phishing|(?:recogni[sz]e|verify|trust|know) the sender|learn why this is"
    r" important|report (?:this|the|suspicious|message)|suspicious|identity could not be verified"
    r"|(?:be|exercise|use|take) (?:careful|cautious|caution|care)"
    r"|(?:an)?klicke[nr]?|anh[a\u00e4]nge|cliquez|pi[e\u00e8]ces jointes|clic|enlaces|adjuntos"
    r"|cliccare|allegati|klik|bijlagen)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\S+@\S+")
_SENTENCE = re.compile(r"(?:[^.!?\]\n]|[.!?](?=\S)|\n(?!\n))+[.!?\]]*[\s=*_|:-]*")
_LONGEST = 1_500
_LONGEST_TAG = 200
"""Characters."""


def without_banner(text: str) -> str:
    """The text without what companies put above mails from outside: that they are, and what not to click on.

    A sentence that says anything of JWST's is no part of it.
    """
    head = _OF_GATEWAYS.sub("\n\n", text[:_LONGEST])
    text = head.lstrip() + text[_LONGEST:]
    tag = _TAG.match(text, 0, _LONGEST_TAG)
    end = tag.end() if tag else 0
    for sentence in _SENTENCE.finditer(text, end, _LONGEST):
        said = sentence[0]
        begins = _BANNER_BEGINS.match(said) and (_SAYS_EXTERNAL.match(said) or _ADVICE.search(said))
        if not (begins or (end and (_ADVICE.search(said) or _SAYS_EXTERNAL.match(said)))) or names_jwst(
            _ADDRESS.sub("", said)
        ):
            break
        end = sentence.end()
    return text[end:].lstrip("\n") if end else text
