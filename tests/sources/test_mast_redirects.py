"""Where the archive's redirects lead, by the connections that they make: names may stand for anything."""

from __future__ import annotations

import pytest

from own_network import printed_in_own_network

pytestmark = pytest.mark.process

OUTSIDE = """
import socket

from asking_mast import AGENT, NIRCAM_1180, QUICK
from pedigreed.sources.mast.archive import MastArchive
from raw_server import raw_server

NO = b"HTTP/1.1 400 No\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"
resolve, turns = socket.getaddrinfo, []

def rebinding(host, *arguments, **options):
    \"\"\"A name of the internet, which is this machine at every other look.\"\"\"
    if host == "rebinding.example":
        turns.append(host)
        host = "127.0.0.1" if len(turns) % 2 == FIRST else "9.9.9.9"
    return resolve(host, *arguments, **options)

socket.getaddrinfo = rebinding

def asked(here, to):
    here.answers = [(f"HTTP/1.1 307 Go\\r\\nContent-Length: 0\\r\\nLocation: {to}\\r\\n\\r\\n".encode(),)]
    with MastArchive(here.url, AGENT, patience=QUICK) as archive:
        [(_, fetched)] = archive.answers(NIRCAM_1180, lambda _: {})
    return fetched.problems[0]

with raw_server((NO,)) as inside, raw_server((NO,), host="9.9.9.9") as public:
    port = inside.url.rpartition(":")[2]
    with raw_server((NO,), host="9.9.9.9") as server:
        for FIRST in (0, 1):
            turns.clear()
            print(asked(server, f"http://rebinding.example:{port}/"))
        for host in ("127.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "localhost.", "169.254.169.254"):
            print(asked(server, f"http://{host}:{port}/"))
        print(any(inside.requests), asked(server, public.url), any(public.requests))
    with raw_server((NO,)) as server:
        print(asked(server, inside.url), any(inside.requests))
"""

REFUSED = "MAST can't be asked: it redirects into a private network"
ANSWERED = "MAST answered HTTP 400"


@pytest.mark.failure("MAST redirects")
def test_the_connection_of_a_redirect_is_looked_at_whatever_its_name_was_before() -> None:
    *refused, public, private = printed_in_own_network(OUTSIDE)
    assert refused == [REFUSED] * 8
    assert public == f"False {ANSWERED} True"
    assert private == f"{ANSWERED} True"
