"""Waking the sender."""

import logging

from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager

logger = logging.getLogger(__name__)


def wake_after_commit() -> None:
    """Wake the sender once the current transaction is committed; at once where there is none.

    Not within the transaction: one sender is enough, so its job is unique while it waits, and whoever writes
    the same unique row waits for the transaction that wrote it first. A long one (an update to 20,000
    readers) would hold up everybody who writes a message meanwhile. Should we die between the commit and the
    waking, the row is there all the same, and the sender looks each minute.
    """
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Queue the sender's job, unless it waits already."""
    from harmhub.mail.tasks import send_due

    try:
        # By Django's own connection, also within a job, where procrastinate would take another one.
        with transaction.atomic():
            JobManager(DjangoConnector()).defer_job(send_due.configure().job)
    except AlreadyEnqueued:
        logger.debug("the sender is awake already")
