"""``manage.py serve``: the web server as it runs on a server."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.fixtures.site import Site, wait_for


class OverSocket(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.host)


def asked(path: Path, host: str, page: str) -> http.client.HTTPResponse | None:
    """Return what is answered at a socket, read; None where nobody answers."""
    connection = OverSocket(str(path))
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", page, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        return answer
    return None


def status(path: Path, host: str) -> int:
    """Return the status of the health page; 0 where nobody answers."""
    answer = asked(path, host, "/health/")
    return answer.status if answer else 0


@pytest.fixture
def served(site_server: Site, tmp_path: Path) -> Iterator[tuple[subprocess.Popen, Path, str]]:
    """Another web server of the running site, at a socket: its process, the socket, the host it answers."""
    path = tmp_path / "site.sock"
    command = [sys.executable, "manage.py", "serve", "--socket", str(path), "--processes", "2"]
    environment = site_server.environment | {"HTTP_IF_NONE_MATCH": "*"}
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)
    host = site_server.url.removeprefix("http://")
    try:
        wait_for(lambda: status(path, host) == 200, 30, "Nobody answers at the socket.")
        yield process, path, host
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def web_processes(process: subprocess.Popen) -> set[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_it_answers_at_a_socket_and_a_process_that_dies_is_started_again(served):
    process, path, host = served
    before = web_processes(process)
    assert len(before) >= 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(
        lambda: len(new := web_processes(process)) >= 2 and not new & before, 20, "None is started again."
    )
    wait_for(lambda: status(path, host) == 200, 20, "The new processes do not answer.")


def test_it_ends_in_order_when_told_to_and_leaves_no_process(served):
    process, path, host = served
    others = web_processes(process)
    process.terminate()
    assert process.wait(10) == 0
    assert status(path, host) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in others)


def test_a_server_that_is_killed_leaves_no_process(served):
    process, path, host = served
    others = web_processes(process)
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in others), 5, "A process goes on.")
    assert status(path, host) == 0


def test_its_environment_is_not_taken_for_headers_of_requests(served):
    _, path, host = served
    file = asked(path, host, "/static/icon.svg")
    assert file
    assert file.status == 200
