from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.digests.wording import days_of, moment_in_utc, period, shell_word
from pedigreed.model.digest import PedigreeSpan


@pytest.mark.parametrize(
    ("starts", "ends", "timezone", "words"),
    [
        (
            "2026-11-21T06:00",
            "2026-11-22T06:00",
            "Europe/Madrid",
            "21 Nov 07:00 to 22 Nov 2026 07:00 CET (06:00Z)",
        ),
        ("2026-11-21T06:00", "2026-11-22T06:00", "UTC", "21 Nov 06:00 to 22 Nov 2026 06:00 UTC"),
        (
            "2026-10-24T05:00",
            "2026-10-25T06:00",
            "Europe/Madrid",
            "24 Oct 07:00 CEST to 25 Oct 2026 07:00 CET (05:00Z to 06:00Z)",
        ),
        (
            "2026-11-20T18:00",
            "2026-11-21T18:00",
            "Pacific/Auckland",
            "21 Nov 07:00 to 22 Nov 2026 07:00 NZDT (20 Nov 18:00Z to 21 Nov 18:00Z)",
        ),
        (
            "2026-11-21T06:00",
            "2026-11-22T06:00",
            "America/Sao_Paulo",
            "21 Nov 03:00 to 22 Nov 2026 03:00 UTC-03 (06:00Z)",
        ),
        ("2026-12-31T06:00", "2027-01-01T06:00", "UTC", "31 Dec 2026 06:00 to 1 Jan 2027 06:00 UTC"),
    ],
)
def test_a_period_is_told_in_local_time_and_in_utc(starts: str, ends: str, timezone: str, words: str) -> None:
    begin, end = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (starts, ends))
    assert period(begin, end, timezone) == words


@pytest.mark.parametrize(
    ("earliest", "latest", "words"),
    [
        ("2026-11-21T06:00", "2026-11-21T23:59", "21 Nov 2026"),
        ("2025-11-02T00:00", "2025-11-09T00:00", "2 to 9 Nov 2025"),
        ("2025-10-28T00:00", "2025-11-09T00:00", "28 Oct to 9 Nov 2025"),
        ("2025-12-30T00:00", "2026-01-02T00:00", "30 Dec 2025 to 2 Jan 2026"),
        ("2025-11-02T00:00", "2026-11-09T00:00", "2 Nov 2025 to 9 Nov 2026"),
    ],
)
def test_days_say_no_more_than_they_need(earliest: str, latest: str, words: str) -> None:
    first, last = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (earliest, latest))
    assert days_of(PedigreeSpan(None, None, first, last)) == words


def test_no_date_is_said_to_be_none() -> None:
    assert days_of(PedigreeSpan(None, None, None, None)) == "none"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(minutes=2), "05:58Z"),
        (timedelta(days=1), "21 Nov 06:00Z"),
        (timedelta(days=365), "22 Nov 2025 06:00Z"),
    ],
)
def test_a_moment_names_its_day_where_it_is_another(ago: timedelta, words: str) -> None:
    now = datetime(2026, 11, 22, 6, tzinfo=UTC)
    assert moment_in_utc(now - ago, now) == words


@pytest.mark.process
def test_a_shell_reads_the_path_that_was_meant() -> None:
    paths = [
        "jades",
        "my data/it's",
        "a\nb",
        "$HOME `id`",
        "\x1b[2J\\",
        "donn\u00e9es",
        "no\u202ename",
        os.fsdecode(b"\xff'!"),
    ]
    words = [shell_word(path) for path in paths]
    assert all(word.isprintable() for word in words)
    read = subprocess.run(["bash", "-c", f"printf '%s\\0' {' '.join(words)}"], stdout=subprocess.PIPE, check=True)
    assert [os.fsdecode(word) for word in read.stdout.split(b"\0")[:-1]] == paths
    assert words[0] == "jades"
