"""What the newsletter does by itself. Jobs carry no arguments: procrastinate writes arguments to its log."""

import logging
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from harmhub.mail.checkpoint import database_is_restored
from newsletter.bringing_in import work_off
from newsletter.mailings import send_mailings
from newsletter.managing import ask_both, send_link
from newsletter.models import (
    AddressChange,
    Consent,
    Import,
    Issue,
    LinkRequest,
    List,
    SignUp,
    Subscriber,
    Subscription,
    Tally,
    Token,
)
from newsletter.serving import Service
from newsletter.subscribing import CONFIRMABLE_FOR, each_once, work_off_sign_ups
from newsletter.updating import begin_runs, find_and_release, newest_runs

logger = logging.getLogger(__name__)
TOLD_KEPT = timedelta(days=400)  # a pause is half a year


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="newsletter-sign-ups", lock="newsletter-sign-ups")
def sign_ups(timestamp: int | None = None) -> None:
    """Work off what readers asked for: sign-ups, links, moves to another address. Woken by their forms, and
    once a minute for what was passed over."""
    work_off_sign_ups()
    each_once(LinkRequest.objects.all(), send_link)
    each_once(AddressChange.objects.unasked(), ask_both)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="newsletter-updates", lock="newsletter-updates", pass_context=True)
def updates(context: JobContext, timestamp: int | None = None) -> None:
    """Find what was published, begin the runs that are due, and serve who is. One at a time.

    After a backup was restored, runs wait for an operator's word: some may have gone out since.
    """
    now = timezone.now()
    find_and_release(now)
    if database_is_restored():
        logger.error("The database was restored from a backup: see manage.py resume_updates.")
        return
    begin_runs(now)
    for run in newest_runs():
        Service(run, should_stop=context.should_abort).serve()
    send_mailings(now, should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="newsletter-imports", lock="newsletter-imports", pass_context=True)
def imports(context: JobContext, timestamp: int | None = None) -> None:
    """Bring in the addresses of the imports that somebody has begun. One at a time."""
    each_once(Import.objects.running(), partial(work_off, should_stop=context.should_abort))


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="newsletter-forget")
def forget(timestamp: int) -> None:
    """Forget what nobody confirmed, links that are long dead, and who left.

    Ages are of the database's clock. Dead links wait a day more, for a clock that is ahead.
    """
    with transaction.atomic():
        SignUp.objects.old().delete()
        Subscription.objects.due_to_be_forgotten().delete()
        AddressChange.objects.filter(asked_at__lt=Now() - CONFIRMABLE_FOR - timedelta(days=1)).delete()
        LinkRequest.objects.filter(received_at__lt=Now() - timedelta(days=1)).delete()
        Token.objects.filter(expires_at__lt=Now() - timedelta(days=1)).delete()
        Token.objects.filter(purpose=Token.Purpose.LEAVE, subscriptions=None).delete()
        Consent.objects.filter(day=None, token=None).delete()
        # An address that others wish to move to is known as long as this tells how often it was written to.
        nobody = Subscriber.objects.filter(subscriptions=None)
        nobody.exclude(tokens__purpose=Token.Purpose.RECEIVE).delete()
        List.objects.unused().delete()
        Import.objects.forget()
        # What somebody was told is forgotten; by which lists, the links in old mails have to know.
        old = Q(run__slot__lt=Now() - TOLD_KEPT) | Q(mailing__begun_at__lt=Now() - TOLD_KEPT)
        for issue in Issue.objects.filter(old, is_forgotten=False):
            issue.forget()


@app.periodic(cron="53 * * * *")
@app.task(queueing_lock="newsletter-numbers", lock="newsletter-numbers")
def numbers(timestamp: int | None = None) -> None:
    """Bring the tallies of each list and day together, and have their sums say what is there."""
    Tally.objects.fold()
    if corrected := Tally.objects.settle():
        logger.warning("The numbers of %s lists were not what is there, and have been corrected.", corrected)
