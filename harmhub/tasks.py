"""The jobs that keep the site going. They carry no arguments: procrastinate writes arguments to its log.

Each may run twice or be cut short at any point; the next run does what is left.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate import JobContext, jobs
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.manager import JobManager
from wagtail.models import Page, Revision

from harmhub import limits, private_files
from harmhub.models import Change
from harmhub.store.keeper import KEPT_DAYS
from harmhub.users.sessions import SessionStore

logger = logging.getLogger(__name__)

EACH_MINUTE, EACH_HOUR = "* * * * *", "7 * * * *"
KEPT_JOBS_HOURS = 7 * 24
# The queue of what is done with editors' files. One of them may be what ended the worker: a picture for which
# there is no memory would end it again and again, and mail would hardly go out.
FILES, MOST_TRIES = "files", 3


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="publish_scheduled")
def publish_scheduled(timestamp: int) -> None:
    """Unpublish what has expired and publish what is scheduled for now, without cron.

    As Wagtail's command does, but each in a transaction of its own: that command ends at the first page that
    cannot be published (its address was taken meanwhile), and with it every later one, for good.
    """
    now = timezone.now()
    for page in Page.objects.filter(live=True, expire_at__lt=now).order_by("expire_at"):
        _try(
            "unpublish page",
            page.pk,
            page.specific.unpublish,
            set_expired=True,
            log_action="wagtail.unpublish.scheduled",
        )
    due = Revision.objects.filter(approved_go_live_at__lt=now).order_by("approved_go_live_at")
    for revision in due:
        _try("publish revision", revision.pk, revision.publish, log_action="wagtail.publish.scheduled")


def _try(what: str, number: int, action, **options) -> None:
    try:
        with transaction.atomic():
            action(**options)
    except Exception as problem:  # whatever is wrong with one page, the others are due as well
        logger.error("cannot %s %s: %s", what, number, type(problem).__name__)


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="withdraw_private_pictures")
def withdraw_private_pictures(timestamp: int) -> None:
    """Take out of the public folder what became private, in whichever of the many ways."""
    private_files.withdraw_pictures()


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="rescue_stalled_jobs", pass_context=True)
async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again the jobs whose worker died (no sign of life for 30 s)."""
    await rescue(context.app.job_manager)


async def rescue(manager: JobManager) -> None:
    """Queue again the jobs that nobody works on."""
    for job in await manager.get_stalled_jobs():
        if job.queue == FILES and job.attempts + 1 >= MOST_TRIES:
            logger.error("%s %s was cut short too often and is given up", job.task_name, job.id)
            await manager.finish_job(job, jobs.Status.FAILED, delete_job=False)
            continue
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # The same job waits already, and will do what this one left.
            await manager.finish_job(job, jobs.Status.FAILED, delete_job=True)


@app.periodic(cron=EACH_HOUR)
@app.task(queueing_lock="forget_jobs", pass_context=True)
async def forget_jobs(context: JobContext, timestamp: int) -> None:
    """Drop jobs that ended a week ago, however they ended."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="30 * * * *")
@app.task(queueing_lock="forget_clients")
def forget_clients(timestamp: int) -> None:
    """Delete the rate limits' files of past hours, also where nobody has sent a form since."""
    limits.sweep()


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="forget_changes")
def forget_changes(timestamp: int) -> None:
    """Delete what keepers of page stores have long read; one that was away for longer drops all its pages."""
    Change.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()


@app.periodic(cron="45 * * * *")
@app.task(queueing_lock="forget_sessions")
def forget_sessions(timestamp: int) -> None:
    """Delete the rows of sessions that have ended: editors', and of who opened a page by its password."""
    SessionStore.clear_expired()
