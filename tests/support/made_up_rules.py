"""Rule files that nobody wrote, in forms that CRDS reads and that the real rules lack, and headers for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rule_oracle import ODD_DATES, ODD_TIMES, ODD_VALUES

if TYPE_CHECKING:
    from random import Random

KEYS = (
    *("META.INSTRUMENT.DETECTOR", "META.INSTRUMENT.FILTER", "META.SUBARRAY.NAME", "META.EXPOSURE.READPATT"),
    *("META.EXPOSURE.NGROUPS", "META.INSTRUMENT.GRATING"),
)
DATES = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
EXTRA = ("META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE", "META.EXPOSURE.TYPE")
_WORDS = ("A", "A", "A", "B", "B", "C", "AB", "ABC", "GENERIC", "ALL", "1", "2", "7", "10.5", "T", "NOTHING")
_NUMBERS = ("-1", "0", "1", "2.5", "7", "10", "40")
_FIELDS = (
    *("N/A", "ANY", "*", "A*", "*B", "?B|A", "[AB]C|C", "A*|B", "A|NOT B", "ANY|A", "N/A|A", "|", "A|", "-1:10"),
    *("NOT A", "NOT A|B", "NOT N/A", "not between 1 7", "NOT #>1 AND <7#", "NOT {A}", "NOT (A.)", "NOT *"),
    *("between 1 7", "BETWEEN 0 2.5", "#>1#", "# >1 #", "#>=1 AND <7#", "#<1 OR >7#", "#>1 and <7 and <3#"),
    *("#>1 AND <3 OR >7#", "#A OR B#", ">2", "<=7", "{A|B}", "{*}", "(A|B)", "(A.?)", "(A+B)", "(^[AB]C$)"),
)
_BROKEN = ("between 7 1", "between a b", "(A", "(A(B)", "#>x#", ">x", "BETWEEN 1", "([)", "#>1 AND #")
_FILES = tuple(f"jwst_miri_flat_{number:04d}.fits" for number in range(1, 30))
_WORDS_FOR_NONE = ("N/A", "TEMP_N/A", "n/a", "OMIT", "TEMP_OMIT", "omit")
_MOMENTS = (
    *("2000-01-01 00:00:00", "2021-01-01 00:00:00", "2021-01-01", "2021-01-01T00:00:00", "2021-01-01 00:00:00.5"),
    *("2022-07-12 01:02:03", "2022-07-12 01:02:03.068999", "2023-01-01 12:00:00", "anything", "1999"),
)
_CONDITIONS = (
    *("always", "ALWAYS", '(META.EXPOSURE.TYPE not in ("A", "B"))', '(META.INSTRUMENT.FILTER == "A")'),
    *('(META.VISIT.TSOVISIT == "T" and not META.INSTRUMENT.LAMP_STATE != "A")', "(META.EXPOSURE.TYPE < 3)"),
    *('("A" if META.EXPOSURE.TYPE in ["A", "C"] else None)', '("A" < META.INSTRUMENT.DETECTOR <= "C")'),
    *(
        "(META.EXPOSURE.TYPE or META.INSTRUMENT.FILTER)",
        '(META.SOMETHING.ELSE == "A")',
        "(1 + 1)",
        "(True)",
        "(0)",
    ),
    *('META.EXPOSURE.TYPE == "A"', "False", "(META.EXPOSURE.TYPE in 3)", "(", '("B" in META.EXPOSURE.TYPE)'),
)


def made_up_rmap(random: Random) -> str:
    """The text of an rmap. Its sum is left out."""
    parkeys = tuple(random.sample(KEYS, random.choice((1, 2, 2, 3, 4))))
    has_dates = random.random() < 0.9
    header: dict[str, object] = {
        "mapping": "REFERENCE",
        "name": "jwst_miri_flat_0001.rmap",
        "derived_from": "made up",
        "observatory": "JWST",
        "instrument": "MIRI",
        "filekind": "FLAT",
        "parkey": (parkeys, DATES) if has_dates else (parkeys,),
    }
    for name, share, values in (
        ("rmap_relevance", 0.15, _CONDITIONS),
        ("rmap_omit", 0.1, _CONDITIONS[2:]),
        ("reffile_required", 0.2, ("YES", "NO", "NONE", "no")),
        ("merge_overlaps", 0.15, ("True", "False", "TRUE", "1", True, False)),
        ("extra_keys", 0.6, (("META.EXPOSURE.TYPE",),)),
        ("reffile_switch", 0.05, ("NONE", "META.EXPOSURE.TYPE")),
        ("comment_parkeys", 0.1, (parkeys[:1], ("META.EXPOSURE.TYPE",))),
        ("parkey_relevance", 0.15, tuple({parkeys[-1].lower(): text} for text in _CONDITIONS[2:])),
        ("text_descr", 0.1, ("A flat",)),
    ):
        if random.random() < share:
            header[name] = random.choice(values)
    if random.random() < 0.3:
        header["substitutions"] = {
            random.choice(KEYS): {
                random.choice(_WORDS): random.choice(("N/A", "A|B", "A", ["A", "B"], ["1", "2"], "ANY"))
            }
        }
    if random.random() < 0.02:
        del header[random.choice(tuple(header))]
    rows = [
        f"    {_key(parkeys, random)} : {_choice(random, has_dates=has_dates)},\n"
        for _ in range(random.randint(0, 9))
    ]
    return f"header = {header!r}\n\nselector = Match({{\n{''.join(rows)}}})\n"


def made_up_header(random: Random) -> dict[str, str]:
    """A header for them, with every key that they use."""
    header = {key: _value(random) for key in (*KEYS, *EXTRA)}
    date, _, time = random.choice(_MOMENTS[:8]).replace("T", " ").partition(" ")
    header[DATES[0]] = random.choice(ODD_DATES) if random.random() < 0.1 else date
    header[DATES[1]] = random.choice(ODD_TIMES) if random.random() < 0.1 else time or "00:00:00.001"
    return header


def _value(random: Random) -> str:
    share = random.random()
    if share < 0.08:
        return random.choice(ODD_VALUES)
    if share < 0.12:
        return random.choice(_FIELDS)
    return random.choice(_NUMBERS if share < 0.3 else _WORDS)


def _key(parkeys: tuple[str, ...], random: Random) -> str:
    length = len(parkeys) if random.random() > 0.002 else random.randint(1, 5)
    fields = [_field(random) for _ in range(length)]
    return repr(fields[0] if length == 1 and random.random() < 0.5 else tuple(fields))


def _field(random: Random) -> object:
    share = random.random()
    if share < 0.006:
        return random.choice(_BROKEN)
    if share < 0.03:
        return random.choice((1, 2.5, True, ("A", "B"), None))
    if share < 0.5:
        return random.choice(_WORDS)
    return random.choice(("N/A", "ANY")) if share < 0.7 else random.choice(_FIELDS)


def _choice(random: Random, *, has_dates: bool) -> str:
    if not has_dates or random.random() < 0.12:
        return repr(random.choice(_FILES if random.random() < 0.6 else _WORDS_FOR_NONE))
    steps = {
        random.choice(_MOMENTS): random.choice(_FILES if random.random() < 0.9 else _WORDS_FOR_NONE)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3)))
    }
    return f"UseAfter({steps!r})"
