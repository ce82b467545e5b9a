"""Importing subscribers: who is brought in, with which proof, and who never is."""

import re
import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from harmhub.mail.models import Edition, Mail
from harmhub.sealing import address_digest
from newsletter import bringing_in
from newsletter.models import (
    EVERYBODY,
    Consent,
    Import,
    Pace,
    Subscriber,
    Subscription,
    Suppression,
    Token,
)
from newsletter.subscribing import end, erase
from newsletter.tasks import forget, numbers
from tests.factories import Tree, list_of
from tests.fixtures.following import READER, Clock, follow_now, fresh, mails, texts_at_hand, told
from tests.fixtures.importing import PROOF, Importer, tallied
from tests.fixtures.site import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def importer(tree: Tree) -> Importer:
    return Importer("import_subscription", "view_subscription")


def active() -> set[str]:
    return {each.subscriber.address for each in Subscription.objects.active().select_related("subscriber")}


def test_who_confirmed_elsewhere_counts_from_now_on_with_the_proof_and_a_way_out(
    importer, tree: Tree, clock: Clock
):
    fresh(tree, "Before")
    clock.pass_()
    importer.bring(
        f"{READER},at-once,2024-05-06,Paper list\n",
        tree.health,
        heading="address,pace,day,source\n",
        how="active",
    )
    subscription = Subscription.objects.get()
    assert subscription.is_active
    consent = Consent.objects.get()
    assert (consent.wording, consent.list_name, consent.day) == ("Paper list", "Health", date(2024, 5, 6))
    assert consent.imported_at
    [mail] = mails()
    text = mail.told["text"]
    assert "Health" in text
    assert "List-Unsubscribe" in mail.told["headers"]
    fresh(tree, "After")
    clock.pass_()
    assert told() == ["After"], "nothing that was published before"
    reader = Client(headers={"sec-fetch-site": "same-origin"})
    reader.post(re.search(r"http://testserver(/newsletter/leave/\S+)", text)[1])
    assert not active()
    assert importer.bring(f"{READER}\n", tree.health, how="active") == {"suppressed": 1}


def test_who_is_to_be_asked_gets_the_question_and_counts_once_she_has_confirmed(
    importer: Importer, tree: Tree
):
    importer.bring(f"{READER}\n", tree.health)
    assert not active()
    [mail] = mails()
    assert mail.purpose == "newsletter-confirmation"
    link = re.search(r"http://testserver(/newsletter/confirm/\S+)", mail.told["text"])[1]
    Client(headers={"sec-fetch-site": "same-origin"}).post(link)
    assert active() == {READER}
    consent = Consent.objects.get()
    assert consent.day == timezone.localdate()
    assert PROOF in consent.wording
    assert "2024-05-06" in consent.wording


def test_who_does_not_confirm_is_forgotten_like_anybody(importer: Importer, tree: Tree):
    importer.bring(f"{READER}\n", tree.health)
    Subscription.objects.update(asked_at=F("asked_at") - timedelta(days=8))
    Token.objects.update(expires_at=F("expires_at") - timedelta(days=8))
    forget(0)
    assert not Subscriber.objects.exists()


def test_an_address_is_asked_as_seldom_as_by_sign_ups(importer: Importer, tree: Tree):
    importer.bring(f"{READER}\n", tree.health)
    for topic in (tree.health, tree.justice):
        assert importer.bring(f"{READER}\n", topic)["asked"] == 1
    assert len(mails()) == 1


@pytest.mark.parametrize("how", ["ask", "active"])
def test_the_same_file_twice_and_a_second_press_add_nothing(importer: Importer, tree: Tree, how: str):
    lines = "".join(f"reader{number}@example.org\n" for number in range(5))
    importer.bring(lines, tree.health, how=how)
    importer.client.post(reverse("subscriber:planned_import", args=[Import.objects.get().pk]))
    importer.work()
    before = (Mail.objects.count(), Consent.objects.count(), Token.objects.count())
    assert before == (5, 5, 5)
    counts = importer.bring(lines, tree.health, how=how)
    assert counts == {"there" if how == "active" else "asked": 5}
    assert before == (Mail.objects.count(), Consent.objects.count(), Token.objects.count())


@pytest.mark.parametrize("how", ["ask", "active"])
def test_who_must_not_be_written_to_is_never_brought_in_nor_who_left_that_list(
    importer, tree: Tree, how: str
):
    erased, gone = follow_now(tree.health, "erased@example.org"), follow_now(tree.health, "gone@example.org")
    end(gone)
    erase(erased.subscriber)
    left = follow_now(tree.health, "left@example.org")
    follow_now(tree.justice, "left@example.org")
    end(left)
    for reason in ("refused", "complaint"):
        Suppression.objects.add_digest(address_digest(f"{reason}@example.org"), reason)
    names = ("erased", "gone", "left", "refused", "complaint", "ERASED")
    counts = importer.bring("".join(f"{name}@example.org\n" for name in names), tree.health, how=how)
    assert counts == {"suppressed": 4, "left": 1}
    assert not Subscription.objects.active().filter(list=left.list).exists()
    assert Suppression.objects.count() == 4
    assert not Mail.objects.exists()
    assert {each.address for each in Subscriber.objects.all()} == {"gone@example.org", "left@example.org"}


def test_who_is_erased_between_the_look_and_the_doing_is_not_brought_in(importer, tree: Tree, monkeypatch):
    importer.take(f"{READER}\nother@example.org\n", tree.health, how="active")
    real = bringing_in.Batch._standing
    looks = []

    def erased_after_the_first_look(batch):
        found = real(batch)
        looks.append(found)
        if len(looks) == 1:
            Suppression.objects.add_digest(address_digest(READER), Suppression.Reason.ERASED)
        return found

    monkeypatch.setattr(bringing_in.Batch, "_standing", erased_after_the_first_look)
    assert importer.start() == {"new": 1, "suppressed": 1}
    assert [each.address for each in Subscriber.objects.all()] == ["other@example.org"]


