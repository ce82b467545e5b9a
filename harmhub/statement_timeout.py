"""An end to waiting for the database: a reader whom it keeps waiting is told to come again.

A statement that waits for a lock, or for a server that does not answer any more, would else hold one of the
few threads that answer, and with all of them the stored pages. Time limits of PostgreSQL's own are no help
against the latter, and a pooler in between does not pass them on.

This module is imported by the settings: it must not import Django.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

SECONDS = 2  # that the database may take
GRACE = 1  # seconds until what was cancelled has to have ended
GLANCE = 0.25  # seconds between two looks at what runs


@dataclass
class Wait:
    """A thread that waits for the server of a session."""

    session: psycopg.Connection
    began: float = field(default_factory=time.monotonic)
    is_cancelled: bool = False


class StatementTimeout:
    """What this process's threads wait for, and the thread that ends what takes too long."""

    def __init__(self) -> None:
        self._waits: dict[int, Wait] = {}
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._stopped = threading.Event()

    @contextlib.contextmanager
    def limited(self, session: psycopg.Connection) -> Iterator[None]:
        """Limit a block, in which one statement is executed. It raises psycopg.OperationalError then."""
        if self._watcher is None:
            self._begin()
        thread = threading.get_ident()
        self._waits[thread] = Wait(session)
        try:
            yield
        finally:
            with self._lock:  # nobody hangs up on a session that goes on to the next
                self._waits.pop(thread, None)

    def rest(self) -> None:
        """Stop watching until something is waited for again: a fork would leave the thread behind."""
        if self._watcher:
            self._stopped.set()
            self._watcher.join()
            self._watcher = None
            self._stopped.clear()

    def _begin(self) -> None:
        with self._lock:
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="statement timeout", daemon=True)
                self._watcher.start()

    def _watch(self) -> None:
        while not self._stopped.wait(GLANCE):
            for thread, wait in list(self._waits.items()):
                waited = time.monotonic() - wait.began
                if waited > SECONDS + GRACE:
                    self._hang_up(thread, wait)
                elif waited > SECONDS and not wait.is_cancelled:
                    wait.is_cancelled = True
                    with contextlib.suppress(psycopg.Error):
                        wait.session.cancel_safe(timeout=GRACE / 2)

    def _hang_up(self, thread: int, wait: Wait) -> None:
        """End the session of a server that does not even answer the wish to cancel."""
        with self._lock, contextlib.suppress(psycopg.Error, OSError):
            if self._waits.get(thread) is wait:
                with socket.socket(fileno=os.dup(wait.session.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)


STATEMENT_TIMEOUT = StatementTimeout()
