"""The job worker, told to end."""

import os
import signal
import time

from tests.fixtures.site import Site, wait_for

HEARTBEAT = "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '10 seconds'"


OLD = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"


def comes(site: Site) -> None:
    """Wait for a worker that reaches the database, as long as mail may wait after an outage."""
    wait_for(lambda: site.query(HEARTBEAT), 8, "The worker does not come back.")


def test_worker_that_lost_its_database_ends_when_told_and_comes_back_otherwise(site_server: Site):
    wait_for(lambda: site_server.query(HEARTBEAT), 20, "The worker does not run.")
    with site_server.database_away():
        time.sleep(1.5)  # long enough for it to be missed
    site_server.query(OLD)
    comes(site_server)
    with site_server.database_away():
        time.sleep(1.5)
    worker = site_server.worker
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(6) == 0
    site_server.query(OLD)
    with site_server.database_away():
        site_server.start_worker()
        time.sleep(6)  # it starts, and asks for a connection in vain
    comes(site_server)
