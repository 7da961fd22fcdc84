"""The real daemon, looked at by HTTP."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from background import wait_until
from daemon_web import asking, looked_at, notified, with_http
from observatory import TO_SLACK, observatory
from real_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daemon_web import Running
    from observatory import Observatory


@pytest.fixture(params=["tcp", "unix"])
def listen(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where to listen, of each kind."""
    return f"127.0.0.1:{free_port()}" if request.param == "tcp" else f"unix:{tmp_path}/http.sock"


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A daemon that listens on a port."""
    folder = tmp_path_factory.mktemp("looked")
    listen = f"127.0.0.1:{free_port()}"
    with observatory(folder, f"sqlite:///{folder}/store/pedigreed.db") as obs:
        obs.configure(TO_SLACK)
        with_http(obs.config, listen)
        with looked_at(obs.config, listen, obs.environ) as running:
            wait_until(lambda: obs.slack.posts)
            wait_until(lambda: "1 sent" in running.http.get("/").text)
            yield running


def test_it_says_that_it_is_well_and_leaves_nothing_behind(
    file_obs: Observatory, listen: str, tmp_path: Path
) -> None:
    file_obs.configure(TO_SLACK)
    with_http(file_obs.config, listen)
    with looked_at(file_obs.config, listen, file_obs.environ) as running:
        wait_until(lambda: running.http.get("/healthz").text == "ok\n")
        done = running.stop()
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "http.sock").exists()


def test_a_reload_moves_it_and_ends_it(file_obs: Observatory, tmp_path: Path) -> None:
    first, second = f"127.0.0.1:{free_port()}", f"unix:{tmp_path}/http.sock"
    file_obs.configure(TO_SLACK)
    with_http(file_obs.config, first)
    with looked_at(file_obs.config, first, file_obs.environ) as running:
        with_http(file_obs.config, second)
        running.reload()
        with asking(second) as moved:
            assert moved.get("/healthz").status_code in {200, 503}
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://{first}/healthz", trust_env=False)
        with_http(file_obs.config, None)
        running.reload()
        wait_until(lambda: not (tmp_path / "http.sock").exists())
        assert running.stop().code == 0


def test_a_port_in_use_is_told_and_the_rest_goes_on(file_obs: Observatory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        file_obs.configure(TO_SLACK)
        with_http(file_obs.config, listen)
        with notified(file_obs.config, file_obs.environ) as (running, said):
            wait_until(lambda: f"; http: {listen} can't be listened on: Address already in use" in said())
            wait_until(lambda: file_obs.slack.posts)
            done = running.stop()
    assert done.code == 0
    assert done.err.count("http not started") == 1
    assert "Address already in use" in done.err


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(looked: Running, method: str) -> None:
    for path in ("/", "/healthz", "/nowhere"):
        answer = looked.http.request(method, path, content=b"x" * 100_000 if method == "POST" else None)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_whatever_is_answered_has_every_header_of_caution(looked: Running) -> None:
    for path, code in {"/healthz": 200, "/nowhere": 404, "/../etc/passwd": 404, "/%00": 404}.items():
        answer = looked.get(path, code)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Server"] == "pedigreed"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1", "0"]
)
def test_another_name_for_this_machine_is_refused(looked: Running, host: str) -> None:
    assert "not one of this machine's own" in looked.get("/", 421, Host=host).text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.1.2.3", "[::1]:9464"])
def test_its_own_names_are_not(looked: Running, host: str) -> None:
    assert looked.http.get("/healthz", headers={"Host": host}).status_code in {200, 503}


def test_every_page_is_there(looked: Running) -> None:
    status = looked.get("/").text
    assert ">a</th>" in status
    assert "MAST NIRCam" in status
    (digest,) = set(re.findall("/digests/[0-9a-f]{32}", status))
    assert "a: program 1180" in looked.get(digest).text
    program = looked.get("/programs/1180").text
    assert "<svg" in program
    assert "3 of 1.20.2" in program


def test_prometheus_can_read_what_the_cycle_did(looked: Running) -> None:
    def figures() -> dict[str, float]:
        text = looked.get("/metrics").text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {f"{each.name} {' '.join(sorted(each.labels.values()))}": each.value for each in samples}

    wait_until(lambda: figures()["pedigreed_delivery_attempts_total sent"] == 1)
    found = figures()
    assert found["pedigreed_up "] == 1
    assert found["pedigreed_runs_total ask complete"] >= 1
    assert found["pedigreed_deliveries sent"] == 1
    assert found["pedigreed_store_bytes "] > 0
    assert found["process_resident_memory_bytes "] > 1e6


def test_it_is_as_small_as_it_may_be(looked: Running) -> None:
    """In memory, after everything was looked at. Without `http` it is smaller yet."""
    for path in ("/", "/programs/1180", "/metrics", "/healthz"):
        looked.get(path)
    print(f"{looked.memory:.1f} MB")
    assert looked.memory < 110
