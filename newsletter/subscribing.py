"""From a sign-up to a confirmation mail, from the pressed button to a subscription, and out again.

Each function is one transaction or runs in its caller's.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest, readable
from newsletter.issues import UPDATES, withdraw
from newsletter.links import leaving_headers, link
from newsletter.models import (
    Consent,
    Delivery,
    Pace,
    SignUp,
    Subscriber,
    Subscription,
    Suppression,
    Token,
    Update,
)
from newsletter.models.subscribers import SubscriptionQuerySet

logger = logging.getLogger(__name__)
PURPOSE = "newsletter"
CONFIRMABLE_FOR = timedelta(hours=48)


def work_off_sign_ups() -> None:
    """Take every waiting sign-up once. One that fails is passed over and tried again at the next run."""
    for pk in SignUp.objects.waiting().order_by("pk").values_list("pk", flat=True):
        try:
            _work_off(pk)
        except Exception as problem:  # its text could hold an address, so it is not logged
            logger.error("Sign-up %s could not be worked off (%s).", pk, type(problem).__name__)


@transaction.atomic
def _work_off(pk: int) -> None:
    """Turn one sign-up into what it asks for, unless another worker has it.

    Over the limit of confirmations it is dropped if its link is in the inbox already; for another list it
    waits for its turn.
    """
    sign_up = (
        SignUp.objects.waiting()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("list")
        .filter(pk=pk)
        .first()
    )
    if sign_up is None:
        return
    digest = address_digest(readable(sign_up.address))
    if not Suppression.objects.final().filter(address_digest=digest).exists():
        subscription = _subscription(sign_up, digest)
        if subscription.subscriber.may_be_written_to:
            _ask(subscription, sign_up)
        elif not (subscription.is_active or _was_asked(subscription)):
            return
    sign_up.delete()


def _subscription(sign_up: SignUp, digest: bytes) -> Subscription:
    """Return the subscription that is asked for; its subscriber is locked until the transaction ends."""
    typed = {"address": sign_up.address, "language": sign_up.language}
    Subscriber.objects.get_or_create(address_digest=digest, defaults=typed)
    subscriber = Subscriber.objects.select_for_update().get(address_digest=digest)
    if not subscriber.subscriptions.active().exists():  # nobody proved yet that the older spelling is right
        subscriber.address, subscriber.language = sign_up.address, sign_up.language
        subscriber.save(update_fields=["address", "language"])
    subscription, _new = Subscription.objects.get_or_create(subscriber=subscriber, list=sign_up.list)
    if not subscription.is_active:
        subscription.pace = sign_up.pace or Pace.WEEKLY
    subscription.subscriber = subscriber
    return subscription


def _was_asked(subscription: Subscription) -> bool:
    tokens = subscription.tokens.filter(purpose=Token.Purpose.CONFIRM, used_at=None)
    return tokens.filter(expires_at__gt=timezone.now()).exists()


def _ask(subscription: Subscription, sign_up: SignUp) -> None:
    """Post the confirmation mail. Nothing that was typed stands in it."""
    subscription.asked_at = timezone.now()
    subscription.save(update_fields=["asked_at", "pace"])
    consent = Consent.objects.create(
        subscription=subscription,
        wording=sign_up.wording,
        list_name=subscription.list_name,
        pace=sign_up.pace or subscription.pace,
    )
    expires_at = timezone.now() + CONFIRMABLE_FOR
    secret = Token.issue(subscription, Token.Purpose.CONFIRM, consent=consent, expires_at=expires_at)
    context = {"list": consent.list_name, "confirm_url": link("newsletter:confirm", secret, sign_up.language)}
    _post(subscription, "confirmation", context, language=sign_up.language)


@transaction.atomic
def confirm(secret: str) -> Subscription | None:
    """Confirm what the token stands for, and post the welcome mail. A second press finds it done.

    None: the token is unknown, expired, or was used for a subscription that has been left since.
    """
    opened = Token.objects.opened_by(Token.Purpose.CONFIRM, secret)
    # First the subscriber, as everybody does: leaving, erasing and runs wait for each other there.
    list(Subscriber.objects.filter(subscriptions__tokens__in=opened).select_for_update())
    token = opened.select_for_update().first()
    if token is None:
        return None
    # Only now: who waited for another press must see what that press has written.
    found = Subscription.objects.select_related("subscriber", "list").select_for_update(of=("self",))
    subscription = found.get(pk=token.subscription_id)
    if token.confirms:
        _confirm(token, subscription)
    return subscription if token.used_at and subscription.is_active else None


def _confirm(token: Token, subscription: Subscription) -> None:
    token.used_at = timezone.now()
    token.save(update_fields=["used_at"])
    if not subscription.is_active:
        subscription.confirmed_at, subscription.left_at = token.used_at, None
        # Only what is found from now on is for this wish; what was released before need not be looked at.
        subscription.starts_after = Update.objects.newest()
        subscription.served_to = Update.objects.last_place()
    if token.consent:
        subscription.pace = token.consent.pace  # it may have been asked for anew, at another one
    subscription.save(update_fields=["confirmed_at", "left_at", "starts_after", "served_to", "pace"])
    Consent.objects.filter(tokens=token).update(day=timezone.localdate())
    Suppression.objects.lift(bytes(subscription.subscriber.address_digest))
    language = subscription.subscriber.language
    secret = Token.issue(subscription, Token.Purpose.LEAVE)
    context = {"list": subscription.list_name, "leave_url": link("newsletter:leave", secret, language)}
    _post(
        subscription,
        "welcome",
        context,
        language=language,
        headers=leaving_headers(subscription.list_id or 0, secret),
    )


def left_by(secret: str, chosen: str = "") -> SubscriptionQuerySet:
    """Return the subscriptions that the link in a mail leaves: all that the mail served, or the chosen one of
    its lists (the number of a topic; 0 is the whole organisation). None, where they are gone."""
    opened = Token.objects.opened_by(Token.Purpose.LEAVE, secret).values("subscription")
    found = Subscription.objects.filter(pk__in=opened)
    if delivery := Delivery.objects.opened_by(secret).select_related("issue").first():
        found = delivery.subscriptions
    if not chosen.isdecimal() or len(chosen) > 9:  # none, or what no link of ours says
        return found
    return found.filter(list=int(chosen) or None)


@transaction.atomic
def leave(secret: str, chosen: str = "") -> None:
    """Leave what the link stands for. Again and again the same, also when the subscription is gone."""
    # First the subscriber, as a run does, which passes over whom it finds locked.
    subscribers = left_by(secret, chosen).values("subscriber")
    list(Subscriber.objects.filter(pk__in=subscribers).select_for_update())
    found = left_by(secret, chosen).select_related("subscriber").select_for_update(of=("self",))
    for subscription in found:
        if subscription.is_active:
            _leave(subscription)


def _leave(subscription: Subscription) -> None:
    """End a subscription. The record of consent lives as long as what it is for."""
    subscription.left_at = timezone.now()
    subscription.save(update_fields=["left_at"])
    subscription.consents.exclude(day=None).delete()
    withdraw(subscription)
    if not subscription.subscriber.subscriptions.active().exists():
        Suppression.objects.add_digest(bytes(subscription.subscriber.address_digest), Suppression.Reason.LEFT)


@transaction.atomic
def erase(subscriber: Subscriber) -> None:
    """Forget an address and all that belongs to it, queued mails included. Only its digest stays."""
    digest = bytes(subscriber.address_digest)
    list(Subscriber.objects.filter(pk=subscriber.pk).select_for_update())
    Suppression.objects.add_digest(digest, Suppression.Reason.ERASED)
    SignUp.objects.of_address(digest).delete()
    Mail.objects.filter(recipient=digest, purpose__startswith=PURPOSE).delete()
    subscriber.delete()


def suppress_refused(sender: type[Mail], mail: Mail, **kwargs) -> None:
    """Write to an address no more whose server refused one of our mails for good."""
    if mail.purpose.startswith(PURPOSE) and mail.recipient:
        Suppression.objects.add_digest(bytes(mail.recipient), Suppression.Reason.REFUSED)
        others = Mail.objects.waiting().filter(recipient=mail.recipient, purpose=UPDATES)
        others.exclude(pk=mail.pk).delete()


def _post(
    subscription: Subscription,
    name: str,
    context: dict,
    *,
    language: str,
    headers: dict[str, str] | None = None,
) -> None:
    mail.post(
        purpose=f"{PURPOSE}-{name}",
        to=subscription.subscriber.address,
        template=f"newsletter-{name}",
        context=context,
        language=language,
        headers=headers,
    )
