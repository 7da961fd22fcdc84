"""The pedigree in a primary header, against astropy, and against anything that a file may begin with."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fits_files import fits, time
from pedigreed.model.failure import Unreadable
from pedigreed.model.pedigree import Pedigree
from pedigreed.sources.disk.fits_header import BLOCK, MOST_BLOCKS, date_of, made_in

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=68).filter(
    # A text of a card is at most 68 characters, a quote counting twice. Of two quotes in a row astropy does not
    # read what it wrote itself.
    lambda text: len(text) + text.count("'") <= 68 and "''" not in text
)
comments = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
keywords = st.sampled_from(("CAL_VER", "CRDS_CTX", "FILENAME", "CAL_VCS", "DATE-OBS", "DATE-BEG", "CRDS_VER"))
of_headers = st.lists(
    # Nor does it read a text that is empty where there is a quote in its comment.
    st.tuples(keywords, printable, comments).filter(lambda card: card[1] or "'" not in card[2]),
    max_size=12,
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001  # as headers have them


def pedigree_in(content: bytes) -> Pedigree | None:
    made = made_in(content)
    return None if made is None else made.pedigree


def written(*cards: object) -> bytes:
    """A file whose primary header has these cards."""
    header = fits.Header()
    for card in cards:
        header.append(card, end=True)
    file = io.BytesIO()
    fits.PrimaryHDU(header=header).writeto(file, output_verify="silentfix+ignore")
    return file.getvalue()


def card(text: str) -> bytes:
    return text.encode("ascii").ljust(80)


FIRST = card("SIMPLE  =                    T")
DATE = card("DATE    = '2024-04-09T19:07:23.700'")
END = card("END")


@given(of_headers, moments)
@example([("CAL_VER", "it's / 'quoted'", "a / comment's end")], datetime(2024, 4, 9, 19, 7, 23, 700_000))  # noqa: DTZ001  # as headers have them
@example([("CAL_VER", "   before and after   ", "")], datetime(2024, 4, 9))  # noqa: DTZ001  # as headers have them
def test_what_astropy_writes_is_read_as_astropy_reads_it(
    cards: list[tuple[str, str, str]], moment: datetime
) -> None:
    content = written(*cards, ("DATE", moment.isoformat(timespec="milliseconds")))
    with fits.open(io.BytesIO(content)) as opened:
        header = opened[0].header
        expected = {name: header.get(name) or None for name in ("CAL_VER", "CRDS_CTX")}
    pedigree = pedigree_in(content)
    assert pedigree is not None
    assert {"CAL_VER": pedigree.cal_ver, "CRDS_CTX": pedigree.crds_ctx} == expected
    assert pedigree.date == moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)


def test_a_text_over_several_cards_and_notes_that_look_like_cards_are_passed_over() -> None:
    content = written(
        ("COMMENT", "DATE    = '1999-01-01'"),
        ("HISTORY", "CAL_VER = '9.9'"),
        ("FILENAME", "jw01345_" + "x" * 200 + "'CRDS_CTX= 'jwst_9999.pmap'"),
        ("HIERARCH CAL_VER", "9.9"),
        ("DATE", "2024-04-09T19:07:23.700"),
        ("CAL_VER", "1.13.3"),
        ("CRDS_CTX", "jwst_1225.pmap"),
    )
    assert pedigree_in(content) == Pedigree(
        "1.13.3", "jwst_1225.pmap", datetime(2024, 4, 9, 19, 7, 23, 700_000, tzinfo=UTC)
    )


@given(st.integers(0, 5 * BLOCK))
def test_a_header_that_is_not_there_wholly_needs_more_or_says_the_same(size: int) -> None:
    content = written(
        *((f"KEY{number}", number) for number in range(120)),
        ("DATE", "2024-04-09"),
        ("CAL_VER", "1.13.3"),
        ("CRDS_CTX", "jwst_1225.pmap"),
    )
    assert pedigree_in(content[:size]) in {None, pedigree_in(content)}
    assert pedigree_in(content) is not None


@given(st.binary(max_size=400), st.booleans(), st.integers(0, 3 * BLOCK))
def test_whatever_a_file_begins_with_is_read_or_unreadable(junk: bytes, is_fits: bool, place: int) -> None:
    content = bytearray(FIRST + DATE + card("CAL_VER = '1.0'") * 40 if is_fits else b"")
    content[place : place + len(junk)] = junk
    with suppress(Unreadable):
        pedigree_in(bytes(content))


@given(st.binary(max_size=70))
def test_whatever_a_card_holds_is_read_or_unreadable(junk: bytes) -> None:
    content = FIRST + DATE + b"CAL_VER = " + junk.ljust(70) + END
    with suppress(Unreadable):
        pedigree = pedigree_in(content)
        assert pedigree is not None
        assert pedigree.cal_ver is None or pedigree.cal_ver.isprintable()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n" + bytes(80), "it is no FITS file"),
        (b"#ASDF 1.0.0\n", "it is no FITS file"),
        (card("SIMPLE  =                    F"), "it is no FITS file"),
        (FIRST + END, "its header has no CAL_VER, no CRDS_CTX and no DATE"),
        (FIRST + card("DATE    = 'yesterday'") + END, "its header's DATE: 'yesterday' is no date"),
        (FIRST + card("CAL_VER = 'never closed") + END, "the value of CAL_VER in its header can't be read"),
        (
            FIRST + b"CRDS_CTX= '\x1b[2J'".ljust(80) + END,
            "the value of CRDS_CTX in its header can't be read",
        ),
        (
            FIRST + card("") * (BLOCK * MOST_BLOCKS // 80),
            "its header has no end within 368,640 bytes",
        ),
    ],
)
def test_what_can_not_be_read_is_said(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as raised:
        pedigree_in(content)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("content", [b"", b"SIMPLE", FIRST, FIRST + DATE, FIRST + DATE + END[:79]])
def test_a_header_without_its_end_needs_more(content: bytes) -> None:
    assert pedigree_in(content) is None


@pytest.mark.parametrize(
    ("line", "cal_ver"),
    [
        ("CAL_VER = '1.0     '           / version", "1.0"),
        ("CAL_VER = 'it''s '''' / quoted' / it's", "it's '' / quoted"),
        ("CAL_VER = ''''", "'"),
        ("CAL_VER = ''", None),
        ("CAL_VER = '        '", None),
        ("CAL_VER =", None),
        ("CAL_VER =                      / no value", None),
        ("CAL_VER =                  1.5 / a number", "1.5"),
        ("CAL_VER   '1.0'", None),
    ],
)
def test_values_of_every_form(line: str, cal_ver: str | None) -> None:
    pedigree = pedigree_in(FIRST + card(line) + DATE + END)
    assert pedigree is not None
    assert pedigree.cal_ver == cal_ver


def test_the_first_of_two_equal_keywords_counts() -> None:
    content = FIRST + card("CAL_VER = '1.0'") + card("CAL_VER = '2.0'") + DATE + END
    pedigree = pedigree_in(content.ljust(BLOCK))
    assert pedigree is not None
    assert pedigree.cal_ver == "1.0"


@pytest.mark.parametrize(
    "date",
    [
        card("DATE    = 'yesterday'"),
        card("DATE    = 'never closed"),
        card("DATE    = 60981.5"),
        "DATE    = '2 août'".encode().ljust(80),
        b"DATE    = '\x1b[2J'".ljust(80),
    ],
)
def test_a_date_that_can_not_be_read_leaves_the_other_keywords(date: bytes) -> None:
    content = FIRST + date + card("CAL_VER = '1.0'") + END
    assert pedigree_in(content) == Pedigree("1.0", None, None)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-04-09T19:07:23.700", datetime(2024, 4, 9, 19, 7, 23, 700_000, tzinfo=UTC)),
        ("2024-04-09T19:07:23.7", datetime(2024, 4, 9, 19, 7, 23, 700_000, tzinfo=UTC)),
        ("2024-04-09 19:07:23", datetime(2024, 4, 9, 19, 7, 23, tzinfo=UTC)),
        ("2024-04-09T19:07", datetime(2024, 4, 9, 19, 7, tzinfo=UTC)),
        ("2024-04-09", datetime(2024, 4, 9, tzinfo=UTC)),
        ("2024-04-09T19:07:23Z", datetime(2024, 4, 9, 19, 7, 23, tzinfo=UTC)),
        ("2024-04-09T21:07:23.5+02:00", datetime(2024, 4, 9, 19, 7, 23, 500_000, tzinfo=UTC)),
        ("2024-04-09T14:07-0500", datetime(2024, 4, 9, 19, 7, tzinfo=UTC)),
        ("09/04/98", datetime(1998, 4, 9, tzinfo=UTC)),
    ],
)
def test_a_date_in_each_form(text: str, date: datetime) -> None:
    assert date_of(text) == date
    if "+" not in text and "-05" not in text and "/" not in text:
        # astropy has no offsets, and leaves the form of before 2000 to wcslib.
        assert time.Time(text.rstrip("Z"), scale="utc").to_datetime(UTC) == date


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-13-09",
        "31/02/98",
        "2024-04-09T25:00",
        "2024-W15-2",
        "0000-00-00",
        "60409.8",
        "/Date(0)/",
    ],
)
def test_what_is_no_date_is_said(text: str) -> None:
    with pytest.raises(Unreadable, match="no date"):
        date_of(text)


def as_astropy_reads(content: bytes) -> tuple[str, str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = fits.Header.fromstring(content.decode("latin-1"))
        return header["CAL_VER"], header["CRDS_CTX"], header["DATE"]


PEDIGREE = (card("CAL_VER = '1.13.3'"), card("CRDS_CTX= 'jwst_1225.pmap'"), DATE)


@pytest.mark.parametrize(
    "cards",
    [
        [card("CAL_VER = '1.13.&'"), card("CONTINUE  '3' / over two cards"), *PEDIGREE[1:], END],
        [card("CAL_VER = '1.&'"), card("CONTINUE  '13&'"), card("CONTINUE  '.3'"), *PEDIGREE[1:], END],
        [card("cal_ver = '1.13.3'"), card("Crds_ctx= 'jwst_1225.pmap'"), DATE, END],
        [*PEDIGREE, b"END".ljust(80, b"\0")],
        [*PEDIGREE, b"END".ljust(80, b"\0"), bytes(2000)],
        [b"CAL_VER = '1.13.3'".ljust(80, b"\0"), *PEDIGREE[1:], END],
        [*PEDIGREE, END, card("CAL_VER = '9.9'"), b"\xff\x00junk" * 40],
        [card("HIERARCH ESO CAL_VER = '9.9'"), *PEDIGREE, END],
        [card("SDP_VER = '2023_4a'"), card("COMMENT cal_ver = '9.9'"), *PEDIGREE, END],
    ],
    ids=[
        "continued",
        "continued twice",
        "lower case",
        "END padded with NUL",
        "blocks padded with NUL",
        "a card padded with NUL",
        "junk behind END",
        "HIERARCH",
        "notes",
    ],
)
def test_a_header_in_any_shape_is_read_as_astropy_reads_it(cards: list[bytes]) -> None:
    content = b"".join([FIRST, *cards]).ljust(BLOCK)
    pedigree = pedigree_in(content)
    expected = Pedigree("1.13.3", "jwst_1225.pmap", datetime(2024, 4, 9, 19, 7, 23, 700_000, tzinfo=UTC))
    assert pedigree == expected
    read = content.partition(b"END")[0].replace(b"\0", b" ") + END if b"\0" in content else content
    assert as_astropy_reads(read) == ("1.13.3", "jwst_1225.pmap", "2024-04-09T19:07:23.700")


def test_a_text_that_goes_on_beyond_what_was_read_needs_more() -> None:
    assert pedigree_in(FIRST + DATE + card("CRDS_CTX= 'jwst_1.pmap'") + card("CAL_VER = '1.13.&'")) is None
    header = FIRST + DATE + card("CAL_VER = '1.0&'") + card("CRDS_CTX= 'jwst_1.pmap'") + END
    pedigree = pedigree_in(header)
    assert pedigree is not None
    assert pedigree.cal_ver == "1.0&", "no CONTINUE follows"


def test_a_context_of_the_server_that_numbered_otherwise_has_no_order_with_the_archives() -> None:
    server = card("CRDS_SVR= 'https://jwst-crds-pub.stsci.edu'")
    pedigree = pedigree_in(FIRST + server + b"".join(PEDIGREE) + END)
    assert pedigree is not None
    assert pedigree.crds_ctx == "jwst_1225.pmap (PUB)"
    ours = Pedigree("1.13.3", "jwst_0942.pmap", pedigree.date)
    assert not pedigree.has_more_than(ours)
    assert not ours.has_more_than(pedigree)
    assert not ours.is_newer_than(pedigree)


def test_sdp_ver_is_read_along() -> None:
    made = made_in(written(("SDP_VER", "2026_1a"), ("DATE", "2024-04-09")))
    assert made is not None
    assert made.sdp_ver == "2026_1a"
