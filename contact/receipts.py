"""The mail that says that a message arrived: to those who want to be answered by mail, never for spam.

The form only writes the message; a job posts the mail. So the form answers alike, and as quickly, for every
address, and one address gets only so many, whoever asks: else strangers could have us write to somebody.
"""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from contact.models import Message
from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.sealing import Unreadable

PURPOSE = "contact-receipt"
MOST = {timedelta(hours=1): 1, timedelta(days=1): 3}


def acknowledge_all() -> None:
    """Acknowledge each message for which that is still to be done. One process at a time."""
    for number in Message.objects.unacknowledged().order_by("received_at").values_list("pk", flat=True):
        _acknowledge(number)


@transaction.atomic
def _acknowledge(number: int) -> None:
    unacknowledged = Message.objects.unacknowledged().select_for_update(of=("self",), skip_locked=True)
    message = unacknowledged.filter(pk=number).first()
    if message is None or isinstance(message.address, Unreadable):
        return  # erased or held back meanwhile; or until its key is there
    if message.address and _may_be_written_to(message.address):
        message.receipt = _post(message)
    message.acknowledged_at = timezone.now()
    message.save(update_fields=["acknowledged_at", "receipt"])


def _may_be_written_to(address: str) -> bool:
    # Mails from the future do not count: the clock was wrong then.
    now = timezone.now()
    sent = Mail.objects.to(address).filter(purpose=PURPOSE, created_at__lte=now)
    return all(sent.filter(created_at__gt=now - span).count() < most for span, most in MOST.items())


def _post(message: Message) -> Mail:
    """Post the mail. Nothing that was typed stands in it, nor the topic, nor the key."""
    with translation.override(message.language):
        look_up = mail.public_url(reverse("contact:look_up"))
        sender = _("Confirmation") if message.is_discreet else ""
    context = {"reference": message.reference, "look_up": look_up, "is_discreet": message.is_discreet}
    return mail.post(
        purpose=PURPOSE,
        to=message.address,
        template="contact-receipt",
        context=context,
        language=message.language,
        sender=sender,
    )
