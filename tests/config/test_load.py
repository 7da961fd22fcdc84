"""A whole configuration: every problem at once, each at its place and with its fix."""

from __future__ import annotations

import os
import re
from datetime import time, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from examples import examples
from pedigreed.config.channels import FeedChannel
from pedigreed.config.load import load_config, parse_config
from pedigreed.config.schema import keys_below
from pedigreed.config.settings import EmailChannel, EmailDestination, FolderChannel, Security, WhenEmpty
from pedigreed.model.change import ChangeKind
from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.model.instrument import Instrument
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    Problems = Callable[..., list[str]]


def test_a_valid_configuration_has_no_problems(problems: Problems, valid: str) -> None:
    assert problems(valid) == []


def test_every_default_is_filled_in(valid: str) -> None:
    config = parse_config(valid, "f", {"HOME": "/home/o"}).config
    assert config.timezone == "UTC"
    assert config.sources.mast.url == "https://mast.stsci.edu"
    assert config.sources.mast.every == timedelta(days=1)
    assert config.sources.mast.sweep == timedelta(days=7)
    assert config.sources.mast.token is None
    assert config.sources.mast.request_timeout == timedelta(seconds=120)
    assert config.sources.mast.timeout == timedelta(minutes=15)
    (subscription,) = config.subscriptions
    assert subscription.watch.instruments == tuple(Instrument)
    assert subscription.watch.levels == ("1b", "2a", "2b", "2c", "3")
    assert set(ChangeKind) - set(subscription.watch.events) == {ChangeKind.STALE, ChangeKind.NO_LONGER_STALE}
    assert (subscription.digest.every, subscription.digest.at) == ("day", time(7))
    assert (subscription.digest.settle, subscription.digest.empty) == (None, WhenEmpty.NEVER)
    assert subscription.deliver == (EmailDestination(email=("me@obs.example",)),)
    assert config.operator == ()


NO_WEB_ADDRESS = "this is no web address: write https://HOST/PATH"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("plain", 25)])
def test_the_port_of_a_mail_server_follows_from_its_security(valid: str, security: str, port: int) -> None:
    channel = parse_config(valid.replace("security: tls", f"security: {security}"), "f", {}).config.channels[
        "email"
    ]
    assert isinstance(channel, EmailChannel)
    assert (channel.kind, channel.security, channel.port) == ("email", Security(security), port)
    given_port = parse_config(valid.replace("security: tls", f"security: {security}, port: 2525"), "f", {})
    assert dict(given_port.config.channels["email"])["port"] == 2525


def test_a_channel_is_what_its_one_key_says(valid: str) -> None:
    config = parse_config(valid + "  keep: {folder: {path: /var/mail/sent}}\n", "f", {}).config
    assert list(config.channels) == ["email", "keep"]
    keep = config.channels["keep"]
    assert isinstance(keep, FolderChannel)
    assert (keep.kind, str(keep.path)) == ("folder", "/var/mail/sent")


def test_programs_are_collected_over_all_subscriptions(valid: str) -> None:
    more = '  - {name: b, watch: {programs: ["1210:5-7", "01345"]}, deliver: [{email: me@obs.example}]}\n'
    config = parse_config(valid.replace("channels:", more + "channels:"), "f", {}).config
    assert config.programs == {1180, 1210, 1345}
    assert config.subscriptions[1].watch.programs[0] == ProgramSelection(1210, (5, 6, 7))


def test_who_asks_for_new_products_is_told_of_first_ones_and_higher_levels(valid: str) -> None:
    text = valid.replace("[1180]", "[1180], events: [withdrawn, new]")
    events = parse_config(text, "f", {}).config.subscriptions[0].watch.events
    assert events == (ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.RELISTED, ChangeKind.WITHDRAWN)


def test_a_level_may_be_written_as_a_number(valid: str) -> None:
    text = valid.replace("[1180]", "[1180], levels: [2b, 3]")
    assert parse_config(text, "f", {}).config.subscriptions[0].watch.levels == ("2b", "3")


@pytest.mark.parametrize(
    ("written", "every"),
    [("day", "day"), ("1d", "day"), ("24h", "day"), ("week", "week"), ("7d", "week"), ("2d", timedelta(days=2))],
)
def test_a_period_of_one_day_goes_by_the_calendar(valid: str, written: str, every: str | timedelta) -> None:
    text = valid.replace("    deliver:", f"    digest: {{every: {written}}}\n    deliver:")
    assert parse_config(text, "f", {}).config.subscriptions[0].digest.every == every


