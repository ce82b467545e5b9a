"""The web server: granian (WSGI), on a server as in ``make run``.

Its processes are forked from one that has loaded everything, so that they share the memory which that takes:
code and models, which no request changes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from harmhub.children import die_with_parent
from harmhub.heap import give_memory_back
from harmhub.statement_timeout import STATEMENT_TIMEOUT
from harmhub.store.serving import PageStore

PROCESSES = 2
THREADS = 4  # of each process; less than the database pool holds
SECONDS_TO_FINISH = 5  # what a process may take to answer whom it has heard, when it is told to end


def load() -> None:
    """Load what the processes share, and leave no thread or connection behind that they would inherit."""
    give_memory_back()
    from granian import Granian  # noqa: F401

    import harmhub.wsgi  # noqa: F401

    for each in connections.all(initialized_only=True):
        each.close()
        if isinstance(each, DatabaseWrapper):
            each.close_pool()
    STATEMENT_TIMEOUT.rest()


def serve(
    host: str, port: int, *, socket: Path | None = None, processes: int = PROCESSES, threads: int = THREADS
) -> None:
    """Serve the site until SIGTERM or SIGINT; a process that dies is started again. ``load()`` comes before.

    socket: a Unix socket to listen at, instead of host and port.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    multiprocessing.set_start_method("fork", force=True)
    Granian(
        "harmhub.wsgi:application",
        address=host,
        port=port,
        uds=socket,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        workers_kill_timeout=SECONDS_TO_FINISH,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,  # its lines would hold readers' addresses
    ).serve(
        target_loader=_application,
        wrap_loader=False,
    )


def _application() -> PageStore:
    """Return the application, in a process that is to answer."""
    import granian.wsgi
    from granian.server import mp

    from harmhub.wsgi import application

    # Left behind by a kill -9, it would go on beside those of the next server, with the code of before.
    if parent := multiprocessing.parent_process():
        die_with_parent(parent.pid)
    # granian would copy the process's environment into each request: its secrets, and as if it were a header
    # of the reader's whatever has such a name (HTTP_PROXY).
    granian.wsgi.os = SimpleNamespace(environ={})  # type: ignore[assignment]
    mp._wsgi_call_wrap = partial(_with_pages_first, mp._wsgi_call_wrap)
    return application


def _with_pages_first(wrap: Callable[..., Callable], application: PageStore, *options: Any) -> Callable:
    """Return what granian calls for a request: pages at hand, which are headers and bytes, are given to it as
    they are. Only for other answers it puts together what WSGI wants, which costs more than the page.

    wrap: granian's own function that does so.
    """
    through = wrap(application.not_at_hand, *options)

    def answer(protocol: Any, scope: dict[str, Any]) -> int:
        if given := application.at_hand(scope):
            protocol.response_bytes(200, *given)
            return 200
        return through(protocol, scope)

    return answer
