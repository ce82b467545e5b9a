"""What the contact box does by itself."""

from procrastinate.contrib.django import app

from contact.models import Message


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="contact-forget")
def forget(timestamp: int) -> None:
    """Delete the messages whose time is over, whenever this run (planned for ``timestamp``) happens."""
    Message.objects.due_to_be_forgotten().delete()