def test_the_sender_may_have_a_name(valid: str) -> None:
    text = valid.replace("from: pedigreed@obs.example", 'from: "The Watch <w@obs.example>"')
    channel = parse_config(text, "f", {}).config.channels["email"]
    assert isinstance(channel, EmailChannel)
    assert channel.sender == ("The Watch", "w@obs.example")
    assert str(channel.sender) == "The Watch <w@obs.example>"


def test_a_configuration_can_not_be_changed(valid: str) -> None:
    config = parse_config(valid, "f", {}).config
    with pytest.raises(ValueError, match="frozen"):
        config.timezone = "CET"
    with pytest.raises(TypeError):
        config.channels["new"] = config.channels["email"]  # type: ignore[index]  # which is what is shown


def apart_from_idle(lines: list[str]) -> list[str]:
    """Without the warnings of settings that are not acted on, whatever is wrong with them."""
    return [line for line in lines if "is not acted on by this version yet" not in line]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "subscritions: []\n",
            "1:1: unknown key 'subscritions': 'subscriptions' is given too, remove one of the two",
        ),
        ("channel: {}\n", "1:1: unknown key 'channel': 'channels' is given too, remove one of the two"),
        ("timezon: UTC\n", "1:1: unknown key 'timezon', did you mean 'timezone'?"),
        ("programs: [1]\n", "1:1: 'programs' does not belong here: write it under 'subscriptions: watch'"),
        (
            "colour: red\n",
            (
                "1:1: unknown key 'colour': the keys here are timezone, store, sources, channels, subscriptions, "
                "delivery, history, templates, operator, heartbeat and http"
            ),
        ),
        ("timezone: Europe/Madird\n", "1:11: 'Europe/Madird' is no time zone, did you mean 'Europe/Madrid'?"),
        ("timezone: madrid\n", "1:11: 'madrid' is no time zone, did you mean 'Europe/Madrid'?"),
        (
            "timezone: America\n",
            "1:11: 'America' is no time zone: write an IANA name such as Europe/Madrid or UTC",
        ),
        (
            "timezone: ../../etc/passwd\n",
            "1:11: '../../etc/passwd' is no time zone: write an IANA name such as Europe/Madrid or UTC",
        ),
        ("timezone: 1\n", '1:11: expected text, found the number 1: write "1" in quotes'),
        ("timezone: true\n", '1:11: expected text, found true: write "true" in quotes'),
        ("timezone: [UTC]\n", "1:11: expected text, found a list: write one value, such as Europe/Madrid"),
        ("timezone:\n", "1:1: 'timezone' has no value: give it one, or remove the line"),
        (
            "sources: mast\n",
            "1:10: expected a mapping, found the text 'mast': its keys are mast, crds and mailbox",
        ),
        ("sources: {mast: {every: 7}}\n", "1:25: a duration needs its unit: write 7s, 7m, 7h or 7d"),
        ("sources: {mast: {every: [1d]}}\n", "1:25: a duration is a number and a unit, such as 24h or 7d"),
        (
            "sources: {mast: {url: mast.stsci.edu}}\n",
            "1:23: 'mast.stsci.edu' is no web address: write https://HOST/PATH",
        ),
        (
            "sources: {mast: {url: 'https://me:hunter2@mast.example'}}\n",
            "1:23: a URL with a user or password in it: leave them out",
        ),
        (
            "sources: {mast: {every: 6h}}\n",
            "1:25: warning: MAST strongly recommends to ask no more than daily: write 1d, or ask them first",
        ),
        (
            "sources: {mast: {sweep: 12h}}\n",
            "1:25: warning: a sweep more often than every 1d makes 'every' idle: write 7d",
        ),
        (
            "sources: {crds: {url: 'https://hst-crds.stsci.edu'}}\n",
            "1:23: this is the CRDS of HST, and pedigreed is for JWST: leave url out",
        ),
        (
            "sources: {crds: {url: 'https://roman-crds.stsci.edu/'}}\n",
            "1:23: this is the CRDS of ROMAN, and pedigreed is for JWST: leave url out",
        ),
        (
            "sources: {crds: {url: 'https://wfirst-crds.stsci.edu'}}\n",
            "1:23: this is the CRDS of WFIRST, and pedigreed is for JWST: leave url out",
        ),
        (
            "sources: {crds: {url: 'https://crds.example:8443/json/'}}\n",
            (
                "1:23: 'https://crds.example:8443/json' has a path: write the server's address alone, "
                "https://crds.example:8443"
            ),
        ),
        (
            "sources: {crds: {feeds: {url: x}}}\n",
            "1:25: expected a list, found a mapping: start each item of 'feeds' with '- '",
        ),
        (
            "sources: {crds: {feeds: [{instrument: nircam}]}}\n",
            "1:26: 'url' is missing (the feed's address): add url: https://maillist.example/feed",
        ),
        (
            "sources: {mailbox: {}}\n",
            "1:20: a mailbox is of one kind: write imap, maildir, mbox or eml, and one of them",
        ),
        (
            "sources: {mailbox: {maildir: mail}}\n",
            "1:30: 'mail' is no whole path: start it with '/'",
        ),
        (
            "delivery: {give_up_after: 3}\n",
            "1:27: a duration needs its unit: write 3s, 3m, 3h or 3d",
        ),
        ("heartbeat: {env: HOME}\n", f"1:12: {NO_WEB_ADDRESS}"),
        (
            "heartbeat: https://hc.example/5cf2d1f0\n",
            (
                "1:12: warning: a secret in the configuration, open to all who read the file: "
                "write {file: PATH}, {credential: NAME}, {env: NAME} or {keyring: SERVICE/USER}"
            ),
        ),
        ("operator: {channel: nobody}\n", "1:21: no channel 'nobody' is defined: add it under channels"),
        (
            "operator: ops@obs.example\n",
            "1:11: an address is written with its key: write {email: ops@obs.example}",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_told_with_its_place(problems_with: Problems, lines: str, said: str) -> None:
    assert apart_from_idle(problems_with(lines)) == [said]


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        (
            "[1180]",
            (
                "3:12: expected a mapping, found a list: "
                "its keys are programs, targets, instruments, levels and events"
            ),
        ),
        ("{}", "3:12: 'programs' is missing (programs by number, or observations of one): add programs: [1345]"),
        ("{programs: []}", "3:23: 'programs' is an empty list: give at least one item, as in programs: [1345]"),
        ("{programs: 1180}", "3:23: expected a list, found the number 1180: write programs: [1180]"),
        ("{program: [1180]}", "3:13: unknown key 'program', did you mean 'programs'?"),
        (
            "{programs: [01410]}",
            '3:24: 01410 is read as 776, in octal, by YAML 1.1: write 1410, or "01410" in quotes if it is text',
        ),
        (
            "{programs: [1210:5]}",
            '3:24: 1210:5 is read as 72605, in base 60, by YAML 1.1: write "1210:5" in quotes',
        ),
        (
            "{programs: [jades]}",
            "3:24: 'jades' is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations",
        ),
        ("{programs: [-5]}", "3:24: '-5' is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations"),
        ("{programs: [1.5]}", "3:24: '1.5' is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations"),
        ('{programs: ["1210:x"]}', "3:24: '1210:x': 'x' is no observation: write 5, or 1-3 for several"),
        ("{programs: [true]}", '3:24: a program is a number such as 1345, or "1345:5" for an observation of it'),
        (
            "{programs: from disk}",
            "3:23: 'from disk' is no list of programs, did you mean 'from-disk'?",
        ),
        (
            "{programs: from-disk}",
            "3:23: from-disk watches what lies in the 'local' folders: add local: [/data/jades]",
        ),
        (
            "{programs: [from-disk]}",
            "3:24: 'from-disk' is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations",
        ),
        ("{programs: [1180, ]}", None),
        ("{programs: [1180, null]}", "3:30: an empty item in the list: give it a value, or remove it"),
        (
            "{programs: [1180, 1180]}",
            "3:30: warning: the program 1180 is watched already by line 3: remove one of the two",
        ),
        (
            '{programs: [1180, "1180:5"]}',
            "3:30: warning: the program 1180:5 is watched already by line 3: remove one of the two",
        ),
        ('{programs: ["1180:5", "1180:6"]}', None),
        ("{programs: [1180], instruments: [NIRCam, MIRI]}", None),
        (
            "{programs: [1], instruments: [NIRCan]}",
            "3:42: 'nircan' is no instrument of JWST, did you mean 'nircam'?",
        ),
        (
            "{programs: [1], instruments: [bogus]}",
            "3:42: 'bogus' is no instrument of JWST: write nircam, niriss, nirspec, miri or fgs",
        ),
        (
            "{programs: [1], instruments: [{a: b}]}",
            "3:42: one word is expected here, the instrument of JWST: write nircam, niriss, nirspec, miri or fgs",
        ),
        ("{programs: [1], levels: [2]}", "3:37: level 2 has parts: write 2a, 2b or 2c"),
        ("{programs: [1], levels: [1]}", "3:37: level 1 has parts: write 1b"),
        ("{programs: [1], levels: [4]}", "3:37: '4' is no product level: write 1b, 2a, 2b, 2c or 3"),
        (
            "{programs: [1], events: [no_longer_stale]}",
            "3:37: 'no_longer_stale' is no event, did you mean 'no longer stale'?",
        ),
    ],
)
def test_what_to_watch_is_checked_word_by_word(problems_of_watch: Problems, watch: str, said: str | None) -> None:
    assert problems_of_watch(watch) == ([] if said is None else [said])


