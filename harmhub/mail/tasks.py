"""The jobs of this app. They carry no arguments: procrastinate writes arguments to its log.

Each may run twice or be cut short at any point; the next run does what is left.
"""

import logging
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from procrastinate import JobContext, jobs
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation

from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail

logger = logging.getLogger(__name__)

EACH_MINUTE, EACH_HOUR = "* * * * *", "7 * * * *"
KEPT = timedelta(days=7)
KEPT_ROWS = timedelta(days=366)
KEPT_JOBS_HOURS = 7 * 24


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="send_due", lock="send_due", pass_context=True)
def send_due(context: JobContext, timestamp: int | None = None) -> None:
    """Send the due mails. Woken by ``post``, and once a minute, which also probes a server that was away.

    One at a time, so that a long run and its successor leave the worker room for other jobs.
    """
    send_due_mail(should_stop=context.should_abort)


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="publish_scheduled")
def publish_scheduled(timestamp: int) -> None:
    """Publish and unpublish what is scheduled for now: Wagtail's command, without cron."""
    call_command("publish_scheduled")


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="rescue_stalled_jobs", pass_context=True)
async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again the jobs whose worker died (no sign of life for 30 s)."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # The same job waits already, and will do what this one left.
            await manager.finish_job(job, jobs.Status.FAILED, delete_job=True)


@app.periodic(cron=EACH_HOUR)
@app.task(queueing_lock="forget_mail")
def forget(timestamp: int) -> None:
    """Wipe recipient and texts a week after a mail was sent or given up; drop the empty row after a year."""
    now = timezone.now()
    Mail.objects.forget(before=now - KEPT)
    Mail.objects.filter(forgotten_at__lt=now - KEPT_ROWS).delete()


@app.periodic(cron=EACH_HOUR)
@app.task(queueing_lock="forget_jobs", pass_context=True)
async def forget_jobs(context: JobContext, timestamp: int) -> None:
    """Drop jobs that ended a week ago, however they ended."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
