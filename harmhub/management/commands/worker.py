"""``manage.py worker``: the job worker, on a server as in ``make run``."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from harmhub import pooling
from harmhub.heap import give_memory_back
from harmhub.mail.checks import mail_is_delivered
from harmhub.tasks import rescue

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 8  # less than what process managers and `make run` wait before they kill
SECONDS_BETWEEN_TRIES = 1

logger = logging.getLogger("harmhub.worker")


class Command(BaseCommand):
    """Run jobs as they come until SIGTERM; a job that was cut short runs again under the next worker."""

    help = "Run the jobs (mail, scheduled publishing, retention) until told to end."
    requires_system_checks = []

    def handle(self, *args, verbosity: int = 1, **options):
        give_memory_back()
        if verbosity:
            for problem in mail_is_delivered():
                logger.warning(problem.msg)
        # procrastinate's worker ends when it loses the database. Ours comes back with it.
        while not asyncio.run(work()):
            logger.warning("the worker lost the database and tries again")
            time.sleep(SECONDS_BETWEEN_TRIES)


async def work() -> bool:
    """Run jobs until told to end (True) or until the database is lost (False)."""
    loop, this, told = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    running: list[Worker] = []

    def end() -> None:
        """Have a worker finish its jobs; one that is still being connected has none."""
        told.set()
        if running:
            running[0].stop()
        elif this:
            this.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    with (
        contextlib.suppress(ConnectorException, PoolTimeout, asyncio.CancelledError),
        app.replace_connector(connector()) as connected,
    ):
        async with connected.open_async():
            connected.perform_import_paths()
            # Not by App.run_worker_async(): it can be ended by a cancellation only, and one that comes while
            # the worker registers, or loses the database, is lost.
            worker = Worker(
                connected,
                concurrency=JOBS_AT_ONCE,
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
                delete_jobs="successful",
                task_middleware=[with_a_live_connection],
                install_signal_handlers=False,  # they would not tell us whether it was told to end
            )
            running.append(worker)
            loop.set_exception_handler(partial(begin_anew, worker))
            await rescue(connected.job_manager)
            await worker.run()
    return told.is_set()


def begin_anew(worker: Worker, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Have a worker end that could not record how a job ended; the next one queues that job again.

    To the database it would go on under a worker that lives, and keep its lock: no mail would leave any more.
    procrastinate tells nobody but the event loop.
    """
    loop.default_exception_handler(context)
    if isinstance(context.get("exception"), ConnectorException):
        worker.stop()


def with_a_live_connection(job: Callable[[], Any], *given: Any) -> Any:
    """Run a job as Django runs a request: without what a restart of the database has left of a connection."""
    close_old_connections()
    try:
        return job()
    finally:
        close_old_connections()


class Pool(AsyncConnectionPool):
    """Connections, of which the first is waited for as long as the web server waits for one.

    procrastinate would wait for half a minute, in which a worker without a database neither comes back nor
    ends: the pool gives up long before, and tries again only when it is opened anew.
    """

    async def open(self, wait: bool = False, timeout: float = pooling.PATIENCE["timeout"]) -> None:
        """Open it. PoolTimeout: there is no connection."""
        await super().open(wait, timeout)


def connector() -> PsycopgConnector:
    """Return procrastinate's own connector, which waits for connections as long as the web server does."""
    patience = pooling.PATIENCE
    return PsycopgConnector(pool_factory=Pool, kwargs=connector_params(), min_size=1, max_size=4, **patience)