def test_programs_may_be_those_that_lie_on_disk(valid: str) -> None:
    text = valid.replace("programs: [1180]", "programs: from-disk").replace(
        "    deliver:", "    local: [/data/jades]\n    deliver:"
    )
    (subscription,) = parse_config(text, "f.yaml", {}).config.subscriptions
    assert subscription.watches_disk
    assert subscription.programs == frozenset()


@pytest.mark.parametrize(
    ("fetch", "said"),
    [
        ("{to: /data, at_most: 200GB}", None),
        ("{to: /data, at_most: 1 TiB}", None),
        ("{to: /data}", "'at_most' is missing"),
        ("{to: data, at_most: 200GB}", "'data' is no whole path"),
        ("{to: /data, at_most: 200}", "'200' is no size: write a number and its unit, such as 200GB or 2TB"),
        ("{to: /data, at_most: 0GB}", "'0GB' is no size"),
        ("{to: /data, at_most: 200gb}", "'200gb' is no size"),
        ("{to: /data, at_most: 200GB, atmost: 1}", "unknown key 'atmost'"),
    ],
)
def test_what_is_fetched_has_a_folder_and_a_limit(valid: str, fetch: str, said: str | None) -> None:
    text = valid.replace("    deliver:", f"    fetch: {fetch}\n    deliver:")
    if said is None:
        (subscription,) = parse_config(text, "f.yaml", {}).config.subscriptions
        assert subscription.fetch is not None
        assert subscription.fetch.at_most in {200 * 10**9, 2**40}
    else:
        with pytest.raises(ConfigurationInvalid, match=re.escape(said)):
            parse_config(text, "f.yaml", {})


