"""What is said of a mail after it was sent: that it came back, or that its reader complained.

Whoever hears of it (the provider's webhook, the reader of the inbox) tells it here, as often as it is said.
"""

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from harmhub.mail import bounced
from harmhub.mail.models import Bounce, Mail
from harmhub.sealing import address_digest

logger = logging.getLogger(__name__)
Kind = Bounce.Kind

MESSAGE_ID = re.compile(r"<?mail-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")  # RFC 3463
REPLY = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")  # RFC 5321, 4.2
# Of the permanent ones, those that say nothing of whether somebody reads mail at this address: a full
# mailbox, too long a mail, what is in it, and what the server thinks of us.
NOT_OF_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.4", "5.6.", "5.7.")
CLOCKS_DIFFER = timedelta(minutes=5)


def kind_of(status: str) -> Bounce.Kind | None:
    """Return what a status means that ended the tries to deliver a mail: the first enhanced one in a text
    (RFC 3463), or the first code of a reply (RFC 5321). None: it has none, or one of success."""
    found = STATUS.search(status)
    if found:
        if found[1].startswith("2"):
            return None
        about_us = found[1].startswith("4") or found[1].startswith(NOT_OF_THE_ADDRESS)
        return Kind.SOFT if about_us else Kind.HARD
    code = REPLY.search(status)
    return {"4": Kind.SOFT, "5": Kind.HARD}.get(code[1]) if code else None


def mail_named(message_id: object) -> UUID | None:
    """Return the number of the mail of ours that has this Message-ID, None for what is none of ours."""
    found = MESSAGE_ID.match(message_id.strip()) if isinstance(message_id, str) else None
    return UUID(found[1]) if found else None


@transaction.atomic
def record(
    kind: Bounce.Kind, *, mail_id: UUID | None = None, address: str = "", at: datetime | None = None
) -> bool:
    """Note what was said of a mail, and tell who listens to ``bounced``. Again and again the same changes
    nothing.

    mail_id: the mail, where it is known. Else address: whom somebody we trust names, and at: when the server
    answered; then it is about the newest mail that this address had been sent by that time. Return whether
    it is something new about somebody whom a listener knows.
    """
    mail = _of_number(mail_id) if mail_id else None
    if mail is None and address:
        mail = _newest(address, at)
    if mail is None and (not address or kind is Kind.SOFT):  # which may have been told before
        logger.info("a mail that is not known (any more) bounced (%s): nothing is done", kind)
        return False
    if mail and _is_noted(mail, kind):
        return False
    recipient = mail.recipient if mail else address_digest(address)
    heard = bounced.send(
        sender=Mail,
        mail=mail,
        recipient=bytes(recipient) if recipient else None,
        kind=kind,
        sent_by=mail.sent_at if mail else at,
    )
    if mail:  # only now: listeners lock readers, and whoever locks both begins with the reader
        _note(mail, kind)
    is_known = any(answer for _listener, answer in heard)
    what = f"mail {mail.pk}" if mail else "a forgotten mail"
    logger.info("%s bounced (%s)%s", what, kind, "" if is_known else ": nobody to suppress")
    return is_known


def known(told: Sequence[tuple[Bounce.Kind, UUID]]) -> set[tuple[Bounce.Kind, UUID]]:
    """Return which of these were noted before, or something graver: of a batch that is told again, all."""
    bounces = Bounce.objects.in_bulk({mail_id for _kind, mail_id in told})
    return {(kind, pk) for kind, pk in told if pk in bounces and bounces[pk].is_at_least(kind)}


def _of_number(mail_id: UUID) -> Mail | None:
    return Mail.objects.defer("content").filter(pk=mail_id).first()


def _newest(address: str, at: datetime | None) -> Mail | None:
    """Return the newest mail that an address had been sent at a time. Without a time, or with one to come, it
    is any, so that a repeat is not taken for a word on the next mail."""
    if at is None or at > timezone.now() + CLOCKS_DIFFER:
        return None
    sent = Mail.objects.to(address).filter(sent_at__lte=at + CLOCKS_DIFFER).order_by("-sent_at")
    return sent.defer("content").first()


def _is_noted(mail: Mail, kind: Bounce.Kind) -> bool:
    return (kind, mail.pk) in known([(kind, mail.pk)])


def _note(mail: Mail, kind: Bounce.Kind) -> None:
    """Write it down, unless the mail was deleted meanwhile. One that waits to be tried again does so no more,
    where it cannot arrive or is not wanted."""
    if not Mail.objects.select_for_update().filter(pk=mail.pk).exists():
        return
    bounce, is_new = Bounce.objects.get_or_create(mail=mail, defaults={"kind": kind})
    if not is_new and not bounce.is_at_least(kind):
        bounce.kind, bounce.at = kind, timezone.now()
        bounce.save(update_fields=["kind", "at"])
    if kind is not Kind.SOFT:
        Mail.objects.waiting().filter(pk=mail.pk).update(failed_at=timezone.now(), claimed_until=None)
