"""The job worker, told to end."""

import os
import signal
import time

from tests.fixtures.site import Site, wait_for

HEARTBEAT = "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '10 seconds'"


def test_worker_that_lost_its_database_ends_when_told_and_comes_back_otherwise(site_server: Site):
    for ends in (True, False):
        wait_for(lambda: site_server.query(HEARTBEAT), 20, "The worker does not run.")
        with site_server.database_away():
            time.sleep(1.5)  # long enough for it to be missed
        site_server.query("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        if ends:
            worker = site_server.worker
            os.killpg(worker.pid, signal.SIGTERM)
            assert worker.wait(6) == 0
            site_server.start_worker()
    wait_for(lambda: site_server.query(HEARTBEAT), 20, "The worker does not come back.")
