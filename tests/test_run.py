"""``manage.py run``: the whole site in one command, which ends with nothing left behind."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from harmhub import embedded_postgres, first_run
from harmhub.management.commands.run import read_collected_files
from tests.fixtures.site import collected_files, free_port, wait_for

SECONDS_TO_START = 240  # a limit for busy machines; it takes about 15


class Run:
    """One ``manage.py run`` with a DATA_DIR of its own; ``output`` is what it has printed until now."""

    def __init__(self, data_dir: Path, port: int, **environment: str) -> None:
        self.data_dir, self.port = data_dir, port
        unset = {
            "DATABASE_URL",
            "SECRET_KEY",
            "SEALING_KEYS",
            "EMAIL_URL",
            "PUBLIC_URL",
            "DJANGO_SETTINGS_MODULE",
        }
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        self.log = data_dir / f"run-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=settings.BASE_DIR,
                env=kept | {"DATA_DIR": str(data_dir), "PORT": str(port)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_until_greeted(self) -> None:
        wait_for(lambda: self.ended() or "Ctrl-C ends it" in self.output, SECONDS_TO_START, "No greeting.")
        assert not self.ended(), self.output

    def ended(self) -> bool:
        return self.process.poll() is not None

    def press_ctrl_c(self) -> int:
        """Send what the terminal sends, and return the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def get(self, path: str) -> tuple[int, bytes]:
        page = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(page):
            page.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            answer = page.getresponse()
            return answer.status, answer.read()

    def answers(self, path: str = "/") -> bool:
        with contextlib.suppress(OSError):
            return self.get(path)[0] == 200
        return False

    def query(self, statement: str) -> list[tuple]:
        folder = embedded_postgres.socket_dir(self.data_dir)
        with psycopg.connect(host=str(folder), user="postgres", dbname="postgres") as opened:
            return opened.execute(statement).fetchall()


def processes(data_dir: Path) -> list[str]:
    """Return the processes that have this DATA_DIR in their environment, and its database's."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"DATA_DIR={data_dir}".encode() in (
                entry / "environ"
            ).read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found + [str(pid) for pid in embedded_postgres._processes(data_dir / "postgres")]


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="harmhub-run-") as folder:
        os.chmod(folder, 0o711)
        # Collecting is the slow part of a first run, and is shared with the tests of the running site.
        collected_files(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="module")
def start(data_dir: Path) -> Iterator[Callable[[int], Run]]:
    """Start a run on a port; all that still run are ended after the last test."""
    runs = []

    def begin(port: int) -> Run:
        runs.append(Run(data_dir, port))
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
    wait_for(lambda: not processes(data_dir), 20, "Processes are left.")


@pytest.fixture(scope="module")
def first(start) -> Run:
    """A site that is up; the test above has begun it and was interrupted."""
    run = start(free_port())
    run.wait_until_greeted()
    return run


def test_static_files_collected_by_another_process_are_known_to_the_web_server(tmp_path, settings):
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": manifest}}
    assert staticfiles_storage.hashed_files == {}
    (tmp_path / "staticfiles.json").write_text(
        '{"version": "1.1", "paths": {"a.css": "a.0123.css"}, "hash": ""}'
    )
    read_collected_files()
    assert staticfiles_storage.url("a.css") == "/static/a.0123.css"


def test_a_first_run_that_is_killed_while_it_loads_the_demo_leaves_no_process(data_dir, start):
    run = start(free_port())
    wait_for(lambda: run.ended() or "Loading" in run.output, SECONDS_TO_START, "The demo is not loaded.")
    assert not run.ended(), run.output
    run.kill()
    wait_for(lambda: not processes(data_dir), 20, "Processes are left.")


def test_the_page_answers_when_the_address_is_printed_and_the_secrets_are_private(first):
    assert first.get("/")[0] == 200
    assert first.get("/admin/login/")[0] == 200, first.output
    secrets = first.data_dir / first_run.FILE
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert secrets.read_text().count("\n") == 3


def test_a_killed_worker_and_a_killed_web_server_are_started_again(first):
    def pids() -> list[int]:
        children = Path(f"/proc/{first.process.pid}/task/{first.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"manage.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    before = pids()
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(pids()) == 2 and not set(pids()) & set(before), 20, "Not started again.")
    wait_for(first.answers, 20, "The new web server does not answer.")


def test_a_killed_database_is_started_again_and_the_site_answers(first):
    before = embedded_postgres.postmaster(first.data_dir)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: first.answers("/health/"), 20, "The site does not answer any more.")
    assert embedded_postgres.postmaster(first.data_dir) not in {0, before}
    assert "Traceback" not in first.output
    assert "  File" not in first.output


def test_a_taken_port_is_one_clear_sentence(first, start):
    second = start(first.port)
    assert second.process.wait(SECONDS_TO_START) == 1
    assert (
        second.output == f"Port {first.port} cannot be used (Address already in use): set PORT to another.\n"
    )
    assert first.get("/")[0] == 200


@pytest.mark.parametrize("port", ["http", "0", "70000", ""])
def test_a_port_that_is_none_is_one_clear_sentence(port):
    with pytest.raises(SystemExit, match="PORT is a number from 1 to 65535"):
        first_run.refuse_taken_port({"PORT": port})


def test_a_second_run_keeps_the_data_and_ctrl_c_leaves_no_process(first, start):
    users = first.query("SELECT username, password FROM users_user ORDER BY 1")
    secrets = (first.data_dir / first_run.FILE).read_text()
    assert first.press_ctrl_c() == 0
    # The tracker of a web server's semaphores ends when it sees that the server has gone.
    wait_for(lambda: not processes(first.data_dir), 2, "Ctrl-C has left processes.")
    again = start(first.port)
    again.wait_until_greeted()
    assert again.query("SELECT username, password FROM users_user ORDER BY 1") == users
    assert (first.data_dir / first_run.FILE).read_text() == secrets
    again.kill()
    wait_for(lambda: not processes(first.data_dir), 20, "A killed run has left processes.")


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path):
    with tempfile.NamedTemporaryFile(dir=tmp_path) as file:
        run = subprocess.run(
            [sys.executable, "manage.py", "run"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATA_DIR": f"{file.name}/data", "PORT": str(free_port())},
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert file.name in run.stderr
