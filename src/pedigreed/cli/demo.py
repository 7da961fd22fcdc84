"""`pedigreed demo`: three days of a recorded archive, with the digests they produce."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pedigreed.cli.output import day_and_time, echo, program, progress
from pedigreed.model.failure import Usage

_ON_DISK = tuple(
    f"{exposure}_"
    for exposure in (
        "jw01180007001_02101_00001_nrcb1",
        "jw01180007001_02101_00001_nrcblong",
        "jw01345001001_02101_00001_mirimage",
    )
)
"""What the user has of two programs."""


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Where to keep it all. Default: a new temporary folder."),
    ] = None,
) -> None:
    """Watch three days of a recorded archive.

    It needs no network and no set-up, and prints the digests that it makes. Then it looks at files that were
    downloaded before, and renews what is out of date.
    """
    from pedigreed.cli.options import USER_AGENT, open_sources
    from pedigreed.config.load import parse_config
    from pedigreed.delivery.channels import open_channels
    from pedigreed.demo.play import stage
    from pedigreed.demo.scenario import DAYS
    from pedigreed.digests.wording import count
    from pedigreed.log.event import Level
    from pedigreed.log.setup import set_up_log
    from pedigreed.service.cycle import run_cycle
    from pedigreed.service.rule_contexts import contexts_of
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.session import QueryLimits
    from pedigreed.store.database import Store

    set_up_log(Level.WARNING)
    kept = _fresh(folder)
    patience = QueryLimits(first_pause=0.01, first_poll=0.01)
    with ExitStack() as opened:
        recorded = opened.enter_context(stage(kept))
        text = recorded.configuration()
        (kept / "pedigreed.yaml").write_text(text, encoding="utf-8")
        loaded = parse_config(text, "pedigreed.yaml", os.environ)
        channels = open_channels(loaded.config.channels)
        store = opened.enter_context(Store(loaded.config.store.reveal()))
        for number, day in enumerate(DAYS, 1):
            recorded.is_now(day)
            asked = len(recorded.archive.requests)
            with (
                progress(f"day {number}"),
                MastArchive(recorded.archive.url, USER_AGENT, patience=patience) as archive,
            ):
                sources = open_sources(loaded.config, store)
                cycle = run_cycle(
                    loaded.config,
                    loaded.file,
                    store,
                    archive,
                    channels,
                    now=day,
                    sources=sources,
                    contexts=contexts_of(loaded.config, USER_AGENT),
                )
            rows = sum(answer.fetched.rows for answer in cycle.answers)
            heard = sum(each.news for each in cycle.heard)
            echo(_rule(f"day {number}, {day_and_time(day)}"))
            echo(
                f"asked the archive {len(recorded.archive.requests) - asked} times and read {rows:,} rows; "
                f"heard {count(heard, 'announcement')} of CRDS from {count(len(cycle.heard), 'source')}\n"
            )
            for closed in cycle.outgoing.closed:
                if closed.rendered is None:
                    echo(f"{closed.period.subscription}: nothing to tell, so nothing is sent\n")
                else:
                    echo(f"Subject: {closed.rendered.subject}\n\n{closed.rendered.text}")
        _play_disk(kept)
    echo(_rule("where it is kept"))
    echo(f"the mails and their attachments   {kept / 'mails'}")
    echo(f"the configuration                 {kept / 'pedigreed.yaml'}")
    echo(f"what was seen                     {program()} history --config {kept / 'pedigreed.yaml'}")
    echo(f"what was heard of CRDS            {program()} notices list --config {kept / 'pedigreed.yaml'}")


def _play_disk(kept: Path) -> None:
    """What is out of date in a folder of a user who downloaded before the first day, and how it is renewed."""
    from pedigreed.cli.fetch import fetch
    from pedigreed.cli.local import local
    from pedigreed.demo.archive import DemoArchive
    from pedigreed.demo.product_files import content_of_row
    from pedigreed.demo.scenario import DAYS, archive_at

    data, config = kept / "data", kept / "pedigreed.yaml"
    for row in archive_at(DAYS[0]):
        name = str(row["filename"])
        if name.startswith(_ON_DISK) and name.endswith(("_rate.fits", "_cal.fits")):
            place = data / name[: len("jw01180")] / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content_of_row(row))
    with DemoArchive(archive_at, DAYS[-1]) as archive:
        echo(_rule(f"pedigreed local {data}"))
        local([data], config, mast=archive.url)
        echo("\n" + _rule(f"pedigreed fetch --local {data}"))
        fetch([str(data)], is_local=True, yes=True, config=config, mast=archive.url)
        echo("\n" + _rule(f"pedigreed local {data}"))
        local([data], config, mast=archive.url)
    echo()


def _fresh(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="pedigreed-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise Usage(f"{folder} is not empty: the demo starts from nothing, so name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _rule(title: str) -> str:
    return f"---- {title} ".ljust(78, "-")
