"""Waking the job that works off what a request has just stored."""

import logging
from functools import partial

from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

logger = logging.getLogger(__name__)


def wake_after_commit(task: Task) -> None:
    """Wake this task, which has a queueing lock, once the current transaction is committed; at once where
    there is none.

    Not within the transaction: one job is enough, so it is unique while it waits, and whoever writes the same
    unique row waits for the transaction that wrote it first. A long one (an update to 20,000 readers) would
    hold up everybody who writes a message meanwhile. Should we die between the commit and the waking, what is
    to be done is stored all the same, and each such task looks once a minute.
    """
    transaction.on_commit(partial(wake, task), robust=True)


def wake(task: Task) -> None:
    """Queue a job of this task, unless one waits already."""
    try:
        # By Django's own connection, also within a job, where procrastinate would take another one.
        with transaction.atomic():
            JobManager(DjangoConnector()).defer_job(task.configure().job)
    except AlreadyEnqueued:
        logger.debug("%s is awake already", task.name)
