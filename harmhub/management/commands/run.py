"""``make run``: a whole site on one's own machine, in one program that sets Django up once."""

import hashlib
import http.client
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic
from django.contrib.staticfiles.storage import (
    ManifestFilesMixin,
    ManifestStaticFilesStorage,
    staticfiles_storage,
)
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from psycopg.errors import DuplicateTable, InsufficientPrivilege
from psycopg_pool import PoolTimeout

from harmhub import embedded_postgres, errors, web_server
from harmhub.children import Child, ChildKeepsDyingError, end, tend
from harmhub.first_run import ADDRESS

EDITOR = "editor"
SECONDS_TO_ANSWER = 30


class EmbeddedDatabase(Child):
    """The embedded PostgreSQL, started again like our children. It is none: manage.py ends it, after us."""

    def __init__(self) -> None:
        super().__init__("The embedded PostgreSQL", lambda: None)

    def start(self) -> None:
        """Start it if it does not run. EmbeddedPostgresError: it cannot be started."""
        embedded_postgres.start(settings.DATA_DIR)
        self.pid = embedded_postgres.postmaster(settings.DATA_DIR)

    def has_died(self) -> bool:
        """Tell whether the server that was started last has ended, perhaps at once."""
        if self.pid and self.pid == embedded_postgres.postmaster(settings.DATA_DIR):
            return False
        self.deaths.append(time.monotonic())
        return True


class Command(BaseCommand):
    """Prepare the database, files and editor, then serve the site and run its jobs until Ctrl-C."""

    help = "Prepare and run the whole site on this machine: migrations, demo, web server and job worker."
    requires_system_checks = []

    def handle(self, *args, **options):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # also where it is a file or a pipe
        children = []
        try:
            handle_signals(signal.default_int_handler)
            children = [self.begin_collecting()]
            self.prepare_database()
            if children[0].finish():
                raise CommandError("The static files could not be collected; the messages above say why.")
            password = editors_password()
            load_everything()
            children = [Child("The web server", serve), Child("The job worker", work)]
            tended = children if os.environ.get("DATABASE_URL") else [EmbeddedDatabase(), *children]
            for child in tended:
                child.start()
            wait_for_answer(tended)
            self.greet(password)
            tend(tended, self.stderr.write)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping.")
        except ChildKeepsDyingError as problem:
            raise CommandError(str(problem)) from problem
        except errors.UNREACHABLE as problem:
            raise CommandError(why_the_database_failed(problem)) from problem
        except DatabaseError as problem:
            refusal = refused_by_the_database(problem)
            if not refusal:
                raise
            raise CommandError(f"The database cannot be used: {refusal}.") from problem
        except OSError as problem:
            raise CommandError(
                f"{problem.filename or 'The site'}: {problem.strerror or problem}."
            ) from problem
        finally:
            handle_signals(signal.SIG_IGN)  # a second Ctrl-C changes nothing: the end has begun
            end(children)

    def begin_collecting(self):
        """Bring the collected static files up to date in a child, on the second core."""
        message = "Collecting the static files"
        child = Child(message, lambda: self.unless_done("collected", files_state, message, collect))
        child.start()
        return child

    def prepare_database(self):
        """Bring the database up to date and load the demo into an empty one; quick where nothing is to do."""
        self.unless_done("migrated", database_state, "Preparing the database", migrate)
        call_command("load_demo", if_empty=True)

    def unless_done(self, name, state, message, action):
        """Do the action unless the stamp in DATA_DIR says that it was finished for the same state."""
        stamp = settings.DATA_DIR / f"{name}.stamp"
        if stamp.exists() and stamp.read_text() == state():
            return
        self.stdout.write(f"{message} …")
        action()
        stamp.write_text(state())

    def greet(self, password):
        self.stdout.write(
            f"\n{settings.PUBLIC_URL}/\n{settings.PUBLIC_URL}{reverse('wagtailadmin_home')}"
            f"   user: {EDITOR}   password: {password or '(the one that you have set)'}\n\nCtrl-C ends it."
        )
        self.stdout.flush()


