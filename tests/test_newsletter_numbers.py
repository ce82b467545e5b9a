"""Numbers over time: what happened to lists by day, counted as it happens, and what stays of it."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum
from django.test import Client
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from wagtail.models import Locale

from harmhub.days import day_of
from harmhub.sealing import address_digest
from newsletter import managing
from newsletter.models import EVERYBODY, List, Pace, Subscriber, Subscription, Tally
from newsletter.subscribing import end, erase
from newsletter.tasks import forget, numbers, sign_ups
from tests.factories import Tree, list_of
from tests.fixtures.following import READER, Clock, mails
from tests.fixtures.following import follow_now as follow
from tests.fixtures.stateful import run_operations

WHAT = ("signed_up", "joined", "imported", "left", "shifted")


def tallies(about: List | None, *what: str) -> list[int]:
    """Return the sums of a list, or of the whole organisation."""
    sums = Tally.objects.filter(list=about).aggregate(
        **{f"all_{name}": Sum(name, default=0) for name in WHAT}
    )
    return [sums[f"all_{name}"] for name in what or WHAT]


def there(about: List | None) -> int:
    _signed_up, joined, imported, left, shifted = tallies(about)
    return joined + imported - left + shifted


def as_counted() -> dict:
    return {each: there(each) for each in (None, *List.objects.all())}


def as_is() -> dict:
    active = Subscription.objects.active()
    found = {each: active.filter(list=each).count() for each in List.objects.all()}
    return found | {None: active.values("subscriber").distinct().count()}


# --- what is counted


@pytest.mark.django_db
def test_a_sign_up_its_confirmation_and_leaving_are_counted_once_each(tree: Tree):
    reader = Client(headers={"sec-fetch-site": "same-origin"})
    form = {"email": READER, "topic": [tree.health.pk], "everything": "on", "on_page": "on"}
    reader.post("/newsletter/", form)
    sign_ups()
    health, whole = (list_of(page, "en") for page in (tree.health, None))
    for each in (health, whole, EVERYBODY):
        assert tallies(each) == [1, 0, 0, 0, 0]
    [mail] = mails()
    link = mail.told["text"].partition("http://testserver")[2].split()[0]
    reader.post(link)
    reader.post(link)
    for each in (health, whole, EVERYBODY):
        assert tallies(each) == [1, 1, 0, 0, 0]
    end(Subscription.objects.get(list=health))
    assert tallies(health) == [1, 1, 0, 1, 0]
    assert tallies(EVERYBODY) == [1, 1, 0, 0, 0], "she has another list"
    end(Subscription.objects.get(list=whole))
    end(Subscription.objects.get(list=whole))
    assert tallies(EVERYBODY) == [1, 1, 0, 1, 0]


@pytest.mark.django_db
def test_a_second_mail_to_who_has_not_confirmed_yet_is_no_second_sign_up(tree: Tree):
    reader = Client(headers={"sec-fetch-site": "same-origin"})
    for address in (READER, READER.upper(), READER.title()):
        reader.post("/newsletter/", {"email": address, "topic": tree.health.pk})
        sign_ups()
        Subscriber.objects.get().tokens.update(created_at=F("created_at") - timedelta(hours=2))
    assert len(mails()) == 3
    assert tallies(EVERYBODY, "signed_up") == [1]


@pytest.mark.django_db
def test_what_is_chosen_by_a_link_is_signed_up_for_and_joined_at_once(tree: Tree):
    subscriber = follow(tree.health).subscriber
    managing.choose(subscriber, [(List.about(tree.justice), Pace.DAILY), (list_of(tree.health), "")])
    assert tallies(list_of(tree.justice)) == [1, 1, 0, 0, 0]
    assert tallies(list_of(tree.health)) == [0, 1, 0, 1, 0]
    assert tallies(EVERYBODY) == [0, 1, 0, 0, 0]


@pytest.mark.django_db
def test_numbers_stay_when_who_left_or_was_erased_is_forgotten(tree: Tree):
    leaving, erased = follow(tree.health), follow(tree.health, "erased@example.org")
    end(leaving)
    erase(erased.subscriber)
    Subscription.objects.update(
        left_at=F("left_at") - timedelta(days=99), asked_at=F("asked_at") - timedelta(days=99)
    )
    forget(0)
    assert not Subscriber.objects.exists()
    for each in (List.objects.get(), EVERYBODY):
        assert tallies(each) == [0, 2, 0, 2, 0]


@pytest.mark.django_db
def test_a_list_that_goes_on_in_another_language_moves_its_subscriber_and_nobody_left(tree: Tree):
    spanish = Locale.objects.create(language_code="es")
    tree.health.copy_for_translation(spanish, copy_parents=True).save_revision().publish()
    subscription = follow(tree.health)
    old = subscription.list
    managing.speak(subscription.subscriber, "es")
    subscription.refresh_from_db()
    assert subscription.list != old
    assert tallies(old) == [0, 1, 0, 0, -1]
    assert tallies(subscription.list) == [0, 0, 0, 0, 1]
    assert tallies(EVERYBODY) == [0, 1, 0, 0, 0]


@pytest.mark.django_db
def test_two_addresses_that_become_one_are_one_person_and_nobody_left(tree: Tree):
    old, new = follow(tree.health), follow(tree.health, "new@example.org")
    follow(tree.justice)
    managing._move(old.subscriber, new.subscriber)
    assert as_counted() == as_is()
    assert there(EVERYBODY) == 1
    assert tallies(EVERYBODY, "left") == [0]


def test_a_day_is_one_of_the_organisation_whoever_looks(settings):
    settings.TIME_ZONE = "Pacific/Auckland"  # where the 2nd has begun
    with timezone.override("America/Los_Angeles"):
        assert day_of(datetime(2026, 6, 1, 20, tzinfo=UTC)) == date(2026, 6, 2)


# --- kept true


@pytest.mark.django_db
def test_rows_of_a_day_are_brought_together_and_days_stay_apart(tree: Tree):
    for number in range(5):
        follow(tree.health, f"reader{number}@example.org")
    Tally.objects.filter(pk=Tally.objects.earliest("pk").pk).update(day=F("day") - timedelta(days=1))
    before = as_counted()
    numbers()
    assert as_counted() == before
    health = Tally.objects.filter(list=List.objects.get()).order_by("day")
    assert [each.joined for each in health] == [1, 4]
    numbers()
    assert [each.joined for each in health.all()] == [1, 4]


@pytest.mark.django_db
def test_what_was_changed_past_our_steps_is_set_right_within_the_hour_and_said(tree: Tree, caplog):
    kept, gone = follow(tree.health), follow(tree.justice, "gone@example.org")
    gone.subscriber.delete()
    Subscription.objects.filter(pk=kept.pk).update(left_at=timezone.now())
    numbers()
    assert as_counted() == as_is()
    assert tallies(EVERYBODY) == [0, 2, 0, 0, -2]
    assert "have been corrected" in caplog.text
    caplog.clear()
    numbers()
    assert not caplog.text


@pytest.mark.django_db(transaction=True)
def test_who_confirm_and_leave_at_the_same_moment_all_count_and_nobody_waits(tree: Tree):
    """Each of two transactions holds what it counted while the other counts the same list."""
    followed = [follow(tree.health, f"reader{number}@example.org") for number in range(2)]
    both, problems = threading.Barrier(2, timeout=20), []

    def leave_and_wait(subscription: Subscription) -> None:
        try:
            with transaction.atomic():
                end(subscription)
                both.wait()  # nobody gets here who waits for the other's commit
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave_and_wait, args=[each]) for each in followed]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not problems
    assert tallies(EVERYBODY) == [0, 2, 0, 2, 0]


NUMBER = st.integers(0, 10**6)


class Counted(RuleBasedStateMachine):
    """Readers who come, choose, change, move and go in any order."""

    tree: Tree

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clock = Clock()
        self.lists = [list_of(page, "en") for page in (None, self.tree.health, self.tree.justice)]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def reader(self, number: int) -> Subscriber | None:
        address = f"reader{number % 3}@example.org"
        return Subscriber.objects.filter(address_digest=address_digest(address)).first()

    @rule(reader=NUMBER, followed=NUMBER)
    def follow(self, reader: int, followed: int) -> None:
        self.clock.follow(self.lists[followed % 3], address=f"reader{reader % 3}@example.org")

    @rule(reader=NUMBER, chosen=st.lists(st.sampled_from(["", *Pace]), min_size=3, max_size=3))
    def choose(self, reader: int, chosen: list[str]) -> None:
        if subscriber := self.reader(reader):
            managing.choose(subscriber, zip(self.lists, chosen, strict=True))

    @rule(reader=NUMBER, language=st.sampled_from(["en", "es"]))
    def speak(self, reader: int, language: str) -> None:
        Locale.objects.get_or_create(language_code="es")
        if subscriber := self.reader(reader):
            managing.speak(subscriber, language)

    @rule(reader=NUMBER, other=NUMBER)
    def move(self, reader: int, other: int) -> None:
        old, new = self.reader(reader), self.reader(other)
        if old and new and old != new:
            managing._move(old, new)

    @rule(reader=NUMBER)
    def leave(self, reader: int) -> None:
        if subscriber := self.reader(reader):
            managing.leave_all(subscriber)

    @rule(reader=NUMBER)
    def erase(self, reader: int) -> None:
        if subscriber := self.reader(reader):
            erase(subscriber)

    @rule()
    def fold(self) -> None:
        Tally.objects.fold()

    @invariant()
    def numbers_are_what_is_there(self) -> None:
        assert as_counted() == as_is()


@pytest.mark.django_db
def test_counts_are_what_is_there_after_hundreds_of_random_operations(tree: Tree):
    run_operations(Counted, tree, steps=20)
