"""Whom we write to no more because of what became of a mail: it was refused, it came back, or somebody
complained."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from harmhub.mail.models import Bounce, Mail
from newsletter.issues import TO_LISTS
from newsletter.models import Delivery, Subscriber, Subscription, Suppression
from newsletter.subscribing import PURPOSE, end

SOFT, COMPLAINT = Bounce.Kind.SOFT, Bounce.Kind.COMPLAINT
# So many updates in a row that came back for now, over at least so long, are one that came back for good.
MOST_SOFT = 5
SOFT_FOR = timedelta(days=14)
# After so long without a word, a mail arrived: servers try for four or five days (RFC 5321, 4.5.4.1).
TOLD_WITHIN = timedelta(days=6)


def suppress_refused(sender: type[Mail], mail: Mail, **kwargs) -> None:
    """Write to an address no more whose server refused one of our mails for good."""
    if mail.purpose.startswith(PURPOSE) and mail.recipient:
        _suppress(bytes(mail.recipient), Suppression.Reason.REFUSED, mail)


def suppress_bounced(
    sender: type[Mail],
    kind: str,
    mail: Mail | None,
    recipient: bytes | None,
    sent_by: datetime | None,
    **kwargs,
) -> bool:
    """Write to an address no more that a mail of ours came back from, or whose reader complained of one.

    Return whether it is the address of one of our readers. What was sent before she confirmed anew says
    nothing of the address any more, but a complaint is one for ever.
    """
    if mail and not mail.purpose.startswith(PURPOSE):
        return False
    subscriber = _whose(mail, recipient)
    digest = bytes(subscriber.address_digest) if subscriber else recipient
    if digest is None or (subscriber is None and mail is None):
        return False  # an address of others who send by the same provider
    if kind == COMPLAINT:
        _suppress(digest, Suppression.Reason.COMPLAINT, mail)
        for each in subscriber.subscriptions.active() if subscriber else ():
            end(each)
    elif not _is_settled(digest, sent_by) and (kind != SOFT or _never_arrives(subscriber, mail)):
        _suppress(digest, Suppression.Reason.REFUSED, mail)
    return True


def _whose(mail: Mail | None, recipient: bytes | None) -> Subscriber | None:
    """Return the subscriber whom a mail went to, locked until the transaction ends; None: nobody is left."""
    found = Q(address_digest=recipient) if recipient else Q(deliveries__mail=mail)
    number = Subscriber.objects.filter(found).values_list("pk", flat=True).first()
    return Subscriber.objects.select_for_update().filter(pk=number).first() if number else None


def _is_settled(digest: bytes, sent_by: datetime | None) -> bool:
    """Whether somebody confirmed at this address after the mail had been sent."""
    confirmed = Subscription.objects.filter(subscriber__address_digest=digest)
    return sent_by is not None and confirmed.filter(confirmed_at__gt=sent_by).exists()


def _never_arrives(subscriber: Subscriber | None, mail: Mail | None) -> bool:
    """Whether, with this mail, too many updates in a row came back for now.

    Those of which nothing is known yet count neither way. The rows of mails are kept for a year, so there is
    no counter to keep.
    """
    if subscriber is None or mail is None:
        return False
    sent = Delivery.objects.filter(subscriber=subscriber, mail__sent_at__isnull=False)
    rows = sent.order_by("-mail__sent_at").values_list("mail", "mail__sent_at", "mail__bounce__kind")
    known_until = timezone.now() - TOLD_WITHIN
    back: list[datetime] = []
    for number, sent_at, kind in rows:
        assert sent_at  # as was asked for
        if kind or number == mail.pk:
            back.append(sent_at)
        elif sent_at < known_until:
            break
    return len(back) >= MOST_SOFT and back[0] - back[-1] >= SOFT_FOR


def _suppress(digest: bytes, reason: str, mail: Mail | None) -> None:
    """Write to this address no more; what waits for it goes nowhere. After a complaint that is everything."""
    Suppression.objects.add_digest(digest, reason)
    waiting = Mail.objects.waiting().filter(recipient=digest, purpose__startswith=PURPOSE)
    if reason != Suppression.Reason.COMPLAINT:
        waiting = waiting.filter(purpose__in=TO_LISTS)
    if mail:
        waiting = waiting.exclude(pk=mail.pk)
    waiting.delete()
