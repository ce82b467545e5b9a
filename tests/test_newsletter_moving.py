"""Updates that move to another address, once both addresses have agreed."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.models import (
    AddressChange,
    Delivery,
    Pace,
    Subscriber,
    Subscription,
    Suppression,
)
from newsletter.subscribing import erase
from newsletter.tasks import forget, sign_ups
from tests.factories import Tree
from tests.fixtures.following import READER, Clock, fresh, mails, secrets_in, told
from tests.fixtures.managing import ASK, OTHER, below, later, linked, paces, rows

pytestmark = pytest.mark.django_db


def moved(reader: Client, link: str, address: str = OTHER) -> tuple[str, str]:
    """Ask for another address; return the links in the mails to the old and the new one."""
    answer = reader.post(below(link, "address"), {"email": address})
    assert "Check both inboxes" in answer.content.decode()
    sign_ups()
    return linked("agree"), linked("agree", address)


@pytest.mark.parametrize("first", [0, 1])
def test_updates_move_when_both_addresses_have_agreed(
    reader: Client, link: str, tree: Tree, clock: Clock, subscription: Subscription, first: int
):
    Subscription.objects.update(pace=Pace.AT_ONCE)
    fresh(tree, "Before")
    clock.pass_()
    Mail.objects.update(sent_at=timezone.now())
    old_mail = secrets_in(mails()[-1])[0]
    links = moved(reader, link)
    for mail in (mails()[-1], mails(OTHER)[-1]):
        assert OTHER not in mail.told["text"] + mail.told["html"], "Nothing that somebody typed."
    before = rows()
    for each in links:
        assert "Agree" in reader.get(each).content.decode()
    assert rows() == before
    for _ in range(2):
        assert reader.post(links[first]).status_code == 200
    assert Subscription.objects.get(pk=subscription.pk).subscriber.address == READER
    reader.post(links[1 - first])
    subscription.refresh_from_db()
    assert subscription.subscriber.address == OTHER
    assert not Subscriber.objects.filter(address_digest=address_digest(READER)).exists()
    assert Suppression.objects.get().address_digest == address_digest(READER)
    assert not AddressChange.objects.exists()
    fresh(tree, "After")
    clock.pass_()
    assert told(OTHER) == ["After"]
    assert told(READER) == ["Before"]
    Client().post(f"/newsletter/one-click/?t={old_mail}")
    assert not Subscription.objects.active().exists(), "The old mails leave still."


def test_address_that_has_lists_already_keeps_them_and_gets_nothing_twice(
    reader: Client, link: str, tree: Tree, clock: Clock
):
    Subscription.objects.update(pace=Pace.AT_ONCE)
    clock.follow(tree.justice)
    clock.follow(tree.health, Pace.WEEKLY, OTHER)
    fresh(tree, "On both")
    clock.pass_()
    for each in moved(reader, link):
        reader.post(each)
    subscriber = Subscriber.objects.get()
    assert paces(subscriber) == {"Health": "weekly", "Justice": "at-once"}
    Mail.objects.all().delete()
    clock.pass_(days=8)
    assert told(OTHER) == [], "It came to the old address."


def test_newer_wish_replaces_an_older_one(reader: Client, link: str):
    first = moved(reader, link)
    later(timedelta(minutes=61))
    second = moved(reader, link, "third@example.org")
    for each in first:
        assert reader.post(each).status_code == 404
    for each in second:
        reader.post(each)
    assert Subscriber.objects.filter(address_digest=address_digest("third@example.org")).exists()
    assert Subscription.objects.active().get().subscriber.address == "third@example.org"


def test_new_address_is_written_to_no_more_often_than_by_sign_ups(reader: Client, link: str):
    for _ in range(5):
        reader.post(below(link, "address"), {"email": OTHER})
        sign_ups()
    assert len(mails(OTHER)) == 1
    forget(timestamp=0)
    reader.post("/newsletter/", {"email": OTHER})
    sign_ups()
    assert len(mails(OTHER)) == 1


def test_address_that_complained_is_not_written_to_and_nobody_learns_of_it(reader: Client, link: str):
    Suppression.objects.add_digest(address_digest(OTHER), Suppression.Reason.COMPLAINT)
    answer = reader.post(below(link, "address"), {"email": OTHER})
    assert "Check both inboxes" in answer.content.decode()
    sign_ups()
    assert mails(OTHER) == []
    assert "As soon as the button was pressed" in reader.post(linked("agree")).content.decode()
    assert Subscriber.objects.get().address == READER


def test_old_address_is_asked_whatever_the_new_one_may_get(reader: Client, link: str):
    reader.post("/newsletter/", {"email": OTHER})
    sign_ups()
    reader.post(below(link, "address"), {"email": OTHER})
    sign_ups()
    assert mails()[-1].purpose == "newsletter-release"
    assert [mail.purpose for mail in mails(OTHER)] == ["newsletter-confirmation"]
    later(timedelta(minutes=61))
    sign_ups()
    assert mails(OTHER)[-1].purpose == "newsletter-receive"


def test_many_wishes_write_to_few(reader: Client, link: str):
    for number in range(12):
        answer = reader.post(below(link, "address"), {"email": f"stranger{number}@example.org"})
        sign_ups()
    assert answer.status_code == 429
    assert [mail.purpose for mail in mails()].count("newsletter-release") == 1


def test_own_address_is_no_other(reader: Client, link: str, subscription: Subscription):
    answer = reader.post(below(link, "address"), {"email": READER.upper()})
    assert answer.status_code == 422
    assert not AddressChange.objects.exists()


def test_what_waits_to_be_sent_moves_along(reader: Client, link: str, tree: Tree, clock: Clock):
    Subscription.objects.update(pace=Pace.AT_ONCE)
    reader.post(link, {"discreet": "on"})
    fresh(tree, "News")
    clock.pass_()
    for each in moved(reader, link):
        reader.post(each)
    assert told(OTHER) == ["News"]
    assert mails(OTHER)[0].told["to"] == OTHER
    assert told() == []
    assert Subscriber.objects.get().is_discreet


def test_what_was_due_at_the_old_address_comes_to_a_new_one_that_has_the_list(
    reader: Client, link: str, tree: Tree, clock: Clock
):
    fresh(tree, "Due")
    clock.pass_()
    clock.follow(tree.health, Pace.WEEKLY, OTHER)
    links = moved(reader, link)
    for each in links:
        reader.post(each)
    clock.pass_(days=8)
    assert told(OTHER) == ["Due"]


def test_erasing_forgets_what_others_wish_of_the_address(reader: Client, link: str, clock: Clock, tree: Tree):
    other = clock.follow(tree.justice, address=OTHER).subscriber
    reader.post(below(link, "address"), {"email": OTHER})
    erase(other)
    sign_ups()
    assert mails(OTHER) == []
    assert not Subscriber.objects.filter(address_digest=address_digest(OTHER)).exists()


def test_stranger_changes_no_subject_lines(reader: Client, subscription: Subscription):
    reader.post("/newsletter/", {"email": READER, "discreet": "on"})
    sign_ups()
    subscriber = Subscriber.objects.get()
    assert not subscriber.is_discreet
    reader.post(linked("confirm"))
    subscriber.refresh_from_db()
    assert subscriber.is_discreet


def test_wish_to_move_is_forgotten_and_its_links_die(reader: Client, link: str):
    old, _new = moved(reader, link)
    later(timedelta(hours=49))
    assert reader.get(old).status_code == 404
    AddressChange.objects.update(asked_at=F("asked_at") - timedelta(days=4))
    later(timedelta(days=2))
    forget(timestamp=0)
    assert not AddressChange.objects.exists()
    assert Subscriber.objects.count() == 1


@pytest.mark.parametrize("email", ["", "n.lopes@", "a@b.org, c@d.org"])
def test_what_is_no_address_is_an_error(reader: Client, link: str, email: str):
    for path in (below(link, "address"), ASK):
        answer = reader.post(path, {"email": email})
        assert answer.status_code == 422
        assert "<title>Error: " in answer.content.decode()
        assert f'value="{email}"' in answer.content.decode()
    assert not AddressChange.objects.exists()
    assert not Delivery.objects.exists()