def handle_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def why_the_database_failed(problem: Exception) -> str:
    """Return one sentence on what the database could not do."""
    if not os.environ.get("DATABASE_URL"):
        return embedded_postgres.explain(settings.DATA_DIR, str(problem))
    said = str(problem)
    if isinstance(problem.__cause__, PoolTimeout):  # which tells how long it waited, and not why
        try:
            psycopg.connect(**connection.get_connection_params()).close()
        except psycopg.Error as reason:
            said = str(reason)
    return f"The database cannot be used: {said.partition('\n')[0]}"


def refused_by_the_database(problem: BaseException | None) -> str:
    """Return what PostgreSQL does not let us do there, or "": a right is missing, or another program's tables
    have names of ours."""
    while problem and not isinstance(problem, (InsufficientPrivilege, DuplicateTable)):
        problem = problem.__cause__ or problem.__context__
    return str(problem or "").partition("\n")[0]


def database_state() -> str:
    """Return what is to be migrated, or "nothing", and the newest migration of each app."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    waiting = executor.migration_plan(leaves)
    return f"waiting: {waiting}\n" + "\n".join(f"{app}.{name}" for app, name in sorted(leaves))


def migrate() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def files_state() -> str:
    """Return a digest of the names, sizes and times of all static files."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect() -> None:
    """Collect the static files uncompressed: compressing is most of the work, and no gain on one machine."""
    command = collectstatic.Command()
    command.storage = ManifestStaticFilesStorage()
    call_command(command, interactive=False, verbosity=0)


def editors_password() -> str | None:
    """Make the superuser where there is none; return the password if it is the one known here, else None.

    ADMIN_PASSWORD, if set, becomes the password; otherwise the first run's EDITOR_PASSWORD is it at first.
    """
    users = get_user_model().objects
    chosen, generated = os.environ.get("ADMIN_PASSWORD"), os.environ["EDITOR_PASSWORD"]
    password = chosen or generated
    user = users.filter(username=EDITOR).first()
    if user is None:
        users.create_superuser(EDITOR, f"{EDITOR}@{urlsplit(settings.PUBLIC_URL).hostname}", password)
    elif not user.check_password(password):
        if not chosen:
            return None
        user.set_password(chosen)
        user.save(update_fields=["password"])
    return password


def load_everything() -> None:
    """Load code that the children share, and leave nothing behind that they should not inherit."""
    import procrastinate.cli  # noqa: F401

    read_collected_files()
    web_server.load()


def read_collected_files() -> None:
    """Read the list of collected files anew: another process wrote it after this one read it."""
    if isinstance(staticfiles_storage, ManifestFilesMixin):
        storage: ManifestFilesMixin = staticfiles_storage
        storage.hashed_files, storage.manifest_hash = storage.load_manifest()


def serve() -> None:
    web_server.serve(ADDRESS, settings.PORT)


def work() -> None:
    call_command("worker", verbosity=0)  # no warning that mail becomes files: here it is meant to


def wait_for_answer(children: list[Child]) -> None:
    """Return once the front page answers without a fault; raise CommandError if it never does."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    status = 0
    while time.monotonic() < deadline:
        try:
            page = http.client.HTTPConnection(ADDRESS, settings.PORT, timeout=10)
            page.request("GET", "/", headers={"Host": settings.PUBLIC_URL.split("//")[1]})
            status = page.getresponse().status
            page.close()
            if status < 400:
                return
            time.sleep(1)  # each try with a fault writes a traceback
        except OSError:
            time.sleep(0.02)
        for child in children:
            if child.has_died():
                raise ChildKeepsDyingError(
                    f"{child.name} has ended at once; its last messages above say why."
                )
    raise CommandError(f"The site does not answer (last status: {status or 'none'}).")
