"""`pedigreed demo`: three days of a recorded archive, with the digests they produce."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pedigreed.cli.output import day_and_time, echo, program, progress
from pedigreed.model.failure import Usage


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Where to keep it all. Default: a new temporary folder."),
    ] = None,
) -> None:
    """Watch three days of a recorded archive.

    It needs no network and no set-up, and prints the digests that it makes.
    """
    from pedigreed.cli.options import USER_AGENT, open_sources
    from pedigreed.config.load import parse_config
    from pedigreed.delivery.channels import open_channels
    from pedigreed.demo.play import stage
    from pedigreed.demo.scenario import DAYS
    from pedigreed.digests.wording import count
    from pedigreed.log.event import Level
    from pedigreed.log.setup import set_up_log
    from pedigreed.service.contexts import contexts_of
    from pedigreed.service.cycle import run_cycle
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.patience import Patience
    from pedigreed.store.database import Store

    set_up_log(Level.WARNING)
    kept = _fresh(folder)
    patience = Patience(first_pause=0.01, first_poll=0.01)
    with ExitStack() as opened:
        recorded = opened.enter_context(stage())
        text = recorded.configuration(kept)
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
            for closed in cycle.told.closed:
                if closed.rendered is None:
                    echo(f"{closed.period.subscription}: nothing to tell, so nothing is sent\n")
                else:
                    echo(f"Subject: {closed.rendered.subject}\n\n{closed.rendered.text}")
    echo(_rule("where it is kept"))
    echo(f"the mails and their attachments   {kept / 'mails'}")
    echo(f"the configuration                 {kept / 'pedigreed.yaml'}")
    echo(f"what was seen                     {program()} history --config {kept / 'pedigreed.yaml'}")
    echo(f"what was heard of CRDS            {program()} notices list --config {kept / 'pedigreed.yaml'}")


def _fresh(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="pedigreed-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise Usage(f"{folder} is not empty: the demo starts from nothing, so name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _rule(title: str) -> str:
    return f"---- {title} ".ljust(78, "-")
