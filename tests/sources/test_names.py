"""What people call a feed has no secret in it, and is the same tomorrow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.source import feed_name

TOKEN = "8f14e45fceea167a5a36dedd4bea2543"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (
            "https://maillist.example/scripts/wa.exe?RSS&L=NIRCAM_REFFILES&v=2.0",
            "NIRCAM_REFFILES at maillist.example",
        ),
        (
            "https://maillist.example/scripts/wa.exe?RSS&L=NIRCAM_REFFILES&v=ATOM1.0",
            "NIRCAM_REFFILES at maillist.example",
        ),
        ("http://127.0.0.1:8080/wa.exe?RSS&L=MIRI&X=0A1B2C3D4E&Y=me%40obs.example", "MIRI at 127.0.0.1"),
        ("https://news.example/", "news.example"),
        ("https://news.example:8443", "news.example:8443"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert feed_name(url) == name


@pytest.mark.parametrize(
    "url",
    [
        f"https://news.example/feed?access_token={TOKEN}",
        "https://news.example/feed?password=hunter",
        f"https://news.example/{TOKEN}/feed.xml",
        "https://news.example/hunter-1a2b-3c4d-5e6f/feed.xml",
        f"https://news.example/feed?{TOKEN}",
        f"https://news.example/feed?of={TOKEN}",
        "https://news.example/hunter/feed.xml",
        "https://news.example/feed?of=hunter&RSS",
        "https://lists.example/wa.exe?RSS&L=hunter%20x",
    ],
)
def test_what_may_be_secret_is_not_shown_and_still_tells_two_feeds_apart(url: str) -> None:
    name = feed_name(url)
    assert TOKEN not in name
    assert "hunter" not in name
    assert name.split(" ")[0] in {"news.example", "lists.example"}
    assert name == feed_name(url)
    assert name != feed_name(url.replace(TOKEN, TOKEN[::-1]).replace("hunter", "gatherer"))


@given(st.text(alphabet=st.characters(exclude_characters="/?#[]@:", exclude_categories=["Cs"])), st.text())
def test_a_name_is_one_line(path: str, query: str) -> None:
    name = feed_name(f"https://news.example/{path}?{query}")
    assert name.startswith("news.example")
    assert name.isprintable()