@pytest.mark.parametrize(
    ("digest", "said"),
    [
        ("{at: 7:30}", '4:18: 7:30 is read as 450, in base 60, by YAML 1.1: write "07:30" in quotes'),
        ('{at: "25:00"}', "4:18: '25:00' is no time of day: write hours and minutes in quotes, such as \"07:00\""),
        ("{at: 7}", "4:18: '7' is no time of day: write hours and minutes in quotes, such as \"07:00\""),
        ("{at: 07:00}", None),
        ("{every: daily}", "4:21: 'daily' is no period, did you mean 'day'?"),
        ("{every: weekly}", "4:21: 'weekly' is no period, did you mean 'week'?"),
        (
            "{every: 12h}",
            "4:21: warning: a program can take days to reprocess, and this splits it over many digests: write day",
        ),
        ("{settle: 24}", "4:22: a duration needs its unit: write 24s, 24m, 24h or 24d"),
        ("{empty: no}", "4:21: 'no' is no choice for 'empty': write never, weekly or always"),
    ],
)
def test_the_schedule_is_checked(problems: Problems, valid: str, digest: str, said: str | None) -> None:
    text = valid.replace("    deliver:", f"    digest: {digest}\n    deliver:")
    assert apart_from_idle(problems(text)) == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("deliver", "said"),
    [
        (
            "[]",
            "4:14: an empty list, so the subscription delivers nowhere: write deliver: [{email: me@obs.example}]",
        ),
        ("{email: a@x.example}", "4:14: expected a list, found a mapping: start each item of 'deliver' with '- '"),
        ("[a@x.example]", "4:15: an address is written with its key: write {email: a@x.example}"),
        ("[{}]", "4:15: an empty destination: write {email: ADDRESS} or {channel: NAME}"),
        ("[{emial: a@x.example}]", "4:15: 'emial' is no kind of destination, did you mean 'email'?"),
        (
            "[{email: a@x.example, channel: keep}]",
            "4:15: two destinations in one: write {email: ADDRESS}, {channel: NAME}",
        ),
        ("[{channel: kept}]", "4:25: no channel 'kept' is defined, did you mean 'keep'?"),
        ("[{channel: team}]", "4:25: no channel 'team' is defined: write keep, or add it under channels"),
        (
            "[{channel: email}]",
            "4:25: 'email' is reached by addresses, not by its name: write {email: ADDRESS}",
        ),
        ("[{email: []}]", "4:23: 'email' is an empty list: give at least one item, as in email: [me@obs.example]"),
        ("[{email: [a@x.example, b]}]", "4:37: 'b' is no e-mail address: write it like name@obs.example"),
        (
            '[{email: "A <a@x.example>"}]',
            "4:23: 'A <a@x.example>' has a name with it: write a@x.example",
        ),
        (
            '[{email: "a@x.example\\nBcc: b@x.example"}]',
            "4:23: 'a@x.example\\nBcc: b@x.example' is no e-mail address: write it like name@obs.example",
        ),
        (
            '[{email: "a@x.example\\r\\nBcc: b@x.example"}]',
            "4:23: a control character in the value: remove the escape that makes it",
        ),
        ("[{email: josé@x.example}]", "4:23: 'josé@x.example' is not ASCII: use an address without accents"),
    ],
)
def test_a_destination_is_checked(problems: Problems, valid: str, deliver: str, said: str) -> None:
    text = valid.replace("[{email: me@obs.example}]", deliver) + "  keep: {folder: {path: /mail}}\n"
    assert problems(text) == [said]


