"""Getting over a restart of the database at once.

This module is imported by the settings: it must not import Django's models or settings.
"""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from harmhub.statement_timeout import STATEMENT_TIMEOUT


def check_connection(connection: psycopg.Connection) -> None:
    """Raise psycopg.OperationalError if the connection is dead, and have the pool replace its idle ones.

    They died together. The pool's own way is to try them one after the other and to sleep 0, 1, 2 … seconds
    between them, so that each of the first requests after a restart would wait for longer than a reader may.
    """
    try:
        with STATEMENT_TIMEOUT.limited(connection):
            ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        if isinstance(pool := connection._pool, ConnectionPool):
            pool.drain()
        raise


PATIENCE: dict[str, Any] = {
    # Waiting for a connection ends with a 503 after two seconds, never in a pile of waiting readers.
    "timeout": 2,
    # The pool waits 1, 2, 4 … 128 seconds between its tries: a database back after some minutes would be
    # noticed minutes later. A try that was given up is begun anew by the next request.
    "reconnect_timeout": 2,
}


def options(mail_connections: int) -> dict[str, Any]:
    """Return the settings of a process's pool. mail_connections: how many the sender of mail may hold."""
    return {"min_size": 1, "max_size": 7 + mail_connections, "check": check_connection, **PATIENCE}
