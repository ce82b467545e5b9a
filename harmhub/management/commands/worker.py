"""``manage.py worker``: the job worker, on a server as in ``make run``."""

import asyncio
import logging
import signal
import time

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from harmhub.mail.checks import mail_is_delivered

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 8  # less than what process managers and `make run` wait before they kill
SECONDS_BETWEEN_TRIES = 1

logger = logging.getLogger("harmhub.worker")


class Command(BaseCommand):
    """Run jobs as they come until SIGTERM; a job that was cut short runs again under the next worker."""

    help = "Run the jobs (mail, scheduled publishing, retention) until told to end."
    requires_system_checks = []

    def handle(self, *args, verbosity: int = 1, **options):
        if verbosity:
            for problem in mail_is_delivered():
                logger.warning(problem.msg)
        # procrastinate's worker ends when it loses the database. Ours comes back with it.
        while not asyncio.run(work()):
            logger.warning("the worker lost the database and tries again")
            time.sleep(SECONDS_BETWEEN_TRIES)


async def work() -> bool:
    """Run jobs until told to end (True) or until the database is lost (False)."""
    running = asyncio.ensure_future(run_jobs())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return True
    except (ConnectorException, PoolTimeout):
        pass
    return False


async def run_jobs() -> None:
    """Run jobs until cancelled. ConnectorException, PoolTimeout: the database is away."""
    assert isinstance(app.connector, DjangoConnector)
    with app.replace_connector(app.connector.get_worker_connector()) as worker:
        async with worker.open_async():
            await worker.run_worker_async(
                concurrency=JOBS_AT_ONCE,
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
                delete_jobs="successful",
                install_signal_handlers=False,  # they would not tell us whether it was told to end
            )
