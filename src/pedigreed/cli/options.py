"""What several verbs share: their options, and how they open the configuration, the store and the sources."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed import __version__
from pedigreed.cli.output import echo
from pedigreed.log.event import Level
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config, MastSource
    from pedigreed.service.news_sources import Listed
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store


CONFIG_VARIABLE = "PEDIGREED_CONFIG"
LOG_LEVEL_VARIABLE = "PEDIGREED_LOG_LEVEL"

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_VARIABLE,
        metavar="FILE",
        help="The configuration. Default: pedigreed.yaml here, in ~/.config/pedigreed or in /etc/pedigreed.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables; docs/json.md has the shapes.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO",
        help="Rehearse another moment, such as 2026-11-22T07:00Z. Without a zone it is UTC.",
        show_default=False,
    ),
]

LogLevel = Annotated[
    Level | None,
    typer.Option(
        "--log-level",
        envvar=LOG_LEVEL_VARIABLE,
        help="What is logged to stderr. Default: warning on a terminal, else info.",
        show_default=False,
    ),
]


def load(config: Path | None) -> "LoadedConfig":
    """The configuration, with its warnings on stderr. Raises as `read`."""
    loaded = read(config)
    for warning in loaded.warnings:
        echo(warning, err=True)
    return loaded


def read(config: Path | None) -> "LoadedConfig":
    """The configuration.

    Raises:
        ConfigurationInvalid: with every problem.
        Usage: there is none where one is looked for.
    """
    from pedigreed.config.load import load_config

    return load_config(config or _found(), os.environ)


def open_store(loaded: "LoadedConfig") -> "Store":
    """The configured store. Raises as `Store` and `Secret.reveal`."""
    from pedigreed.store.database import Store

    return Store(_store_url(loaded))


def log_caution(store: "Store") -> None:
    """Say in the log what is to be said of where the store is."""
    import structlog

    log = structlog.get_logger()
    if caution := store.caution():
        log.warning("store not well placed", reason=caution)


def open_store_if_there(loaded: "LoadedConfig") -> "Store | None":
    """The configured store; None where it is a file that was never made."""
    url = _store_url(loaded)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return None
    return open_store(loaded)


def moment(now: str | None) -> datetime:
    """The moment that a command works at, UTC. Raises `Usage` if it can't be read."""
    if now is None:
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(now)
    except ValueError:
        raise Usage(f"--now {now!r} is no moment: write it like 2026-11-22T07:00Z") from None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


def _store_url(loaded: "LoadedConfig") -> str:
    return loaded.config.store.reveal()


def _found() -> Path:
    if found := find():
        return found
    looked = ", ".join(map(str, _places()))
    raise Usage(
        f"no configuration: give --config FILE, or put one at one of {looked}. `pedigreed watch PROGRAM` makes a "
        "small one, and `pedigreed config init` writes one with explanations"
    )


def find() -> Path | None:
    """The configuration in the first place that has one; None where there is none."""
    return next((place for place in _places() if place.exists()), None)


def home_of_configuration() -> Path:
    """Where a person's own configuration is looked for."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "pedigreed" / "pedigreed.yaml"


def _places() -> tuple[Path, ...]:
    return (Path("pedigreed.yaml"), home_of_configuration(), Path("/etc/pedigreed/pedigreed.yaml"))


USER_AGENT = f"pedigreed/{__version__}"
MAST_URL = "https://mast.stsci.edu"


def open_archive(source: "MastSource | None" = None, url: str | None = None) -> "MastArchive":
    """The archive of a configuration, or at an address with every limit at its default."""
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.patience import Patience

    token = mast_token(source)
    if source is None:
        return MastArchive(url or MAST_URL, USER_AGENT, token=token)
    return MastArchive(
        url or source.url,
        USER_AGENT,
        token=token,
        patience=Patience(
            exchange_timeout=source.request_timeout.total_seconds(),
            total_timeout=source.timeout.total_seconds(),
        ),
    )


def mast_token(source: "MastSource | None" = None) -> str | None:
    """The token for MAST: the configuration's, or without one that of the environment, as astroquery has it."""
    from pedigreed.redaction import remember

    if source is not None:
        return source.token.reveal() if source.token else None
    token = os.environ.get("MAST_API_TOKEN")
    return remember(token) if token else None


def open_sources(config: "Config", store: "Store", place: float = 0.0) -> "tuple[Listed, ...]":
    """The sources of CRDS's news that a configuration names. `place` is this installation's among all."""
    from pedigreed.service.news_sources import news_sources
    from pedigreed.store.cal_vers import newest
    from pedigreed.store.contexts_in_use import made_with

    with store.reading() as connection:
        cal_ver = newest(connection, config.programs)
        made = made_with(connection, cal_ver) if cal_ver else None
    return news_sources(config, place, user_agent=USER_AGENT, cal_ver=cal_ver, made=made)