def test_a_subscription_without_deliver_delivers_nowhere(problems: Problems) -> None:
    assert problems("subscriptions:\n  - name: jades\n    watch: {programs: [1]}\n") == [
        "2:5: the subscription 'jades' delivers nowhere: add deliver: [{email: me@obs.example}]"
    ]


def test_addresses_need_a_mail_server_which_is_told_once(problems: Problems) -> None:
    text = """\
        operator: {email: ops@obs.example}
        subscriptions:
          - {name: a, watch: {programs: [1]}, deliver: [{email: a@x.example}, {email: b@x.example}]}
        """
    assert problems(text) == [
        (
            "3:50: there is no mail server to deliver by: "
            "add channels: {email: {from: ..., host: ..., security: starttls}}"
        )
    ]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("team: {slak: {path: /mail}}", "7:9: 'slak' is no kind of channel, did you mean 'slack'?"),
        (
            "team: {slack: {}}",
            "7:17: 'webhook' is missing (the webhook's URL): add webhook: {credential: slack_webhook}",
        ),
        (
            "feed: {webhook: {url: https://hooks.example}}",
            (
                "7:19: 'secret' is missing (the key that each message is signed with, by HMAC-SHA-256): "
                "add secret: {credential: webhook_secret}"
            ),
        ),
        ("feed: {webhook: {url: hunter2, secret: {env: HOME}}}", f"7:25: {NO_WEB_ADDRESS}"),
        ("feed: {webhook: {url: {env: HOME}, secret: {env: HOME}}}", f"7:25: {NO_WEB_ADDRESS}"),
        ("team: {slack: {webhook: {env: HOME}}}", f"7:27: {NO_WEB_ADDRESS}"),
        (
            "feed: {webhook: {url: {env: NONE}, secret: {env: HOME}}}",
            "7:25: the environment variable NONE is not set or empty: set it for the service",
        ),
        ("keep: {maildir: /mail}", "7:19: expected a mapping, found the text '/mail': write {path: ...}"),
        ("keep: {maildir: {path: mail}}", "7:26: 'mail' is no whole path: start it with '/'"),
        ("keep: {maildir: {paht: /mail}}", "7:20: unknown key 'paht', did you mean 'path'?"),
        (
            "keep: /mail",
            (
                "7:9: a channel is written as {slack: {webhook: URL}}, {webhook: {url: URL, secret: KEY}}, "
                "{apprise: {url: URL}}, "
                "{maildir: {path: PATH}}, {folder: {path: PATH}}, {feed: {path: PATH}}, "
                "{command: {run: [PROGRAM]}} or stdout"
            ),
        ),
        (
            "keep: {maildir: {path: /a}, folder: {path: /b}}",
            (
                "7:9: a channel has one key, slack, webhook, apprise, maildir, folder, feed or command, and "
                "this has 2: write {slack: {webhook: URL}}, {webhook: {url: URL, secret: KEY}}, "
                "{apprise: {url: URL}}, "
                "{maildir: {path: PATH}}, {folder: {path: PATH}}, {feed: {path: PATH}}, "
                "{command: {run: [PROGRAM]}} or stdout"
            ),
        ),
        (
            "mail: {email: {host: x}}",
            "7:9: the e-mail channel is called 'email': write email: {from: ..., host: ...} in channels",
        ),
        (
            "My Team: {folder: {path: /a}}",
            (
                "7:3: 'My Team' can't be a name: use up to 64 of a-z, 0-9, '.', '_' and '-', "
                "and start with a letter or digit; write 'my-team'"
            ),
        ),
    ],
)
def test_a_channel_is_checked(problems: Problems, valid: str, channel: str, said: str) -> None:
    assert problems(f"{valid}  {channel}\n") == [said]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("security: tls", "securty: tls", "6:64: unknown key 'securty', did you mean 'security'?"),
        (", security: tls", "", "6:10: 'security' is missing (starttls, tls or plain): add security: starttls"),
        ("security: tls", "security: ssl", "6:74: 'ssl' is no kind of security: write starttls, tls or plain"),
        (
            "security: tls",
            'security: tls, port: "25"',
            "6:85: expected a whole number, found the text '25': write port: 25",
        ),
        (
            "security: tls",
            "security: tls, port: 0",
            "6:85: the number 0 is out of range for 'port': write 1 to 65535",
        ),
        (
            "security: tls",
            "security: tls, username: bot",
            "6:79: 'username' without 'password' or 'token_command': give one of them to log in, or none",
        ),
        (
            "security: tls",
            "security: tls, token_command: [/bin/token]",
            "6:79: 'token_command' without 'username': give both to log in, or none",
        ),
        (
            "security: tls",
            "security: tls, username: bot, token_command: [token, smtp]",
            "6:109: 'token' is no whole path of a program: start it with '/'",
        ),
        (
            "security: tls",
            "security: tls, username: bot, token_command: []",
            (
                "6:109: 'token_command' is an empty list: give at least one item, as in token_command: "
                "[/usr/bin/oauth2-token, smtp]"
            ),
        ),
        (
            "security: tls",
            "security: tls, username: bot, token_command: /bin/token smtp",
            "6:109: expected a list, found the text '/bin/token smtp': write token_command: [/bin/token smtp]",
        ),
        (
            "security: tls",
            "security: tls, username: bot, token_command: [/bin/token, 5]",
            '6:122: expected text, found the number 5: write "5" in quotes',
        ),
        (
            "smtp.obs.example",
            "smtp.obs.example:587",
            "6:46: 'smtp.obs.example:587' has the port in it: write host: smtp.obs.example and port: 587",
        ),
        (
            "smtp.obs.example",
            "smtps://smtp.obs.example",
            "6:46: 'smtps://smtp.obs.example' is no host name: leave out '://' and all after the name",
        ),
        (
            "pedigreed@obs.example",
            "pedigreed",
            "6:17: 'pedigreed' is no sender: write name@obs.example or \"pedigreed <name@obs.example>\"",
        ),
    ],
)
def test_the_mail_server_is_checked(problems: Problems, valid: str, before: str, after: str, said: str) -> None:
    assert problems(valid.replace(before, after)) == [said]


