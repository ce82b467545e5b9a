"""What is said of a mail after it was sent, and whom it suppresses."""

import logging
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from harmhub.mail import bounced
from harmhub.mail.bounces import kind_of, record
from harmhub.mail.models import Bounce, Mail
from harmhub.sealing import address_digest
from newsletter.managing import _move
from newsletter.models import Subscriber, Suppression
from newsletter.subscribing import erase
from tests.fixtures.databases import wait_for_a_lock
from tests.fixtures.following import READER, fresh, mails
from tests.test_mail_faults import in_thread

pytestmark = pytest.mark.django_db
SOFT, HARD, COMPLAINT = Bounce.Kind.SOFT, Bounce.Kind.HARD, Bounce.Kind.COMPLAINT
REFUSED = Suppression.Reason.REFUSED


@pytest.fixture
def told(db):
    """What the signal told, by the listeners' words."""
    heard = []

    def hear(kind, mail, recipient, **_rest):
        heard.append((kind, mail and mail.pk, recipient))

    bounced.connect(hear)
    yield heard
    bounced.disconnect(hear)


@pytest.fixture
def update(clock, tree) -> Mail:
    """A mail with an update that the server took."""
    clock.follow(tree.health)
    fresh(tree, "Pills")
    clock.pass_()
    return sent(*mails())


def sent(mail: Mail, ago: timedelta = timedelta(0)) -> Mail:
    mail.sent_at = timezone.now() - ago
    mail.save(update_fields=["sent_at"])
    return mail


def forgotten(mail: Mail) -> Mail:
    Mail.objects.forget(before=timezone.now() + timedelta(days=1))
    mail.refresh_from_db()
    assert mail.recipient is None
    return mail


def reason(address: str = READER) -> str:
    row = Suppression.objects.of_address(address).first()
    return row.reason if row else ""


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("5.1.1", HARD),
        ("smtp; 550 5.1.1 <somebody@example.org> nobody here", HARD),
        ("550 no such user", HARD),
        ("5.2.1 (disabled)", HARD),
        ("4.4.1", SOFT),
        ("452-4.2.2 over quota", SOFT),
        ("421 later", SOFT),
        ("5.2.2", SOFT),
        ("550 5.7.1 we do not like you", SOFT),
        ("552 5.3.4 too long", SOFT),
        ("2.0.0", None),
        ("", None),
        ("from 192.0.2.55.1", None),
        ("call 5551234", None),
    ],
)
def test_a_status_says_whether_an_address_is_dead(status, kind):
    assert kind_of(status) == kind


def test_a_mail_that_came_back_for_good_suppresses_its_address(update):
    assert record(HARD, mail_id=update.pk)
    assert reason() == REFUSED
    update.refresh_from_db()
    assert update.state == "came back for good"
    assert update.sent_at, "it was sent all the same"


def test_the_same_bounce_again_tells_nobody(update, told):
    assert record(HARD, mail_id=update.pk)
    Suppression.objects.all().delete()
    assert not record(HARD, mail_id=update.pk)
    assert not record(SOFT, mail_id=update.pk), "it is known to be worse"
    assert told == [(HARD, update.pk, address_digest(READER))]
    assert not reason()
    assert record(COMPLAINT, mail_id=update.pk), "graver news is news"


def test_a_complaint_is_final_and_ends_every_subscription(update, clock, tree):
    fresh(tree, "More pills")
    clock.pass_()
    assert Mail.objects.waiting().count() == 1
    assert record(COMPLAINT, mail_id=update.pk)
    assert reason() == Suppression.Reason.COMPLAINT
    assert not Subscriber.objects.get().subscriptions.active().exists()
    assert not Mail.objects.waiting().exists()
    Suppression.objects.lift(address_digest(READER))
    assert reason() == Suppression.Reason.COMPLAINT


def test_what_waits_for_a_dead_address_goes_nowhere(update, clock, tree):
    fresh(tree, "More pills")
    clock.pass_()
    assert record(HARD, mail_id=update.pk)
    assert not Mail.objects.waiting().exists()
    assert Subscriber.objects.get().subscriptions.active().exists(), "should it be mended, she goes on"


@pytest.mark.parametrize("kind", [HARD, COMPLAINT])
def test_a_mail_whose_recipient_is_forgotten_is_known_by_its_delivery(update, kind, caplog):
    assert record(kind, mail_id=forgotten(update).pk)
    assert reason()
    assert READER not in caplog.text


def test_of_a_forgotten_mail_to_somebody_erased_nothing_follows_but_a_log_line(update, caplog):
    forgotten(update)
    Subscriber.objects.all().delete()
    with caplog.at_level(logging.INFO, logger="harmhub"):
        assert not record(HARD, mail_id=update.pk)
    assert "nobody to suppress" in caplog.text
    assert not Suppression.objects.exists()


def test_an_unknown_mail_is_ignored_with_a_log_line(told, caplog):
    with caplog.at_level(logging.INFO, logger="harmhub"):
        assert not record(HARD, mail_id=Mail().pk)
    assert "not known" in caplog.text
    assert not told


