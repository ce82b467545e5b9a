"""What subscribers do with a fresh link: choose lists and paces, pause, take their data, move, be forgotten.

A link in a mail leaves what that mail served and no more, because mails are forwarded. Whoever wants more
asks for a fresh link, which goes to the address itself and lives for a day.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from harmhub.mail.models import Mail
from harmhub.models import SiteSettings
from harmhub.sealing import address_digest, readable
from newsletter.issues import spare
from newsletter.links import link
from newsletter.models import (
    EVERYBODY,
    AddressChange,
    Delivery,
    LinkRequest,
    List,
    Pace,
    Subscriber,
    Subscription,
    Suppression,
    Tally,
    Token,
    Update,
)
from newsletter.subscribing import (
    CONFIRMABLE_FOR,
    begin,
    correct,
    count_sign_up,
    end,
    found_or_made,
    lock,
    post,
)

MANAGEABLE_FOR = timedelta(hours=24)
RELEASE, RECEIVE = Token.Purpose.RELEASE, Token.Purpose.RECEIVE


# --- the link


@transaction.atomic
def send_link(pk: int) -> None:
    """Send the link that was asked for, if there is somebody at this address whom we may write to."""
    wish = LinkRequest.objects.filter(pk=pk).first()
    if wish is None:
        return
    digest = address_digest(readable(wish.address))
    # The subscriber first, as everybody does: erasing deletes wishes as well.
    subscriber = Subscriber.objects.select_for_update().filter(address_digest=digest).first()
    if LinkRequest.objects.select_for_update(skip_locked=True).filter(pk=pk).exists():
        if subscriber:
            _send_link(subscriber, wish.language)
        wish.delete()


@transaction.atomic
def send_link_for(secret: str) -> None:
    """Send a fresh link to the address that a mail of ours went to, told by the secret in that mail."""
    known = holder(secret)
    subscriber = Subscriber.objects.select_for_update().filter(pk=known.pk).first() if known else None
    if subscriber:
        _send_link(subscriber, subscriber.language)


def holder(secret: str) -> Subscriber | None:
    """Return the subscriber to whom the mail went that holds this secret; None where nobody is left."""
    mails = (Delivery.objects.opened_by(secret), Token.objects.opened_by(secret, Token.Purpose.LEAVE))
    found = (mail.select_related("subscriber").first() for mail in mails)
    return next((each.subscriber for each in found if each), None)


def _send_link(subscriber: Subscriber, language: str) -> None:
    is_theirs = subscriber.subscriptions.exclude(confirmed_at=None).exists()
    final = Suppression.objects.final().filter(address_digest=subscriber.address_digest)
    if not is_theirs or final.exists() or not subscriber.may_get_a_link:
        return
    _unused, secret = Token.issue(subscriber, Token.Purpose.MANAGE, lives=MANAGEABLE_FOR)
    post(subscriber, "manage", {"manage_url": link("newsletter:manage", secret, language)}, language=language)


def manager(secret: str, *, lock: bool = False) -> Subscriber | None:
    """Return the subscriber whose fresh link this is; None where it is unknown or too old.

    lock: until the transaction ends.
    """
    tokens = Token.objects.opened_by(secret, Token.Purpose.MANAGE).good()
    found = Subscriber.objects.filter(tokens__in=tokens)
    return (found.select_for_update(of=("self",)) if lock else found).first()


# --- lists, paces, language, pauses


def choose(subscriber: Subscriber, paces: Iterable[tuple[List, str]]) -> None:
    """Have a subscriber follow these lists at these paces ("": not at all); the others stay as they are.

    What is new needs no confirmation: whoever has the link reads what comes to the address.
    """
    for wanted, pace in paces:
        if wanted.pk is None and not pace:
            continue
        chosen = List.objects.kept(wanted)
        subscription = Subscription.objects.filter(subscriber=subscriber, list=chosen).first()
        if not pace:
            if subscription:
                end(subscription)
            continue
        if subscription is None:
            subscription = Subscription.objects.create(subscriber=subscriber, list=chosen)
        if not subscription.is_active:
            _note_consent(subscription, wanted.name, pace)
            count_sign_up(subscriber, [subscription])
        begin(subscription, pace, timezone.now())
    if subscriber.subscriptions.active().exists():
        Suppression.objects.lift(bytes(subscriber.address_digest))


def _note_consent(subscription: Subscription, name: str, pace: str) -> None:
    wording = f"{_('What you get')}: {name}, {Pace(pace).label}"
    subscription.consents.create(wording=wording, list_name=name, pace=pace, day=timezone.localdate())


def speak(subscriber: Subscriber, language: str) -> None:
    """Write to a subscriber in another language from now on: also of her lists, where they are in it."""
    subscriber.language = language
    subscriber.save(update_fields=["language"])
    for each in subscriber.subscriptions.active().named():
        translated = each.list.in_language(language)
        if translated and not subscriber.subscriptions.active().filter(list=translated).exists():
            subscriber.subscriptions.filter(list=translated).delete()  # it was left
            Tally.objects.add("shifted", [each.list_id], timezone.now(), by=-1)
            Tally.objects.add("shifted", [translated.pk], timezone.now())
            each.list = translated
            each.save(update_fields=["list"])
            List.objects.filter(pk=translated.pk).update(was_followed=True)


def pause(subscriber: Subscriber, months: int) -> None:
    """Send no updates for some months, up to the hour at which they go out; 0: send them again.

    What is published meanwhile comes after the pause.
    """
    subscriber.paused_until = _months_from_now(months) if months else None
    subscriber.save(update_fields=["paused_until"])


def _months_from_now(months: int) -> datetime:
    site = SiteSettings.of_default_site()
    today = timezone.localdate()
    years, month = divmod(today.month - 1 + months, 12)
    first = today.replace(year=today.year + years, month=month + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    day = first.replace(day=min(today.day, last.day))
    return datetime.combine(day, time(site.updates_hour), ZoneInfo(settings.TIME_ZONE))


def leave_all(subscriber: Subscriber) -> None:
    """End all subscriptions."""
    for each in subscriber.subscriptions.active().select_for_update():
        end(each)


# --- the data


def data_of(subscriber: Subscriber) -> dict:
    """Return all that is known of a subscriber, as JSON has it; an address whose key is missing as words that
    say so."""
    return {
        "address": subscriber.address,
        "language": subscriber.language,
        "first_seen": subscriber.created_at,
        "paused_until": subscriber.paused_until,
        "neutral_subject_lines": subscriber.is_discreet,
        "moving_to": [each.address for each in AddressChange.objects.filter(subscriber=subscriber)],
        "lists": [
            {
                "list": each.list_name,
                "pace": each.pace,
                "asked_for": each.asked_at,
                "confirmed": each.confirmed_at,
                "left": each.left_at,
                "agreed_to": [
                    {
                        "wording": consent.wording,
                        "list": consent.list_name,
                        "day": consent.day,
                        "brought_from_elsewhere": consent.imported_at,
                    }
                    for consent in each.consents.exclude(day=None)
                ],
            }
            for each in subscriber.subscriptions.named().order_by("asked_at", "pk")
        ],
        "mails": _mails_of(subscriber),
    }


def _mails_of(subscriber: Subscriber) -> list[dict]:
    found = subscriber.deliveries.filter(issue__is_forgotten=False)
    found = found.select_related("issue__run", "issue__mailing").order_by("pk")
    issues = [delivery.issue for delivery in found]
    numbers = [[update for _, some in issue.sections for update in some] for issue in issues]
    titles = dict(
        Update.objects.filter(pk__in={number for some in numbers for number in some}).values_list(
            "pk", "item__title"
        )
    )
    return [
        {"due": issue.mailing.begun_at, "subject": issue.mailing.subject}
        if issue.mailing
        else {
            "due": issue.run and issue.run.slot,
            "works": [titles[number] for number in some if number in titles],
        }
        for issue, some in zip(issues, numbers, strict=True)
    ]


# --- another address


def wish_to_move(subscriber: Subscriber, address: str) -> None:
    """Note that the updates are to go to another address than her own. An older wish is dead. In the caller's
    transaction, with the subscriber locked."""
    Token.objects.filter(change__subscriber=subscriber).update(expires_at=timezone.now())
    AddressChange.objects.filter(subscriber=subscriber).delete()
    AddressChange.objects.create(subscriber=subscriber, address=address)


@transaction.atomic
def ask_both(pk: int) -> None:
    """Ask the old and the new address whether the updates are to move, each no more often than it may be
    written to: until then it waits. Whether the old one is asked tells nothing of the new one."""
    change = AddressChange.objects.unasked().filter(pk=pk).select_related("subscriber").first()
    if change is None:
        return
    old, new, address = change.subscriber, None, readable(change.address)
    if not Suppression.objects.final().of_address(address).exists():
        new = found_or_made(address, old.language)
    lock(*(each for each in (old, new) if each))
    if not AddressChange.objects.select_for_update(skip_locked=True).filter(pk=pk).exists():
        transaction.set_rollback(True)  # replaced or erased meanwhile
        return
    if new:
        correct(new, address, old.language, is_discreet=old.is_discreet)
    if not change.asked_old and old.may_be_asked_to_let_go:
        _ask(old, RELEASE, change)
        change.asked_old = True
    if not change.asked_new and (new is None or new.may_be_written_to):
        if new:
            change.target = new
            _ask(new, RECEIVE, change)
        change.asked_new = True
    change.save(update_fields=["target", "asked_old", "asked_new"])


def _ask(subscriber: Subscriber, purpose: str, change: AddressChange) -> None:
    language = change.subscriber.language
    _unused, secret = Token.issue(subscriber, purpose, lives=CONFIRMABLE_FOR, change=change)
    post(subscriber, purpose, {"agree_url": link("newsletter:agree", secret, language)}, language=language)


def asks(secret: str) -> Token | None:
    """Return the token by which an address agrees to a change; None where it is unknown or too old."""
    found = Token.objects.opened_by(secret, RELEASE, RECEIVE).filter(expires_at__gt=timezone.now())
    return found.select_related("change__subscriber", "change__target").first()


@transaction.atomic
def agree(secret: str) -> bool | None:
    """Agree at one of two addresses; with the second, the updates move. A second press finds it done.

    Return whether they have moved; None where the link is unknown or too old.
    """
    token = asks(secret)
    if token is None:
        return None
    if token.change:
        lock(*(each for each in (token.change.subscriber, token.change.target) if each))
        token = asks(secret)  # what was written meanwhile counts
    if token is None:
        return None
    if token.change is None:
        return True
    change, now = token.change, timezone.now()
    if token.purpose == RELEASE:
        change.released_at = change.released_at or now
    else:
        change.received_at = change.received_at or now
    change.save(update_fields=["released_at", "received_at"])
    token.used_at = now
    token.save(update_fields=["used_at"])
    if not (change.target and change.released_at and change.received_at):
        return False
    _move(change.subscriber, change.target)
    return True


def _move(old: Subscriber, new: Subscriber) -> None:
    """Give what one address has to another one, with what waits to be sent; of a list that both have, the new
    one's own stays."""
    theirs = {each.list_id: each for each in new.subscriptions.all()}
    if not any(each.is_active for each in theirs.values()):
        new.language, new.paused_until = old.language, old.paused_until
    elif old.subscriptions.active().exists():
        Tally.objects.add("shifted", [EVERYBODY], timezone.now(), by=-1)  # two addresses, one person
    new.is_discreet |= old.is_discreet
    new.save(update_fields=["language", "paused_until", "is_discreet"])
    for each in old.subscriptions.active():
        own = theirs.get(each.list_id)
        if own and own.is_active:
            _merge(each, own)
            continue
        if own:
            own.delete()
        each.subscriber = new
        each.save(update_fields=["subscriber"])
    unsent = Delivery.objects.filter(subscriber=old, mail__sent_at=None, mail__forgotten_at=None)
    for mail in Mail.objects.filter(pk__in=unsent.values("mail")).order_by("pk").select_for_update():
        if spare(mail, new):
            mail.redirect(readable(new.address))
    # What was sent to the old address says nothing of the new one, should it come back.
    Delivery.objects.filter(subscriber=old, mail__sent_at__isnull=False).update(mail=None)
    Delivery.objects.filter(subscriber=old).update(subscriber=new)
    Token.objects.filter(subscriber=old, purpose=Token.Purpose.LEAVE).update(subscriber=new)
    Suppression.objects.lift(bytes(new.address_digest))
    Suppression.objects.add_digest(bytes(old.address_digest), Suppression.Reason.LEFT)
    old.delete()


def _merge(gone: Subscription, kept: Subscription) -> None:
    """Have a subscription stand for another one of its list; nothing is told twice, as deliveries know."""
    kept.served_to = min(kept.served_to, gone.served_to)
    kept.starts_after = min(kept.starts_after, gone.starts_after)
    kept.save(update_fields=["served_to", "starts_after"])
    Tally.objects.add("shifted", [gone.list_id], timezone.now(), by=-1)
    for token in gone.tokens.filter(purpose=Token.Purpose.LEAVE):
        token.subscriptions.add(kept)
