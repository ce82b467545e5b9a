"""What a reader does with her own message, once reference and key have opened it."""

from django.db import transaction
from django.utils import timezone
from wagtail.log_actions import log

from contact import keeping
from contact.models import Message, Turn
from contact.models.keys import sealed_for
from contact.models.turns import waits


def state_of(message: Message) -> str:
    """Return how far it is: "received", "taken", "answered" or "closed".

    That it is held back as spam is not told: who sends spam would learn from it. Until somebody restores it,
    it has been received.
    """
    if message.closed_at and (message.answered_at or not message.double_of_id):
        return "closed"
    said = message.answered_at
    if said and said >= message.heard_at and not waits(said):
        return "answered"
    return "taken" if message.assigned_to_id or message.double_of_id else "received"


def turns_of(message: Message) -> list[Turn]:
    """Return what she may see of what was said since, in order."""
    return list(message.turns.for_reader())


@transaction.atomic
def write_again(message: Message, text: str) -> None:
    """Add further words, open the message again where it was closed, and tell its people, unless it is held
    back. Message.DoesNotExist: it was erased meanwhile."""
    message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    words = sealed_for(message, text)
    Turn.objects.create(message=message, kind=Turn.Kind.READER, text=words)
    if message.closed_at:
        message.reopen()
        log(instance=message, action="contact.reopen")
    message.heard_at = timezone.now()
    message.save(update_fields=["heard_at"])
    if not message.quarantined_at:
        message.tell_of_more(words)


def erase(message: Message) -> None:
    """Delete a message with all that was said after it, and the mails of it that still lie here. Call it in a
    transaction. The log keeps that it was done, and no word."""
    keeping.erase(Message.objects.filter(pk=message.pk), "contact.erase", None)
