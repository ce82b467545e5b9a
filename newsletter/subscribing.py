"""From a sign-up to a confirmation mail, from the pressed button to a subscription, and out again.

Each function is one transaction or runs in its caller's.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest, readable
from newsletter.issues import withdraw
from newsletter.links import leaving_headers, link, sender_of
from newsletter.mailings import keep_counted
from newsletter.models import (
    EVERYBODY,
    AddressChange,
    Delivery,
    LinkRequest,
    List,
    Mailing,
    Pace,
    SignUp,
    Subscriber,
    Subscription,
    Suppression,
    Tally,
    Token,
    Update,
)
from newsletter.models.subscribers import SubscriptionQuerySet

logger = logging.getLogger(__name__)
PURPOSE = "newsletter"
IMPORTED = "newsletter-imported"  # the purpose of mails to who was brought along from elsewhere
WELCOMES = (f"{PURPOSE}-welcome", IMPORTED)
CONFIRMABLE_FOR = timedelta(hours=48)


def work_off_sign_ups() -> None:
    """Take every waiting sign-up once."""
    each_once(SignUp.objects.waiting(), _work_off)


def each_once(rows: QuerySet, work: Callable[[int], None]) -> None:
    """Do the work for each row, told by its number. One that fails is passed over until the next time."""
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        try:
            work(pk)
        except Exception as problem:  # its text could hold an address, so it is not logged
            name = rows.model.__name__
            logger.error("%s %s could not be worked off (%s).", name, pk, type(problem).__name__)


@transaction.atomic
def _work_off(pk: int) -> None:
    """Turn one sign-up into what it asks for, unless another worker has it.

    Over the limit of confirmations it is dropped if its link is in the inbox already; for other lists it
    waits for its turn.
    """
    waiting = SignUp.objects.waiting().filter(pk=pk)
    sign_up = waiting.first()
    if sign_up is None:
        return
    address = readable(sign_up.address)
    lists = list(sign_up.lists.named())
    subscriber = None
    if lists and not Suppression.objects.final().of_address(address).exists():
        subscriber = found_or_made(address, sign_up.language)
        lock(subscriber)  # before the sign-up, as erasing does
    if not waiting.select_for_update(skip_locked=True, of=("self",)).exists():
        transaction.set_rollback(True)  # erased meanwhile, or somebody else's
        return
    if subscriber:
        correct(subscriber, address, sign_up.language, is_discreet=sign_up.is_discreet)
        subscriptions = [_subscription(subscriber, each, sign_up.pace) for each in lists]
        if subscriber.may_be_written_to:
            _ask(subscriber, subscriptions, sign_up)
        elif not all(each.is_active or _was_asked(each) for each in subscriptions):
            return
    sign_up.delete()


def found_or_made(address: str, language: str) -> Subscriber:
    """Return the subscriber of an address."""
    typed = {"address": address, "language": language}
    return Subscriber.objects.get_or_create(address_digest=address_digest(address), defaults=typed)[0]


def lock(*subscribers: Subscriber) -> None:
    """Lock subscribers until the transaction ends, in the order that everybody keeps, and read them anew.

    Subscriber.DoesNotExist: one of them was erased.
    """
    numbers = [each.pk for each in subscribers]
    list(Subscriber.objects.filter(pk__in=numbers).order_by("pk").select_for_update())
    for each in subscribers:
        each.refresh_from_db()


def correct(subscriber: Subscriber, address: str, language: str, *, is_discreet: bool) -> None:
    """Take what was typed now for right, unless somebody proved already that the older spelling is."""
    if not subscriber.subscriptions.active().exists():
        subscriber.address, subscriber.language, subscriber.is_discreet = address, language, is_discreet
        subscriber.save(update_fields=["address", "language", "is_discreet"])


def _subscription(subscriber: Subscriber, chosen: List, pace: str) -> Subscription:
    subscription, _new = Subscription.objects.get_or_create(subscriber=subscriber, list=chosen)
    if not subscription.is_active:
        subscription.pace = pace or Pace.WEEKLY
    subscription.list = chosen  # with its name
    return subscription


def _was_asked(subscription: Subscription) -> bool:
    return subscription.tokens.good().filter(purpose=Token.Purpose.CONFIRM).exists()


def _ask(subscriber: Subscriber, subscriptions: list[Subscription], sign_up: SignUp) -> None:
    """Post the confirmation mail. Nothing that was typed stands in it."""
    count_sign_up(subscriber, [each for each in subscriptions if not (each.is_active or _was_asked(each))])
    token, secret = Token.issue(subscriber, Token.Purpose.CONFIRM, subscriptions, lives=CONFIRMABLE_FOR)
    for each in subscriptions:
        each.asked_at = token.created_at
        each.save(update_fields=["asked_at", "pace"])
        each.consents.create(
            token=token,
            wording=sign_up.wording,
            list_name=each.list.name,
            pace=sign_up.pace or each.pace,
            is_discreet=sign_up.is_discreet,
        )
    context = {
        "lists": names_of(subscriptions),
        "confirm_url": link("newsletter:confirm", secret, sign_up.language),
    }
    post(subscriber, "confirmation", context, language=sign_up.language)


def count_sign_up(subscriber: Subscriber, subscriptions: list[Subscription]) -> None:
    """Count a wish for some lists; of the whole organisation, that of who has none yet."""
    lists: list[int | None] = [each.list_id for each in subscriptions]
    if lists and not subscriber.subscriptions.active().exists():
        lists.append(EVERYBODY)
    Tally.objects.add("signed_up", lists, timezone.now())


def names_of(subscriptions: Iterable[Subscription]) -> list[str]:
    """Return what the lists of some subscriptions are about, A to Z."""
    return sorted((each.list_name for each in subscriptions), key=str.casefold)


@transaction.atomic
def confirm(secret: str) -> list[Subscription]:
    """Confirm what the token stands for, and post the welcome mail. A second press finds it done.

    Return the active subscriptions of the token; none where it is unknown or expired.
    """
    opened = Token.objects.opened_by(secret, Token.Purpose.CONFIRM)
    # First the subscriber, as everybody does: leaving, erasing and runs wait for each other there.
    list(Subscriber.objects.filter(tokens__in=opened).select_for_update())
    token = opened.select_for_update().select_related("subscriber").first()
    if token is None:
        return []
    # Only now: who waited for another press must see what that press has written.
    found = list(token.subscriptions.named().select_for_update(of=("self",)))
    if token.is_good:
        _confirm(token, found)
    return [each for each in found if token.used_at and each.is_active]


def _confirm(token: Token, subscriptions: list[Subscription]) -> None:
    token.used_at = timezone.now()
    token.save(update_fields=["used_at"])
    paces = dict(token.consents.values_list("subscription", "pace"))
    for each in subscriptions:
        # It may have been asked for anew, at another pace.
        begin(each, paces.get(each.pk, each.pace), token.used_at)
    token.consents.update(day=timezone.localdate())
    subscriber = token.subscriber
    if token.consents.filter(is_discreet=True).exists():
        subscriber.is_discreet = True
        subscriber.save(update_fields=["is_discreet"])
    Suppression.objects.lift(bytes(subscriber.address_digest))
    _token, secret = Token.issue(subscriber, Token.Purpose.LEAVE, subscriptions)
    numbers = [each.list_id for each in subscriptions]
    context = {
        "lists": names_of(subscriptions),
        "leave_url": link("newsletter:leave", secret, subscriber.language),
        "manage_url": link("newsletter:ask_for_link", secret, subscriber.language),
    }
    headers = leaving_headers(numbers[0] if len(numbers) == 1 else "updates", secret)
    post(subscriber, "welcome", context, headers=headers)


def begin(subscription: Subscription, pace: str, at: datetime) -> None:
    """Have a subscription count from a moment on, at a pace; one that counts already goes on."""
    if not subscription.is_active:
        is_first = not subscription.subscriber.subscriptions.active().exists()
        Tally.objects.add("joined", [subscription.list_id, *([EVERYBODY] if is_first else [])], at)
        subscription.confirmed_at, subscription.left_at = at, None
        # Only what is found from now on is for this wish; what was released before need not be looked at.
        subscription.starts_after = Update.objects.newest()
        subscription.served_to = Update.objects.last_place()
        List.objects.filter(pk=subscription.list_id, was_followed=False).update(was_followed=True)
    subscription.pace = pace
    subscription.save(update_fields=["confirmed_at", "left_at", "starts_after", "served_to", "pace"])


def left_by(secret: str, chosen: str = "") -> SubscriptionQuerySet:
    """Return the subscriptions that the link in a mail leaves: all that the mail served, or that of a chosen
    one of its lists (a number). None, where they are gone."""
    opened = Token.objects.opened_by(secret, Token.Purpose.LEAVE)
    found = Subscription.objects.filter(tokens__in=opened)
    if delivery := Delivery.objects.opened_by(secret).select_related("issue").first():
        found = delivery.subscriptions
    if not chosen.isdecimal() or len(chosen) > 9:  # none, or what no link of ours says
        return found
    exact = found.filter(list=int(chosen))
    if exact.exists():
        return exact
    return found.filter(list__in=List.objects.in_any_language([int(chosen)]))


@transaction.atomic
def leave(secret: str, chosen: str = "") -> None:
    """Leave what the link stands for. Again and again the same, also when the subscription is gone."""
    # First the subscriber, as a run does, which passes over whom it finds locked.
    subscribers = left_by(secret, chosen).values("subscriber")
    list(Subscriber.objects.filter(pk__in=subscribers).select_for_update())
    found = left_by(secret, chosen).select_related("subscriber").select_for_update(of=("self",))
    ended = [end(subscription) for subscription in found]
    if any(ended):
        by = Mailing.objects.filter(issues__deliveries__in=Delivery.objects.opened_by(secret))
        by.update(left=F("left") + 1)


def end(subscription: Subscription) -> bool:
    """End a subscription that is active; return whether it was. The record of consent lives as long as what
    it is for. In the caller's transaction, with the subscriber locked."""
    if not subscription.is_active:
        return False
    subscription.left_at = timezone.now()
    subscription.save(update_fields=["left_at"])
    subscription.consents.exclude(day=None).delete()
    withdraw(subscription)
    is_last = not subscription.subscriber.subscriptions.active().exists()
    counted = [subscription.list_id, *([EVERYBODY] if is_last else [])]
    Tally.objects.add("left", counted, subscription.left_at)
    if is_last:
        Mail.objects.waiting().filter(
            recipient=subscription.subscriber.address_digest, purpose__in=WELCOMES
        ).delete()
        Suppression.objects.add_digest(bytes(subscription.subscriber.address_digest), Suppression.Reason.LEFT)
    return True


