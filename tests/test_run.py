"""``manage.py run``: the whole site in one command, which ends with nothing left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from harmhub import embedded_postgres, first_run
from harmhub.management.commands.run import read_collected_files
from harmhub.statement_timeout import SECONDS
from tests.fixtures import databases
from tests.fixtures.runs import SECONDS_TO_START, Run, Runs, processes
from tests.fixtures.site import free_port, wait_for


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


def test_a_first_run_that_is_killed_while_it_loads_the_demo_leaves_no_process(interrupted_run: Run):
    assert interrupted_run.left == []


def test_the_page_answers_when_the_address_is_printed_and_the_secrets_are_private(demo_run: Run):
    assert demo_run.get("/")[0] == 200
    assert demo_run.get("/admin/login/")[0] == 200, demo_run.output
    secrets = demo_run.data_dir / first_run.FILE
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert secrets.read_text().count("\n") == 3


def test_a_killed_worker_and_a_killed_web_server_are_started_again(demo_run: Run):
    def pids() -> list[int]:
        children = (
            Path(f"/proc/{demo_run.process.pid}/task/{demo_run.process.pid}/children").read_text().split()
        )
        return [int(pid) for pid in children if b"manage.py" in command_of(pid)]

    def command_of(pid: str) -> bytes:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # it ended since it was listed
            return b""

    before = pids()
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(pids()) == 2 and not set(pids()) & set(before), 20, "Not started again.")
    wait_for(demo_run.answers, 20, "The new web server does not answer.")


@pytest.fixture
def stored_page_read(demo_run: Run) -> Iterator[None]:
    """Have two readers ask for a stored page all the time; each gets it, whatever happens meanwhile."""
    over, answers = threading.Event(), []

    def read() -> None:
        while not over.wait(0.02):
            answers.append(demo_run.get("/")[0])

    stored = demo_run.data_dir / "pages"
    wait_for(lambda: demo_run.answers() and [*stored.glob("*/pages/index.json")], 20, "It is not stored.")
    readers = [threading.Thread(target=read) for _ in range(2)]
    for each in readers:
        each.start()
    yield
    over.set()
    for each in readers:
        each.join()
    assert set(answers) == {200}
    assert len(answers) > 20


@pytest.mark.usefixtures("stored_page_read")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_database_that_ends_is_started_again_and_the_site_answers(demo_run: Run, end: signal.Signals):
    before = embedded_postgres.postmaster(demo_run.data_dir)
    os.kill(before, end)

    def is_started_again() -> bool:
        return embedded_postgres.postmaster(demo_run.data_dir) not in {0, before}

    # In this order: for a moment, connections outlive the server that had taken them.
    wait_for(is_started_again, 20, "The database is not started again.")
    wait_for(lambda: demo_run.answers("/health/"), 20, "The site does not answer any more.")
    assert "Traceback" not in demo_run.output
    assert "  File" not in demo_run.output


@pytest.mark.usefixtures("stored_page_read")
def test_a_database_that_hangs_holds_no_stored_page_up(demo_run: Run):
    server = embedded_postgres.postmaster(demo_run.data_dir)
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    processes = [server, *map(int, children)]
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.append(demo_run.get(f"/search/?q={number}")[0])

    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        for expected in (16, 32):  # at first nobody knows
            asking = [threading.Thread(target=ask, args=[number]) for number in range(16)]
            for each in asking:
                each.start()
            began = time.monotonic()
            assert [demo_run.get("/")[0] for _ in range(100)] == [200] * 100
            took = time.monotonic() - began
            for each in asking:
                each.join()
            assert answers == [503] * expected
        assert took < SECONDS, "Stored pages wait for the database."
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: demo_run.answers("/health/"), 20, "The site does not answer any more.")


def test_a_taken_port_is_one_clear_sentence(demo_run: Run, runs: Runs):
    second = runs.start(demo_run.port)
    assert second.process.wait(SECONDS_TO_START) == 1
    assert (
        second.output
        == f"Port {demo_run.port} cannot be used (Address already in use): set PORT to another.\n"
    )
    assert demo_run.get("/")[0] == 200


@pytest.mark.parametrize("port", ["http", "0", "70000", ""])
def test_a_port_that_is_none_is_one_clear_sentence(port):
    with pytest.raises(SystemExit, match="PORT is a number from 1 to 65535"):
        first_run.refuse_taken_port({"PORT": port})


def test_secrets_may_have_comments_and_are_not_made_anew_for_a_line_that_is_none(tmp_path):
    secrets, lines = tmp_path / first_run.FILE, "SECRET_KEY=a=b\n\n# since May\nSEALING_KEYS=c\n"
    secrets.write_text(lines)
    environment: dict[str, str] = {}
    first_run.load_secrets(tmp_path, environment)
    assert (environment["SECRET_KEY"], environment["SEALING_KEYS"]) == ("a=b", "c")
    for broken in (b"SEALING_KEYS\n", b"\xff"):
        secrets.write_bytes(lines.encode() + broken)
        with pytest.raises(SystemExit, match=r"secrets\.env has a line that is not NAME=value"):
            first_run.load_secrets(tmp_path, environment)
        assert secrets.read_bytes() == lines.encode() + broken


def test_a_second_run_keeps_the_data_and_ctrl_c_leaves_no_process(demo_run: Run, runs: Runs):
    users = demo_run.query("SELECT username, password FROM users_user ORDER BY 1")
    secrets = (demo_run.data_dir / first_run.FILE).read_text()
    assert demo_run.press_ctrl_c() == 0
    # The tracker of a web server's semaphores ends when it sees that the server has gone.
    wait_for(lambda: not processes(demo_run.data_dir), 2, "Ctrl-C has left processes.")
    again = runs.start(demo_run.port)
    again.wait_until_greeted()
    assert again.query("SELECT username, password FROM users_user ORDER BY 1") == users
    assert (demo_run.data_dir / first_run.FILE).read_text() == secrets
    again.kill()
    wait_for(lambda: not processes(demo_run.data_dir), 20, "A killed run has left processes.")


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


def test_a_database_that_refuses_a_right_is_one_clear_sentence(database_server, tmp_path):
    with databases.copied("poor", "template1") as name:
        run = subprocess.run(
            [sys.executable, "manage.py", "run"],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "harmhub.settings",
                "DATABASE_URL": databases.url(name),
                "PGOPTIONS": "-c role=pg_monitor",  # which any server has, and which may make nothing
                "DATA_DIR": str(tmp_path),
                "PORT": str(free_port()),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert run.stderr == ("CommandError: The database cannot be used: permission denied for schema public.\n")