def test_there_is_one_way_to_log_in(problems: Problems, valid: str) -> None:
    both = "username: bot, password: {env: PASSWORD}, token_command: [/bin/token]"
    text = valid.replace("security: tls", f"security: tls, {both}")
    assert problems(text, {"PASSWORD": "hunter2"}) == [
        "6:121: 'token_command' beside 'password': they are two ways to log in, remove one of them"
    ]
    assert problems(text.replace("username: bot, ", ""), {"PASSWORD": "hunter2"}) == [
        "6:79: 'password' without 'username': give both to log in, or none",
        "6:106: 'token_command' beside 'password': they are two ways to log in, remove one of them",
        "6:106: 'token_command' without 'username': give both to log in, or none",
    ]


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("token_command: [/bin/token, imap]", []),
        ("password: {env: PASSWORD}", []),
        ("", ["'username' without 'password' or 'token_command': give one of them to log in"]),
        (
            "password: {env: PASSWORD}, token_command: [/bin/token]",
            ["'token_command' beside 'password': they are two ways to log in, remove one of them"],
        ),
    ],
)
def test_a_mailbox_has_one_way_to_log_in(problems: Problems, valid: str, login: str, said: list[str]) -> None:
    text = f"{valid}\nsources: {{mailbox: {{imap: {{host: imap.obs.example, username: bot, {login}}}}}}}\n"
    found = problems(text.replace(", }", "}"), {"PASSWORD": "hunter2"})
    assert [problem.split(": ", 1)[1] for problem in found] == said


def test_an_access_token_instead_of_a_password(problems: Problems, valid: str) -> None:
    text = valid.replace("security: tls", "security: tls, username: bot, token_command: [/bin/token, smtp]")
    assert problems(text) == []
    email = parse_config(text, "f", {}).config.channels["email"]
    assert isinstance(email, EmailChannel)
    assert email.token_command == ("/bin/token", "smtp")
    assert problems(text.replace("security: tls", "security: plain")) == [
        "6:74: warning: the access token would cross the network in the clear: write starttls or tls"
    ]