def test_by_an_address_it_is_the_newest_mail_of_that_time(update, clock, tree, told):
    fresh(tree, "More pills")
    clock.pass_()
    _first, second = mails()
    at = sent(update, timedelta(days=2)).sent_at + timedelta(hours=1)
    sent(second)
    assert record(HARD, address=READER.upper(), at=at)
    assert not record(HARD, address=READER, at=at)
    assert [pk for _kind, pk, _recipient in told] == [update.pk]


def test_an_address_that_we_never_wrote_to_is_not_stored():
    assert not record(COMPLAINT, address="stranger@example.org", at=timezone.now())
    assert not Suppression.objects.exists()


def test_an_address_whose_mails_are_forgotten_is_suppressed_while_it_subscribes(update):
    forgotten(update)
    assert not record(SOFT, address=READER, at=timezone.now()), "it may be told for the second time"
    assert record(HARD, address=READER, at=timezone.now())
    assert reason() == REFUSED


def test_what_was_sent_before_she_confirmed_anew_says_nothing_but_a_complaint_does(update, clock, tree):
    sent(update, timedelta(days=3))
    Subscriber.objects.get().subscriptions.update(confirmed_at=timezone.now() - timedelta(days=1))
    assert record(HARD, mail_id=update.pk)
    assert not reason()
    assert record(COMPLAINT, mail_id=update.pk)
    assert reason() == Suppression.Reason.COMPLAINT


def test_a_notice_to_the_people_of_a_topic_suppresses_nobody(post_greeting):
    notice = sent(post_greeting())
    assert not record(HARD, mail_id=notice.pk)
    assert not Suppression.objects.exists()
    notice.refresh_from_db()
    assert notice.bounce.kind == HARD


def test_a_mail_that_is_to_be_tried_again_is_given_up_when_it_came_back_for_good(post_greeting):
    soft, hard = post_greeting(), post_greeting()
    record(SOFT, mail_id=soft.pk)
    record(HARD, mail_id=hard.pk)
    assert set(Mail.objects.waiting()) == {soft}


@pytest.mark.parametrize(
    ("ages", "arrived", "suppressed"),
    [
        ([40, 33, 26, 19, 12], None, True),
        ([33, 26, 19, 12], None, False),
        ([12, 11, 10, 9, 8], None, False),  # within days: an outage
        ([40, 33, 26, 19, 12], 20, False),  # one arrived in between
        ([40, 33, 26, 19, 12], 50, True),
        ([40, 33, 26, 19, 12], 1, True),  # of the newest nothing is known yet
    ],
)
def test_five_updates_in_a_row_that_came_back_for_now_are_one_for_good(
    clock, tree, ages, arrived, suppressed
):
    clock.follow(tree.health)
    days = sorted([*ages, *([arrived] if arrived else [])], reverse=True)
    for number in days:
        fresh(tree, f"Work {number}")
        clock.pass_(days=1)
    rows = [sent(mail, timedelta(days=age)) for mail, age in zip(mails(), days, strict=True)]
    Subscriber.objects.get().subscriptions.update(confirmed_at=timezone.now() - timedelta(days=90))
    back = [mail for mail, age in zip(rows, days, strict=True) if age in ages]
    for mail in back:
        assert reason() == ""
        record(SOFT, mail_id=mail.pk)
        record(SOFT, mail_id=mail.pk)
    assert reason() == (REFUSED if suppressed else "")


def test_a_mail_to_the_address_that_somebody_moved_from_says_nothing_of_the_new_one(update, clock, tree):
    clock.follow(tree.health, address="new@example.org")
    old, new = Subscriber.objects.order_by("pk")
    _move(old, new)
    Suppression.objects.all().delete()
    record(HARD, mail_id=forgotten(update).pk)
    assert not Suppression.objects.exists()


def test_a_listener_that_fails_has_it_told_again(update):
    def fail(**_rest):
        raise OSError

    bounced.connect(fail)
    try:
        with pytest.raises(OSError):  # noqa: PT011
            record(HARD, mail_id=update.pk)
    finally:
        bounced.disconnect(fail)
    assert not reason()
    assert record(HARD, mail_id=update.pk)
    assert reason() == REFUSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [HARD, COMPLAINT])
def test_a_bounce_that_comes_while_its_reader_is_erased_waits_and_finds_nobody(update, kind, clock, tree):
    fresh(tree, "More pills")
    clock.pass_()
    failed = []

    def tell() -> None:
        try:
            record(kind, mail_id=update.pk)
        except Exception as problem:
            failed.append(problem)

    with transaction.atomic():
        list(Subscriber.objects.select_for_update())
        telling = in_thread(tell)
        wait_for_a_lock()
        erase(Subscriber.objects.get())
    telling.join(10)
    assert not failed
    assert not Mail.objects.exists()
    assert reason() == (COMPLAINT if kind is COMPLAINT else Suppression.Reason.ERASED)


@pytest.mark.django_db(transaction=True)
def test_the_same_bounce_told_by_two_at_once_is_noted_once(update):
    with transaction.atomic():
        list(Subscriber.objects.select_for_update())
        both = [in_thread(lambda: record(HARD, mail_id=update.pk)) for _number in range(2)]
        wait_for_a_lock()
    for each in both:
        each.join(10)
    assert Bounce.objects.get().kind == HARD
    assert reason() == REFUSED
