"""What the contact box does by itself."""

from procrastinate.contrib.django import app

from contact.models import Message


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="contact-forget")
def forget(timestamp: int) -> None:
    """Delete the messages whose time is over. ``timestamp`` is the planned time of this run, which nothing depends on."""
    Message.objects.due_to_be_forgotten().delete()
