"""`pedigreed once` as a whole process, in words."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, most

if TYPE_CHECKING:
    from benchmarks.figures import OneProcess, WholeOnce


def whole_once_rows(found: WholeOnce) -> list[Row]:
    return [
        most(
            "`once`, all of 50,000 products changed, against the whole script",
            seconds(found.everything) / seconds(found.everything_script),
            2,
        ),
        most("the same, 1 % changed", seconds(found.one_percent) / seconds(found.one_percent_script), 1),
        most("`once` with nothing to do, CPU s", seconds(found.nothing), 0.7),
        most("the same, MB", _peak(found.nothing), 90),
    ]


def whole_once_words(found: WholeOnce) -> str:
    return (
        "The same script with all that such scripts do, which asks by `Mast.service_request`, counts what changed "
        "and writes it to a CSV file, beside `pedigreed once` with its store and a digest to a folder, with all "
        "that changed attached: whole processes by turns, which ask the same archive over HTTP on loopback. "
        "Seconds are the processor's, and medians. 1 % of 50,000 products changed: "
        f"{seconds(found.one_percent):.2f} s and {_peak(found.one_percent):.0f} MB, the script "
        f"{seconds(found.one_percent_script):.2f} s and {_peak(found.one_percent_script):.0f} MB. All changed: "
        f"{seconds(found.everything):.2f} s and {_peak(found.everything):.0f} MB, the script "
        f"{seconds(found.everything_script):.2f} s and {_peak(found.everything_script):.0f} MB; of `once`, four "
        "tenths are the reply, and a quarter are the two lists that go with the digest. Nothing new, and "
        f"nothing due: {seconds(found.nothing):.2f} s and {_peak(found.nothing):.0f} MB. To import astroquery's "
        f"own client and SQLAlchemy, and nothing else, takes {seconds(found.client):.2f} s and "
        f"{_peak(found.client):.0f} MB of that: the client brings astropy's tables, units and coordinates, and "
        "PyVO, whichever part of it is asked for. These two alone are over both aims. With SQLAlchemy's SQLite "
        "dialect, typer, pydantic, PyYAML, Jinja, aiosmtplib and structlog, and nothing of pedigreed, it is "
        "105 MB and 1.2 times its seconds, and with all that `once` imports 124 MB and 1.5 times; the rest is "
        "what the work itself takes."
    )


def seconds(runs: list[OneProcess]) -> float:
    """Of the processor, the middle one."""
    return median(run.seconds for run in runs)


def _peak(runs: list[OneProcess]) -> float:
    return median(run.peak for run in runs) / 1e6
