"""What the contact box does by itself. Jobs carry no arguments: procrastinate writes arguments to its log."""

from procrastinate.contrib.django import app

from contact import figures, keeping
from contact.models import Message
from contact.numbers import count_days
from contact.receipts import acknowledge_all
from contact.reminding import remind


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="contact-forget")
def forget(timestamp: int) -> None:
    """Warn of what will be deleted, and delete what is due, whenever this run (planned for ``timestamp``)
    happens."""
    Message.objects.forget_addresses()
    keeping.warn_teams()
    keeping.forget_messages()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="contact-receipts", lock="contact-receipts")
def receipts(timestamp: int | None = None) -> None:
    """Tell readers by mail that their messages arrived. Woken by the contact box, and once a minute for those
    that an editor restored."""
    acknowledge_all()


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="contact-count", lock="contact-count")
def count(timestamp: int) -> None:
    """Count what happened with messages on the last days."""
    count_days()


@app.periodic(cron="3 * * * *")
@app.task(queueing_lock="contact-figures")
def count_hours(timestamp: int) -> None:
    """Count what the hours brought that are over."""
    figures.count_hours()


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="contact-remind", lock="contact-remind")
def remind_of_overdue(timestamp: int) -> None:
    """Remind people of overdue messages, once a working day."""
    remind()
