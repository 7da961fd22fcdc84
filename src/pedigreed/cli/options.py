"""What several verbs share: their options, and how they open the configuration, the store and the sources."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed import __version__
from pedigreed.cli.output import echo, show_times_in
from pedigreed.log.event import Level
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config, MastSource, Subscription
    from pedigreed.service.news_sources import Listed
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store


CONFIG_VARIABLE = "PEDIGREED_CONFIG"
LOG_LEVEL_VARIABLE = "PEDIGREED_LOG_LEVEL"
SYSTEM_CONFIGURATION = Path("/etc/pedigreed/pedigreed.yaml")
"""Of a service."""

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_VARIABLE,
        metavar="FILE",
        help="The configuration. Default: pedigreed.yaml here, in ~/.config/pedigreed (on macOS in "
        "~/Library/Application Support/pedigreed) or in /etc/pedigreed.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables; docs/json.md has the shapes.")]
MastUrl = Annotated[
    str | None,
    typer.Option(envvar="PEDIGREED_MAST_URL", metavar="URL", help="The archive's address.", show_default=False),
]
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

    loaded = load_config(config or found(), os.environ)
    show_times_in(loaded.config.zone)
    return loaded


def load_for_work(config: Path | None) -> "LoadedConfig":
    """As `load`, for a command that needs every secret: one that can't be read is told before any work."""
    loaded = load(config)
    loaded.require_secrets()
    for warning in loaded.unready():
        echo(warning, err=True)
    return loaded


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


def chosen_subscriptions(config: "Config", name: str | None) -> "tuple[Subscription, ...]":
    """The subscription of a name, or all of them without one. Raises `Usage` where there is none of that name."""
    chosen = tuple(entry for entry in config.subscriptions if name in {None, entry.name})
    if not chosen:
        names = ", ".join(entry.name for entry in config.subscriptions)
        raise Usage(f"there is no subscription {name!r}: the configuration has {names}")
    return chosen


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
    loaded.require_secrets("store")
    return loaded.config.store.reveal()


def found() -> Path:
    """The configuration in the first place that has one. Raises `Usage` where there is none."""
    if place := find():
        return place
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
    from platformdirs import user_config_path

    return user_config_path("pedigreed") / "pedigreed.yaml"


def _places() -> tuple[Path, ...]:
    return (Path("pedigreed.yaml"), home_of_configuration(), SYSTEM_CONFIGURATION)


USER_AGENT = f"pedigreed/{__version__}"
MAST_URL = "https://mast.stsci.edu"


ATTEMPTS_UNREACHED = 2
"""Where somebody waits, and no network leads to who is asked."""


def open_archive(
    source: "MastSource | None" = None,
    url: str | None = None,
    tell_of_pause: "Callable[[str], None] | None" = None,
) -> "MastArchive":
    """The archive of a configuration, or at an address with every limit at its default.

    Where somebody waits, they are told of each pause, and soon where no network leads to the archive.
    """
    from dataclasses import replace

    from pedigreed.config.address import parse_service_url
    from pedigreed.config.sources import Fallback
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.missions import PATIENCE, MissionsSearch
    from pedigreed.sources.mast.session import QueryLimits

    try:
        url = parse_service_url(url) if url else None
    except ValueError as error:
        raise Usage(f"--mast: {error}") from None

    address, token = archive_address(source, url), mast_token(source)
    limits = QueryLimits()
    if tell_of_pause is not None:
        limits = replace(limits, attempts_unreached=ATTEMPTS_UNREACHED, tell=tell_of_pause)
    if source is None:
        return MastArchive(address, USER_AGENT, token=token, patience=limits)
    fallback = None
    if source.fallback is Fallback.MISSIONS:
        seconds = source.request_timeout.total_seconds()
        patience = replace(
            PATIENCE,
            exchange_timeout=seconds,
            total_timeout=source.timeout.total_seconds(),
            attempts_unreached=limits.attempts_unreached,
            tell=tell_of_pause,
        )
        fallback = MissionsSearch(address, USER_AGENT, token=token, patience=patience)
    return MastArchive(
        address,
        USER_AGENT,
        token=token,
        fallback=fallback,
        patience=replace(
            limits,
            exchange_timeout=source.request_timeout.total_seconds(),
            total_timeout=source.timeout.total_seconds(),
        ),
    )


def archive_address(source: "MastSource | None", url: str | None) -> str:
    """The address that was given, or else the configuration's, or else MAST's own."""
    return url or (source.url if source else MAST_URL)


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
    from pedigreed.store.announcements import newest_build

    def build() -> tuple[str | None, str | None]:
        with store.reading() as connection:
            return newest_build(connection, config.programs)

    return news_sources(config, place, user_agent=USER_AGENT, newest_build=build)
