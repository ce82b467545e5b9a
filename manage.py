#!/usr/bin/env python
"""harmhub's command line: ``python manage.py COMMAND``."""

import gc
import signal
import sys

if "run" in sys.argv[1:2]:
    # Until the command has children to tell, Ctrl-C simply ends it; a guard then stops the database.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import contextlib
import os

# Looking for garbage among all that is loaded, which is none, is a third of the time of a short command.
gc.set_threshold(50_000)

WITHOUT_DATABASE = {"check", "collectstatic", "compilemessages", "diffsettings", "help", "makemessages"}


def main() -> None:
    """Run one management command; without DATABASE_URL, with the embedded PostgreSQL up for as long."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings")
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "help")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from harmhub import embedded_postgres, errors, first_run

    try:
        if command == "run":
            first_run.refuse_taken_port(os.environ)
            try:
                first_run.load_secrets(first_run.data_dir(), os.environ)
            except OSError as problem:
                where = problem.filename or first_run.data_dir()
                sys.exit(f"DATA_DIR cannot be written ({where}: {problem.strerror}).")
            _ = settings.DATABASES  # what is wrong with the settings is told before anything is started
        with contextlib.ExitStack() as until_done:
            if not os.environ.get("DATABASE_URL") and command not in WITHOUT_DATABASE:
                until_done.enter_context(embedded_postgres.running(first_run.data_dir()))
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
            if sys.stdout:  # a process manager may have closed it
                sys.stdout.flush()
    except (embedded_postgres.EmbeddedPostgresError, ImproperlyConfigured) as problem:
        sys.exit(str(problem))
    except errors.UNREACHABLE as problem:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"The database cannot be asked now: {str(problem).partition('\n')[0]}")
    except BrokenPipeError:  # who reads what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        gc.freeze()  # or Python looks through it once more at its end


if __name__ == "__main__":
    main()
