"""A cycle of the real program, whose digest goes to a real mail server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from commands import Ended, pedigreed
from mail_server import Mail, mail_server
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{mast}"}}, crds: {{url: none}}}}
channels:
  email: {{from: "pedigreed <pedigreed@obs.example>", host: 127.0.0.1, port: {port}, security: plain}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver: [{{email: [a@x.example, nobody@x.example, b@x.example, a@x.example]}}]
operator: {{email: ops@obs.example}}
"""


def cycles(folder: Path) -> tuple[list[Ended], list[Mail]]:
    """Two days: how they ended, and the mails that came."""

    async def scenario() -> tuple[list[Ended], list[Mail]]:
        with DemoArchive(archive_at, DAY_1) as archive:
            async with mail_server() as server:
                server.refused["nobody@x.example"] = "550 no such user"
                config = folder / "pedigreed.yaml"
                config.write_text(CONFIG.format(folder=folder, mast=archive.url, port=server.port))
                ended = [await asyncio.to_thread(pedigreed, "once", "-c", config, "--now", "2026-11-21T06:00Z")]
                archive.now = DAY_2
                ended.append(
                    await asyncio.to_thread(pedigreed, "once", "-c", config, "--now", "2026-11-22T06:00Z")
                )
                return ended, server.mails

    return asyncio.run(scenario())


def test_each_recipient_gets_a_mail_of_its_own_and_one_refusal_stops_nobody(tmp_path: Path) -> None:
    ended, arrived = cycles(tmp_path)
    mails = [mail for mail in arrived if mail.recipient != "ops@obs.example"]
    (word,) = (mail for mail in arrived if mail.recipient == "ops@obs.example")
    assert word.read["Subject"] == "[pedigreed] problem: a digest for nobody@x.example was given up"
    assert [mail.recipient for mail in mails] == ["a@x.example", "b@x.example"] * 2
    assert all(one.code == 69 and "1 of " in one.err and "will not arrive" in one.err for one in ended)
    assert "refused to email nobody@x.example: " in ended[0].out
    assert "550 no such user" in ended[0].out
    first, second = mails[0].read, mails[2].read
    assert first["To"] == "a@x.example"
    assert first["Subject"] == "[pedigreed] jades: now watching 1 program"
    assert second["Subject"].startswith("[pedigreed] jades: 66 reprocessed (2.0.1, jwst_1535)")
    assert first["Message-ID"] != second["Message-ID"] != mails[3].read["Message-ID"]
    assert first["References"] == second["References"], "a thread"
    assert second["Date"].datetime == DAY_2
    assert "ops@obs.example" in second["List-Unsubscribe"]
    text = second.get_body(("plain",))
    assert text is not None
    assert "REPROCESSED    66 of 112 products" in text.get_content()
    assert {part.get_filename() for part in second.iter_attachments()} == {
        "jades-2026-11-22.json",
        "jades-2026-11-22.csv",
    }
