"""The pool of database connections after a restart of the database."""

import time

import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from harmhub.pooling import check_connection
from tests.fixtures import databases

SIZE = 6


def query(pool: ConnectionPool) -> float:
    """Return how many seconds a query took, the waiting for a connection included."""
    began = time.monotonic()
    with pool.connection() as opened:
        opened.execute("SELECT 1")
    return time.monotonic() - began


@pytest.mark.django_db(transaction=True)
def test_after_a_restart_of_the_database_no_reader_waits_a_second():
    name = connection.settings_dict["NAME"]
    with ConnectionPool(
        databases.conninfo(name), min_size=SIZE, max_size=SIZE, timeout=2, check=check_connection
    ) as pool:
        pool.wait()
        with databases.maintenance() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        connection.close()
        assert max(query(pool) for _reader in range(2 * SIZE)) < 0.8
