"""What a terminal is shown of what others wrote."""

from __future__ import annotations

import pytest

from pedigreed.model.printable import printable


@pytest.mark.parametrize(
    "harm",
    [
        "\x1b[2J",
        "\x9b1m",
        "\x07",
        "\x7f",
        *("\u202e", "\u2067", "\u200f", "\u061c"),  # turn letters around
        "\u2028",
        "\udc9b1m",  # the byte 9B of a path that is no UTF-8
        "\ud800",
    ],
)
def test_what_would_steer_it_is_a_space(harm: str) -> None:
    shown = printable(f"a{harm}b")
    assert shown == f"a {harm[1:]}b"
    shown.encode()


def test_letters_of_all_languages_stay() -> None:
    said = "Ångström 日本語 שלום 👩‍🚀\n"
    assert printable(said, keep="\n") == said
    assert printable(said) == said.replace("\n", " ")
