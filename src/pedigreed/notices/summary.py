"""The first sentences of a text that say why."""

from __future__ import annotations

import re
from itertools import dropwhile

from pedigreed.notices.sentences import sentences

MOST_CHARACTERS = 300
_PASSED_OVER = re.compile(
    r"(?:(?:dear|hello|hi|greetings|good (?:morning|afternoon|day))\b"
    r"|(?:best|kind|with) regards|sincerely|thanks|thank you|cheers"
    r"|delivered by\b|for (?:more|further) (?:details|information)\b|more (?:details|information)\b"
    r"|on the crds (?:web ?page|web ?site)\b|see (?:diffs|the diffs|jira|crds)\b"
    r"|(?:instruments?|(?:reference|file)[ _]types?|modes?(?:[ _]affected)?|affected[ _]modes|(?:new |old )?files?"
    r"|change[ _]level|context|deliver(?:y date|ed|er)|activat(?:ion date|ed))\s?:|jwst_\S+$"
    r"|(?:from|to|cc|date|sent|subject|reply-to):|-- ?$|[>_=*#-]{3,}|set by system$)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:description|reason|summary|why)\s?:\s", re.IGNORECASE)
_HEADER = re.compile(r"affected (?:data|modes|instruments|files|observations)\b", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|could|should|may|must|do|does|did"
    r"|(?!fixed slit)\w{2,30}ed|updates|includes?|adds?|contains?|reflects?|corrects?|fix(?:es)?|replaces?"
    r"|applies|apply|delivering"
    r"|removes?|deleting|provides?|uses?|improves?|makes?|sets?|turns?)\b",
    re.IGNORECASE,
)


def summary_of(text: str) -> str:
    """What a text says first, on one line of at most 300 characters; empty where there is no text.

    Whole sentences, as many as fit. Greetings, pointers elsewhere and lines of facts ("Instrument: MIRI") are
    passed over, and so is a header of what is affected, with the sentences without a verb that go on with it: the
    notice has that as facts. Where nothing else is left, the text's own beginning stands. A sentence that is too
    long is cut between words.
    """
    said = sentences(text)
    kept = [
        _LABEL.sub("", each, count=1) if _LABEL.match(each) else each
        for each in said
        if not _PASSED_OVER.match(each)
    ]
    if kept and _HEADER.match(kept[0]):
        kept = list(dropwhile(lambda sentence: not _VERB.search(sentence), kept[1:])) or kept
    chosen = ""
    for sentence in kept or said:
        longer = f"{chosen} {sentence}".strip()
        if len(longer) > MOST_CHARACTERS:
            break
        chosen = longer
    return chosen or _cut((kept or said)[0] if said else "")


def _cut(sentence: str) -> str:
    if len(sentence) <= MOST_CHARACTERS:
        return sentence
    return f"{sentence[: MOST_CHARACTERS - 4].rpartition(' ')[0] or sentence[: MOST_CHARACTERS - 4]} ..."