def test_import_keeps_no_text_that_it_has_written(importer: Importer, tree: Tree):
    importer.take(f"{READER}\n", tree.health, how="active")
    bringing_in.start(Import.objects.get().pk, importer.user)
    planned = Import.objects.get()
    work = bringing_in.Work(planned, planned.content)
    work.do_some()
    assert (len(mails()), texts_at_hand()) == (1, 0)


def test_import_that_was_killed_goes_on_where_it_was(importer: Importer, tree: Tree, monkeypatch):
    monkeypatch.setattr(bringing_in, "BATCH", 2)
    lines = "".join(f"reader{number}@example.org\n" for number in range(5))
    importer.take(lines, tree.health, how="active")
    real, written = Mail.queue_many.__func__, []

    def die_in_the_second_batch(cls, purpose, readers):
        made = real(cls, purpose, readers)
        written.append(made)
        if len(written) == 2:
            raise OSError("killed")
        return made

    monkeypatch.setattr(Mail, "queue_many", classmethod(die_in_the_second_batch))
    importer.start()
    planned = Import.objects.get()
    assert (planned.position, planned.finished_at) == (2, None)
    assert Mail.objects.count() == 2
    importer.work()
    planned.refresh_from_db()
    assert planned.finished_at
    assert planned.counts == {"new": 5}
    assert len(active()) == Mail.objects.count() == Consent.objects.count() == 5
    assert Edition.objects.filter(mails__isnull=False).distinct().count() == 2
    assert tallied(EVERYBODY) == tallied(list_of(tree.health)) == {"imported": 5}


def test_who_waits_for_confirmation_here_is_taken_in_when_she_confirmed_elsewhere(importer, tree: Tree):
    subscriber = Subscriber.objects.create(
        address=READER, address_digest=address_digest(READER), language="en"
    )
    subscriber.subscriptions.create(list=list_of(tree.health), pace=Pace.DAILY)
    assert importer.bring(f"{READER}\n", tree.health, how="active") == {"new": 1}
    assert Subscription.objects.get().pace == Pace.WEEKLY
    assert Subscription.objects.get().is_active


def test_nothing_of_a_subscriber_who_is_there_is_changed(importer: Importer, tree: Tree):
    subscription = follow_now(tree.health)
    importer.bring(f"{READER.upper()},es\n", tree.justice, heading="address,language\n", how="active")
    subscriber = Subscriber.objects.get()
    assert (subscriber.address, subscriber.language) == (READER, "en")
    assert Subscription.objects.active().count() == 2
    assert Subscription.objects.get(pk=subscription.pk).pace == Pace.WEEKLY
    assert tallied(EVERYBODY) == {"joined": 1}
    assert [mail.told["to"] for mail in Mail.objects.all()] == [READER]
    numbers()
    assert tallied(EVERYBODY) == {"joined": 1}


def test_no_mail_tells_them_where_that_is_not_wanted(importer: Importer, tree: Tree):
    importer.bring(f"{READER}\n", tree.health, how="active", welcomes="")
    assert active() == {READER}
    assert not Mail.objects.exists()


def test_welcome_that_still_waits_does_not_go_to_who_has_left(importer: Importer, tree: Tree):
    importer.bring(f"{READER}\nother@example.org\n", tree.health, how="active")
    end(Subscription.objects.found_by(READER).get())
    assert not mails()
    assert len(mails("other@example.org")) == 1


def test_list_that_has_gone_since_the_dry_run_is_told_and_nobody_is_brought_in(
    importer: Importer, tree: Tree
):
    topic = tree.justice
    lines = f"{READER},/topics/justice/\nother@example.org,/topics/health/\n"
    importer.take(lines, None, heading="address,list\n", how="active")
    topic.delete()
    assert importer.start() == {"gone": 1, "new": 1}
    assert active() == {"other@example.org"}
    assert "not there any more" in importer.page()


@pytest.mark.django_db(transaction=True)
def test_import_waits_for_who_is_just_being_erased_and_then_does_not_bring_her_in(importer, tree: Tree):
    subscriber = follow_now(tree.health).subscriber
    importer.take(f"{READER}\nother@example.org\n", tree.justice, how="active")
    bringing = threading.Thread(target=in_own_connection, args=[importer.start])
    with transaction.atomic():
        erase(subscriber)
        bringing.start()
        wait_for(somebody_waits, 20, "The import did not wait.")
    bringing.join()
    assert Import.objects.get().counts == {"suppressed": 1, "new": 1}
    assert active() == {"other@example.org"}
    assert Subscriber.objects.count() == 1


def in_own_connection(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_an_address_whose_key_is_lost_is_written_to_at_the_one_in_the_file(importer, tree: Tree, settings):
    follow_now(tree.health)
    own = settings.SEALING_KEYS
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *own]
    Subscriber.objects.update(address=READER)
    settings.SEALING_KEYS = own
    assert importer.bring(f"{READER}\n", tree.justice, how="active") == {"new": 1}
    assert [mail.told["to"] for mail in Mail.objects.all()] == [READER]


def test_thousands_are_brought_in_with_few_queries_for_each_hundred(importer, tree: Tree, monkeypatch):
    counts = []
    for size in (20, 200):
        lines = "".join(f"reader{number}-{size}@example.org\n" for number in range(size))
        importer.take(lines, tree.health, how="active")
        with CaptureQueriesContext(connection) as queries:
            importer.start()
        counts.append(len(queries))
    assert Subscription.objects.active().count() == 220
    assert counts[1] <= counts[0] + 4  # statements of many rows may be divided
