"""What a mail with updates says, and what its links leave; also what is on its way then."""

import re
from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone, translation

from harmhub.mail import refused
from harmhub.mail.composing import build
from harmhub.mail.models import Edition, Mail
from harmhub.mail.tasks import forget as forget_mail
from harmhub.sealing import address_digest
from newsletter.issues import TO_LISTS
from newsletter.managing import agree, wish_to_move
from newsletter.models import Delivery, Pace, Subscriber, Subscription
from newsletter.subscribing import erase, leave
from newsletter.tasks import sign_ups
from tests.factories import Tree, list_of
from tests.fixtures.following import Clock, fresh, gone, mails, secrets_in, told, written

pytestmark = pytest.mark.django_db


# --- leaving


def test_link_of_a_section_leaves_its_list_and_one_click_all_that_the_mail_served(tree: Tree, clock: Clock):
    for followed in (tree.harm_reduction, tree.justice):
        clock.follow(followed)
    kept = clock.follow(tree.drug_checking, Pace.MONTHLY)
    fresh(tree, "One")
    fresh(tree, "Two", primary_topic=tree.justice)
    clock.pass_()
    [mail] = mails()
    assert len(set(secrets_in(mail))) == 1
    client = Client(headers={"sec-fetch-site": "same-origin"})
    links = re.findall(r"http://testserver(/newsletter/leave/\S+)", mail.told["text"])
    of_justice = next(link for link in links if link.endswith(f"section={list_of(tree.justice).pk}"))
    assert "Justice" in client.get(of_justice).content.decode()
    assert Subscription.objects.active().count() == 3
    client.post(of_justice)
    assert set(Subscription.objects.active().values_list("list__page__title", flat=True)) == {
        "Harm Reduction",
        "Drug Checking",
    }
    header = mail.told["headers"]["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    for _ in range(2):
        assert Client().post(header, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert list(Subscription.objects.active()) == [kept]


def test_list_that_was_left_is_told_of_no_more_while_another_goes_on(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    clock.follow(tree.justice)
    fresh(tree, "One")
    clock.pass_()
    leave(secrets_in(mails()[0])[0])
    Mail.objects.all().delete()
    fresh(tree, "Two")
    fresh(tree, "Three", primary_topic=tree.justice)
    clock.pass_(days=1)
    assert told() == ["Three"]


def test_mail_that_waits_is_not_sent_to_who_has_left(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    clock.follow(tree.justice)
    fresh(tree, "One")
    fresh(tree, "Two", primary_topic=tree.justice)
    clock.pass_()
    [mail] = mails()
    secret = secrets_in(mail)[0]
    leave(secret, str(list_of(tree.justice).pk))
    assert told() == ["One"]
    assert secrets_in(mails()[0])[0] == secret
    leave(secret)
    assert not Mail.objects.exists()
    leave(secret)


def test_mail_that_was_refused_for_now_or_given_up_is_not_tried_again_for_who_has_left(
    tree: Tree, clock: Clock
):
    clock.follow(tree.harm_reduction)
    clock.follow(tree.justice, address="other@example.org")
    fresh(tree, "One")
    fresh(tree, "Two", primary_topic=tree.justice)
    clock.pass_()
    [mail], [given_up] = mails(), mails("other@example.org")
    Mail.objects.filter(pk=mail.pk).update(claimed_until=timezone.now() + timedelta(minutes=2))
    Mail.objects.filter(pk=given_up.pk).update(failed_at=timezone.now())
    for each in (mail, given_up):
        leave(secrets_in(each)[0])
    assert not Mail.objects.exists()


def test_work_under_a_list_that_is_left_moves_to_another_that_has_it(tree: Tree, clock: Clock):
    for followed in (tree.harm_reduction, tree.health):
        clock.follow(followed, Pace.DAILY)
    fresh(tree, "On both")
    clock.pass_(days=1)
    leave(secrets_in(mails()[0])[0], str(list_of(tree.harm_reduction).pk))
    assert told() == ["On both"]
    assert "because you follow Health, daily" in mails()[0].told["text"]


def test_work_of_a_mail_that_was_not_sent_comes_by_a_slower_list(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    clock.follow(tree.health, Pace.WEEKLY)
    fresh(tree, "On both")
    clock.pass_()
    leave(secrets_in(mails()[0])[0])
    assert told() == []
    clock.pass_(days=8)
    assert told() == ["On both"]


def test_what_is_not_public_any_more_goes_when_a_mail_is_made_anew(tree: Tree, clock: Clock):
    for followed in (tree.harm_reduction, tree.justice):
        clock.follow(followed)
    gone = fresh(tree, "One")
    fresh(tree, "Two", primary_topic=tree.justice)
    clock.pass_()
    secret = secrets_in(mails()[0])[0]
    gone.delete()
    leave(secret, str(list_of(tree.justice).pk))
    assert not Mail.objects.exists()


def test_other_mails_to_an_address_that_was_refused_are_dropped(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    for number in range(2):
        fresh(tree, f"News {number}")
        clock.pass_(hours=1)
    first, _ = mails()
    refused.send(sender=Mail, mail=first)
    assert mails() == [first]


@pytest.mark.parametrize("odd", ["x", "-1", "99999999999999999999", "1'", "٣"])
def test_odd_list_in_a_link_is_no_error(tree: Tree, clock: Clock, odd: str):
    clock.follow(tree.harm_reduction)
    fresh(tree, "One")
    clock.pass_()
    client = Client(headers={"sec-fetch-site": "same-origin"})
    address = {"t": secrets_in(mails()[0])[0], "section": odd}
    assert client.get("/newsletter/leave/", address).status_code == 200


def test_mail_that_moves_to_an_address_says_nothing_that_it_has_been_told(tree: Tree, clock: Clock):
    old = clock.follow(tree.health).subscriber
    clock.follow(tree.justice)
    clock.follow(tree.health, address="new@example.org")
    fresh(tree, "On both")
    fresh(tree, "Courts", primary_topic=tree.justice)
    clock.pass_()
    fresh(tree, "On both later")
    clock.pass_()
    gone(written(tree.health))
    wish_to_move(old, "new@example.org")
    sign_ups()
    for mail in (mails()[-1], mails("new@example.org")[-1]):
        assert agree(secrets_in(mail)[0]) is not None
    assert sorted(told("new@example.org")) == ["Courts", "On both", "On both later"]
    assert Mail.objects.filter(purpose="newsletter-mailing").count() == 1
    assert set(Mail.objects.filter(purpose__in=TO_LISTS).values_list("recipient", flat=True)) == {
        address_digest("new@example.org")
    }
    assert old.address not in {each.address for each in Subscriber.objects.all()}


def test_erasing_takes_waiting_updates_and_deliveries_along(tree: Tree, clock: Clock):
    subscription = clock.follow(tree.harm_reduction)
    fresh(tree, "One")
    clock.pass_()
    erase(subscription.subscriber)
    assert not Mail.objects.exists()
    assert not Delivery.objects.exists()


# --- the mail


def test_mail_is_whole_and_says_who_can_leave_what(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction, address="a@example.org")
    clock.follow(tree.harm_reduction, address="b@example.org")
    fresh(tree, "Prices & <needles>", summary="What they cost.")
    clock.pass_()
    one, other = mails("a@example.org")[0], mails("b@example.org")[0]
    assert one.edition == other.edition
    assert Edition.objects.count() == 1
    assert secrets_in(one) != secrets_in(other)
    message = build(one.told).message()
    assert message["To"] == "a@example.org"
    assert message["Subject"] == "Harm Reduction: Prices & <needles>"
    assert message["List-Id"] == f"<list-{list_of(tree.harm_reduction).pk}.testserver>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == one.message_id
    html = message.get_body(("html",)).get_content()
    assert "Prices &amp; &lt;needles&gt;" in html
    assert "http://testserver/voices/" in html
    assert one.edition.mark not in message.as_string()
    assert "<img" not in html


def test_works_in_another_language_than_their_mail_say_so(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction, language="ar")
    clock.follow(tree.justice, language="ar")
    fresh(tree, "Prices", summary="What they cost.")
    fresh(tree, "Courts", primary_topic=tree.justice)
    tree.event(title="An evening", published_on=date(2026, 1, 1))
    clock.pass_()
    html = BeautifulSoup(mails()[0].told["html"], "html.parser")
    assert (html.html["lang"], html.html["dir"]) == ("ar", "rtl")
    english = {each.get_text() for each in html.main.find_all(lang="en", dir="ltr")}
    assert english >= {"Prices", "What they cost.", "Harm Reduction", "Courts", "An evening"}
    clock.follow(tree.health, address="b@example.org")
    fresh(tree, "News")
    clock.pass_()
    html = BeautifulSoup(mails("b@example.org")[0].told["html"], "html.parser")
    assert not html.main.find_all(lang=True)


@pytest.mark.parametrize("topics", [1, 2])
def test_number_of_works_in_a_subject_has_the_plural_of_its_language(
    tree: Tree, clock: Clock, monkeypatch, topics: int
):
    # As a translation has it: Arabic has a form for two, and others.
    words = translation.trans_real.translation("ar")._catalog
    [catalog, *_], [form, *_] = words._catalogs, words._plurals
    for name in ("list", "organisation"):
        monkeypatch.setitem(
            catalog, (f"%({name})s: %(number)s new piece of work", form(2)), f"%({name})s: زوج"
        )
    for topic in (tree.harm_reduction, tree.justice)[:topics]:
        clock.follow(topic, language="ar")
    fresh(tree, "One")
    fresh(tree, "Two", primary_topic=(tree.harm_reduction, tree.justice)[topics - 1])
    clock.pass_()
    assert mails()[0].told["subject"].endswith(": زوج")


def test_texts_of_an_edition_go_when_its_last_mail_is_forgotten(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    fresh(tree, "One")
    clock.pass_()
    long_ago = timezone.now() - timedelta(days=9)
    Mail.objects.update(sent_at=long_ago)
    Edition.objects.update(created_at=long_ago)
    forget_mail(0)
    assert not Edition.objects.exists()
    assert Delivery.objects.get().issue.edition is None
