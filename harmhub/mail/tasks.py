"""The jobs of this app. They carry no arguments: procrastinate writes arguments to its log.

Each may run twice or be cut short at any point; the next run does what is left.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from harmhub.mail.backends import delete_files
from harmhub.mail.inbox import read_inbox
from harmhub.mail.models import Edition, Mail
from harmhub.mail.sending import send_due_mail

EACH_MINUTE, EACH_FIVE_MINUTES, EACH_HOUR = "* * * * *", "*/5 * * * *", "7 * * * *"
# Counted on the database's clock (files: on ours), with a day more: a clock that runs ahead must not wipe
# anything early.
KEPT = timedelta(days=7 + 1)
KEPT_ROWS = timedelta(days=366)


@app.periodic(cron=EACH_MINUTE)
@app.task(queueing_lock="send_due", lock="send_due", pass_context=True)
def send_due(context: JobContext, timestamp: int | None = None) -> None:
    """Send the due mails. Woken by ``post``, and once a minute, which also probes a server that was away.

    One at a time, so that a long run and its successor leave the worker room for other jobs.
    """
    send_due_mail(should_stop=context.should_abort)


@app.periodic(cron=EACH_FIVE_MINUTES)
@app.task(queueing_lock="read_bounces", lock="read_bounces")
def read_bounces(timestamp: int | None = None) -> None:
    """Read what came back, where there is a mailbox for it."""
    if settings.BOUNCE_INBOX:
        read_inbox(settings.BOUNCE_INBOX)


@app.periodic(cron=EACH_HOUR)
@app.task(queueing_lock="forget_mail")
def forget(timestamp: int) -> None:
    """Wipe recipient and texts a week after a mail was sent or given up, and .eml files a week after they
    were written; drop the empty row after a year, and editions that no mail is of."""
    Mail.objects.forget(before=Now() - KEPT)
    Mail.objects.filter(forgotten_at__lt=Now() - KEPT_ROWS).delete()
    # One that was just made has no mails yet.
    Edition.objects.filter(mails=None, created_at__lt=Now() - timedelta(days=1)).delete()
    delete_files(settings.DATA_DIR / "mail", before=timezone.now() - KEPT)