@transaction.atomic
def erase(subscriber: Subscriber) -> None:
    """Forget an address and all that belongs to it, queued mails included. Only its digest stays."""
    digest = bytes(subscriber.address_digest)
    list(Subscriber.objects.filter(pk=subscriber.pk).select_for_update())
    lists = list(subscriber.subscriptions.active().values_list("list", flat=True))
    Tally.objects.add("left", [*lists, EVERYBODY] if lists else [], timezone.now())
    Suppression.objects.add_digest(digest, Suppression.Reason.ERASED)
    for wishes in (SignUp.objects, LinkRequest.objects, AddressChange.objects):
        wishes.of_address(digest).delete()
    keep_counted(subscriber)
    Mail.objects.filter(recipient=digest, purpose__startswith=PURPOSE).delete()
    subscriber.delete()


def post(
    subscriber: Subscriber,
    name: str,
    context: dict,
    *,
    language: str = "",
    headers: dict[str, str] | None = None,
) -> None:
    """Post one of our mails to a subscriber, in her language where no other is told."""
    language = language or subscriber.language
    mail.post(
        purpose=f"{PURPOSE}-{name}",
        to=subscriber.address,
        template=f"newsletter-{name}",
        context=context,
        language=language,
        headers=headers,
        sender=sender_of(subscriber.is_discreet, language),
    )