def test_a_password_in_the_clear_is_warned_about(problems: Problems, valid: str) -> None:
    text = valid.replace("security: tls", "security: plain, username: bot, password: {env: PASSWORD}")
    assert problems(text, {"PASSWORD": "hunter2"}) == [
        "6:74: warning: the password would cross the network in the clear: write starttls or tls"
    ]
    assert problems(text.replace("smtp.obs.example", "localhost"), {"PASSWORD": "hunter2"}) == []


def test_names_of_subscriptions_differ(problems: Problems) -> None:
    one = "  - {name: jades, watch: {programs: [1]}, deliver: [{channel: keep}]}\n"
    text = f"channels: {{keep: {{folder: {{path: /mail}}}}}}\nsubscriptions:\n{one}{one}"
    assert problems(text) == ["4:12: a subscription named 'jades' is in line 3 already: rename one of them"]


def test_several_problems_are_told_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    text = """\
        timezone: Europe/Madird
        sources: {mast: {every: 1h}}
        subscriptions:
          - name: JADES
            watch: {programs: [01410, x], instruments: [nircm]}
            digest: {at: 7:30, evry: day}
            deliver: [{channel: tem}]
            deliver: []
          - watch: {}
        channels: {team: {slack: {webhook: https://hooks.example/hunter2}}}
        """
    told = problems(text)
    assert [line.split(" ")[0] for line in told] == [
        "1:11:",
        "2:25:",
        "4:11:",
        "5:24:",
        "5:31:",
        "5:49:",
        "6:18:",
        "6:24:",
        "7:25:",
        "8:5:",
        "9:5:",
        "9:5:",
        "9:12:",
        "10:36:",
    ]
    assert [line.split(" ")[1] == "warning:" for line in told].count(True) == 2
    assert not [line for line in told if "hunter2" in line]


@pytest.mark.parametrize("line", ["key{}: 1\n", "a: 1\n", "\tb: {}\n", "b{}: *a\n", "b{}:\n"])
def test_a_flood_of_problems_is_cut_short(problems: Problems, line: str) -> None:
    told = problems("".join(line.format(number) for number in range(examples(5000, at_least=500))))
    assert len(told) in {100, 101}
    assert [text for text in told if text.startswith(" and more")] == told[100:]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "~\n", "null\n"])
def test_an_empty_configuration_is_told_so(problems: Problems, text: str) -> None:
    assert problems(text) == ["1:1: an empty configuration: `pedigreed config init` writes one to start from"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello", "the text 'hello'"), ("- a", "a list"), ("12", "the number 12")],
)
def test_what_is_no_mapping_is_no_configuration(problems: Problems, text: str, said: str) -> None:
    assert problems(text) == [
        (
            f"1:1: expected a mapping, found {said}: its keys are timezone, store, sources, channels, "
            "subscriptions, delivery, history, templates, operator, heartbeat and http"
        )
    ]


def refusal_of(path: Path) -> str:
    with pytest.raises(ConfigurationInvalid) as refused:
        load_config(path, {})
    assert refused.value.exit_code == 78
    return str(refused.value).removeprefix(str(path))


