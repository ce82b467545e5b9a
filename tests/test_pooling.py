"""The pool of database connections after a restart of the database."""

import time

import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from harmhub.pooling import options
from tests.fixtures import databases
from tests.fixtures.site import wait_for

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
        databases.conninfo(name), **options(1) | {"min_size": SIZE, "max_size": SIZE}
    ) as pool:
        pool.wait()
        with databases.maintenance() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        connection.close()
        assert max(query(pool) for _reader in range(2 * SIZE)) < 0.8


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_away_for_long_is_used_as_soon_as_it_is_back():
    name = connection.settings_dict["NAME"]
    connection.close()
    with ConnectionPool(databases.conninfo(f"{name}_away"), **options(1)) as pool:
        with databases.maintenance() as server:
            wait_for(lambda: pool.get_stats().get("pool_size") == 0, 10, "The pool still waits to try again.")
            databases.create(server, f"{name}_away", name)
        try:
            assert query(pool) < 1
        finally:
            pool.close()
            with databases.maintenance() as server:
                databases.drop(server, f"{name}_away")
