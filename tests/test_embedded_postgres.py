"""The embedded PostgreSQL survives what happens to programs on a developer's machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import environ
import psycopg
import pytest

from harmhub import embedded_postgres

USE = """
import sys
from pathlib import Path
from harmhub import embedded_postgres
with embedded_postgres.running(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
print("down", flush=True)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that the server's user can reach (pytest's own tmp_path is closed to it)."""
    with tempfile.TemporaryDirectory(prefix="harmhub-pg-") as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)
        embedded_postgres.stop(Path(folder))


@pytest.fixture(scope="module")
def first_cluster() -> Iterator[Path]:
    """A folder with a cluster that was used once."""
    with tempfile.TemporaryDirectory(prefix="harmhub-pg-") as folder:
        os.chmod(folder, 0o711)
        with embedded_postgres.running(Path(folder)):
            pass
        yield Path(folder)


@pytest.fixture
def used_dir(data_dir: Path, first_cluster: Path) -> Path:
    """A data_dir in which there is a cluster already: making one takes most of a second."""
    home = embedded_postgres._make_home(data_dir)
    subprocess.run(["cp", "-a", first_cluster / "postgres/data", home], check=True)
    return data_dir


def query(data_dir: Path, sql: str = "SELECT 1") -> list[tuple]:
    config = environ.Env.db_url_config(embedded_postgres.database_url(data_dir))
    with psycopg.connect(
        host=config["HOST"], port=config["PORT"], user=config["USER"], dbname=config["NAME"], autocommit=True
    ) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def use(data_dir: Path) -> subprocess.Popen:
    """Start another program that uses the server until its input is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", USE, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().split()[0])


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def is_down(data_dir: Path) -> bool:
    return not embedded_postgres._processes(data_dir / "postgres")


def test_four_programs_at_once_share_one_server_and_the_last_one_stops_it(data_dir):
    programs = [use(data_dir) for _ in range(4)]
    for program in programs:
        assert program.stdout.readline() == "up\n"
    first = postmaster(data_dir)
    for program in programs[:-1]:
        assert program.communicate(timeout=30)[0] == "down\n"
    assert query(data_dir) == [(1,)]
    assert postmaster(data_dir) == first
    programs[-1].communicate(timeout=30)
    assert is_down(data_dir)


def test_data_are_kept_between_runs(used_dir):
    with embedded_postgres.running(used_dir):
        query(used_dir, "CREATE TABLE kept AS SELECT 'نوشته' AS word")
    with embedded_postgres.running(used_dir):
        assert query(used_dir, "SELECT word FROM kept") == [("نوشته",)]


def test_a_killed_server_starts_again_though_its_process_ids_were_reused(used_dir):
    with embedded_postgres.running(used_dir):
        query(used_dir, "CREATE TABLE kept AS SELECT 1")
        killed = postmaster(used_dir)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: is_down(used_dir))
    # Both locks stay behind and now name a living process, as after a reboot of the machine.
    for lock in (used_dir / "postgres/data/postmaster.pid", used_dir / "postgres/socket/.s.PGSQL.5432.lock"):
        lock.write_text(lock.read_text().replace(str(killed), str(os.getpid())))
    with embedded_postgres.running(used_dir):
        assert query(used_dir, "TABLE kept") == [(1,)]


def test_a_socket_lock_alone_does_not_keep_the_server_from_starting(used_dir):
    with embedded_postgres.running(used_dir):
        lock = (used_dir / "postgres/socket/.s.PGSQL.5432.lock").read_text()
    (used_dir / "postgres/socket/.s.PGSQL.5432.lock").write_text(lock)
    (used_dir / "postgres/socket/.s.PGSQL.5432").touch()
    with embedded_postgres.running(used_dir):
        assert query(used_dir) == [(1,)]


def test_the_server_ends_when_its_only_user_is_killed(used_dir):
    program = use(used_dir)
    assert program.stdout.readline() == "up\n"
    program.kill()
    program.communicate()
    wait_for(lambda: is_down(used_dir))


def test_an_interrupted_first_start_is_begun_anew(data_dir):
    embedded_postgres._make_home(data_dir)
    unfinished = data_dir / "postgres/data-unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with embedded_postgres.running(data_dir):
        assert query(data_dir) == [(1,)]


def test_a_long_or_odd_path_gets_a_short_socket(data_dir):
    deep = data_dir / ("d" * 90) / "a place with $signs & 'quotes'"
    with embedded_postgres.running(deep):
        assert query(deep) == [(1,)]
        assert len(str(embedded_postgres.socket_dir(deep))) < 60
    embedded_postgres.socket_dir(deep).rmdir()


def test_only_the_servers_user_may_enter_its_socket_and_nothing_listens_on_tcp(used_dir):
    with embedded_postgres.running(used_dir):
        assert embedded_postgres.socket_dir(used_dir).stat().st_mode & 0o077 == 0
        assert query(used_dir, "SHOW listen_addresses") == [("",)]


def test_somebody_elses_folder_in_the_sockets_place_is_refused_in_one_sentence(data_dir):
    embedded_postgres._make_home(data_dir)
    embedded_postgres.socket_dir(data_dir).mkdir(mode=0o777)
    with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="Not a private folder") as problem:
        embedded_postgres.start(data_dir)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("where", ["error", "log"])
def test_a_full_disk_is_one_sentence_wherever_it_was_met(data_dir, where):
    full = 'could not extend file "base/5/1249": No space left on device\nHINT:  Check free disk space.'
    log = data_dir / "postgres/data/server.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"12:00 PANIC:  {full}\n" if where == "log" else "12:00 LOG:  ready\n")
    said = embedded_postgres.explain(data_dir, full if where == "error" else "no connection after 2.00 sec")
    assert said == f"The embedded PostgreSQL cannot work in {data_dir}/postgres: the disk is full."


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root has another user run the server")
def test_root_puts_the_cluster_where_the_servers_user_can_reach_it(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    home = embedded_postgres._home(closed)
    assert home.parent == Path("/var/lib/harmhub")
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root has another user run the server")
@pytest.mark.parametrize("name", ["plain", "a place with $signs & 'quotes'"])
def test_root_copies_programs_that_the_servers_user_cannot_reach_with_their_libraries(
    data_dir, name, monkeypatch: pytest.MonkeyPatch
):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    for folder in embedded_postgres._reachable_binaries(data_dir).parents[2].glob("embedded_*"):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.syspath_prepend(closed)
    here = data_dir / name
    elsewhere = embedded_postgres._elsewhere(here)
    with embedded_postgres.running(here):
        assert query(here) == [(1,)]
        server = Path(f"/proc/{embedded_postgres.postmaster(here)}/exe").readlink()
    assert server.is_relative_to(here if name == "plain" else elsewhere)
    for left in (elsewhere, embedded_postgres.socket_dir(here)):
        shutil.rmtree(left, ignore_errors=True)


def test_server_that_was_killed_is_started_while_something_still_holds_its_socket(used_dir: Path):
    embedded_postgres.start(used_dir)
    os.kill(postmaster(used_dir), signal.SIGKILL)
    wait_for(lambda: not embedded_postgres._processes(used_dir / "postgres"))
    path = embedded_postgres.socket_dir(used_dir) / f".s.PGSQL.{embedded_postgres.PORT}"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
        embedded_postgres.start(used_dir)
    assert query(used_dir) == [(1,)]