def test_a_file_is_read(valid: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbf" + valid.replace("\n", "\r\n").encode())
    assert load_config(tmp_path / "f.yaml", {"HOME": "/"}).config.programs == {1180}


def test_a_missing_file_and_a_directory_are_told(tmp_path: Path) -> None:
    said = refusal_of(tmp_path / "none.yaml")
    assert said == ": no such file: `pedigreed config init FILE` writes one to start from"
    assert refusal_of(tmp_path) == ": a directory: name the file in it"
    (tmp_path / "file").touch()
    assert refusal_of(tmp_path / "file" / "f.yaml") == ": can't be read: Not a directory"


def test_a_pipe_and_a_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal_of(tmp_path / "pipe") == ": can't be read: not a regular file"
    (tmp_path / "device").symlink_to("/dev/zero")
    assert refusal_of(tmp_path / "device") == ": can't be read: not a regular file"


def test_a_file_of_ten_megabytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"# comment\n" * 1_000_000)
    assert refusal_of(tmp_path / "f.yaml") == ": larger than 1 MB: this is no configuration, check the path"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\nb: caf\xe9\n", ":2:7: the byte 0xE9 is not UTF-8: save the file as UTF-8"),
        ("timezone: UTC\n".encode("utf-16"), ":1:1: this is UTF-16: save the file as UTF-8"),
        (b"a: \x00\n", ":1:4: a NUL byte in the text: remove it"),
        (b"", ":1:1: an empty configuration: `pedigreed config init` writes one to start from"),
    ],
)
def test_bytes_that_are_no_text_are_told(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    assert refusal_of(tmp_path / "f.yaml") == said


def test_a_program_is_found_where_it_is_written(valid: str) -> None:
    loaded = parse_config(valid, "f", {})
    assert str(loaded.about_program(1180, "unknown")) == "f:3:24: warning: unknown"
    assert str(loaded.about_program(9, "unknown")) == "f: warning: unknown"


SLIPS = """\
timezone: Europe/Madrid
sources: {mast: {every: 1d, token: {env: PASSWORD}}}
channels:
  email: {from: "p <p@obs.example>", host: smtp.obs.example, security: tls}
subscriptions:
  - name: jades
    watch: {programs: [1180, "1210:5"], levels: [2b, 3]}
    deliver:
      - email: [a@obs.example, b@obs.example]
"""
_KEYS = st.sampled_from(sorted({step for path in keys_below((), 8) for step in path if isinstance(step, str)}))
_SCALARS = st.sampled_from(
    [
        "",
        "null",
        "true",
        "1",
        "01410",
        "7:30",
        "1.5",
        "1d",
        "day",
        "a@x.example",
        "/p",
        "tls",
        "'x'",
        '"\\0"',
        "&a",
        "*a",
    ]
)
_FLOW = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(_KEYS, inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=20,
)


def lines_about(text: str) -> list[str]:
    """The problems of a text. Whatever is wrong with it, nothing but `ConfigurationInvalid` is raised."""
    try:
        loaded = parse_config(text, "f", {"PASSWORD": "hunter2"})
    except ConfigurationInvalid as refused:
        return str(refused).split("\n")
    return [str(warning) for warning in loaded.warnings]


@given(st.text() | st.text("ab:-[]{}\"'&*!|>#%@ \n\t?,0123") | _FLOW)
def test_any_text_is_loaded_or_refused_and_nothing_else(text: str) -> None:
    assert all(line.startswith("f:") for line in lines_about(text))


@example(66, 0, "\n\n")
@given(st.integers(0, 300), st.integers(0, 12), st.text("ab:-[]{}\"'&*!|>#%@ \n\t?,0123\0", max_size=3))
def test_any_slip_of_the_pen_is_loaded_or_refused_and_nothing_else(start: int, length: int, slip: str) -> None:
    text = SLIPS[:start] + slip + SLIPS[start + length :]
    assert all(line.startswith("f:") for line in lines_about(text))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_else(content: bytes) -> None:
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with pytest.raises(ConfigurationInvalid):
            load_config(Path(file.name), {})


def test_what_stands_inside_a_misspelt_key_is_judged_too(problems: Problems) -> None:
    text = """\
        subscription:
          - name: jades
            wach: {program: [0]}
            deliver: [{channel: kept}, {email: me}]
        channel:
          keep: {maildir: {paht: mail}}
          email: {from: a@obs.test, host: smtp.obs.test, security: tls}
        """
    assert problems(text) == [
        "1:1: unknown key 'subscription', did you mean 'subscriptions'?",
        "3:5: unknown key 'wach', did you mean 'watch'?",
        "3:12: unknown key 'program', did you mean 'programs'?",
        "3:22: '0' is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations",
        "4:25: no channel 'kept' is defined, did you mean 'keep'?",
        "4:40: 'me' is no e-mail address: write it like name@obs.example",
        "5:1: unknown key 'channel', did you mean 'channels'?",
        "6:20: unknown key 'paht', did you mean 'path'?",
        "6:26: 'mail' is no whole path: start it with '/'",
    ]


def test_a_week_ends_on_the_day_that_is_wanted(problems: Problems, valid: str) -> None:
    weekly = valid.replace("    deliver", "    digest: {every: week, on: friday}\n    deliver")
    assert problems(weekly) == []
    assert parse_config(weekly, "f", {}).config.subscriptions[0].digest.on == "friday"
    assert problems(weekly.replace("week", "day")) == [
        "4:13: 'on' is the day of a week: write every: week, or leave out on: friday"
    ]
    assert "no day of the week, did you mean 'friday'?" in problems(weekly.replace("friday", "fridays"))[0]


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    text = (
        "channels: {news: {feed: {path: ~/pedigreed.atom}}}\n"
        "subscriptions: [{name: a, watch: {programs: [1180]}, deliver: [{channel: news}]}]\n"
    )
    config = parse_config(text, "pedigreed.yaml", {"HOME": "/home/me"}).config
    channel = config.channels["news"]
    assert isinstance(channel, FeedChannel)
    assert channel.path == Path("/home/me/pedigreed.atom")
