"""What a subscriber does with a fresh link, and what nobody can do without one."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from wagtail.models import Locale

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.models import (
    LinkRequest,
    Pace,
    Subscriber,
    Subscription,
    Suppression,
    Token,
)
from newsletter.tasks import sign_ups
from tests.factories import Tree, list_of
from tests.fixtures.following import READER, Clock, fresh, mails, secrets_in, told
from tests.fixtures.managing import ASK, OTHER, below, later, linked, paces, rows

pytestmark = pytest.mark.django_db


# --- asking for a link


def test_link_comes_to_who_is_subscribed_and_the_answer_is_the_same_for_all(
    reader: Client, tree: Tree, clock: Clock
):
    clock.follow(tree.health)
    clock.follow(tree.health, address="complained@example.org")
    Suppression.objects.add_digest(address_digest("complained@example.org"), Suppression.Reason.COMPLAINT)
    Subscriber.objects.create(
        address="pending@example.org", address_digest=address_digest("pending@example.org"), language="en"
    ).subscriptions.create(list=list_of(tree.health))
    answers = set()
    for number, name in enumerate(("reader", "unknown", "pending", "complained")):
        client = f"203.0.113.{number}"
        answer = reader.post(ASK, {"email": f"{name}@example.org"}, REMOTE_ADDR=client)
        answers.add((answer.status_code, answer.content, tuple(answer.headers.items())))
    assert len(answers) == 1
    assert Mail.objects.count() == 0
    sign_ups()
    assert [mail.purpose for mail in mails()] == ["newsletter-manage"]
    assert Mail.objects.count() == 1
    assert not LinkRequest.objects.exists()


def test_an_address_gets_one_link_in_ten_minutes_and_five_a_day(reader: Client, subscription: Subscription):
    def ask(times: int) -> None:
        for _ in range(times):
            LinkRequest.objects.create(address=READER.upper(), language="en")
        sign_ups()

    ask(30)
    assert len(mails()) == 1
    for number in range(2, 9):
        later(timedelta(minutes=11))
        ask(2)
        assert len(mails()) == min(number, 5)


def test_mail_with_updates_asks_for_a_link_to_its_own_address_and_can_do_no_more(
    reader: Client, tree: Tree, clock: Clock
):
    clock.follow(tree.harm_reduction)
    fresh(tree, "News")
    clock.pass_()
    asking = linked("link")
    before = rows()
    page = reader.get(asking).content.decode()
    assert "Send me the link" in page
    assert READER not in page
    for path in ("manage/", "manage/export/", "manage/erase/", "manage/leave/", "manage/address/"):
        opened = asking.replace("link/", path)
        assert reader.get(opened).status_code == 404
        assert reader.post(opened).status_code == 404
    assert rows() == before
    assert reader.post(asking).status_code == 200
    assert mails()[-1].purpose == "newsletter-manage"
    assert reader.get(linked("manage")).status_code == 200


@pytest.mark.parametrize("query", ["", "?t=", "?t=x", "?t=" + "é" * 50, "?t=" + "A" * 43, "?u=1"])
@pytest.mark.parametrize("part", ["", "export/", "erase/", "leave/", "address/"])
def test_without_a_link_there_is_nothing(reader: Client, link: str, part: str, query: str):
    for answer in (reader.get, reader.post):
        found = answer(f"/newsletter/manage/{part}{query}")
        assert found.status_code == 404
        assert "Ask for a fresh link" in found.content.decode()
        assert READER not in found.content.decode()


def test_link_lives_a_day(reader: Client, link: str):
    later(timedelta(hours=23))
    assert reader.get(link).status_code == 200
    later(timedelta(hours=2))
    assert reader.get(link).status_code == 404
    assert reader.post(below(link, "erase")).status_code == 404
    assert Subscriber.objects.exists()


@pytest.mark.parametrize("part", ["", "export/", "erase/", "leave/", "address/"])
def test_looking_changes_nothing_and_is_stored_nowhere(reader: Client, link: str, part: str):
    before = rows()
    opened = link.replace("/manage/", f"/manage/{part}")
    for method in (reader.get, reader.head, reader.options):
        answer = method(opened)
        method(opened + "&confirm=true", headers={"purpose": "prefetch"})
    assert rows() == before
    answer = reader.get(opened)
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    assert not answer.cookies
    assert Client().post(opened).status_code == 403, "Somebody else's page."


# --- lists, paces, pauses, languages


def test_lists_and_paces_are_chosen_on_one_page(
    reader: Client, link: str, subscription: Subscription, tree: Tree
):
    page = reader.get(link).content.decode()
    names = re.findall(r'<select id="m-([st]\d+)"', page)
    assert names == [f"s{subscription.pk}", "t0"], "What she follows first."
    form = {f"s{subscription.pk}": "daily", "t0": "monthly", "language": "en"}
    for _ in range(2):
        answer = reader.post(link, form)
        assert answer.status_code == 200
        assert "Saved." in answer.content.decode()
        assert paces(subscription.subscriber) == {"Health": "daily", "Fennmark Foundation": "monthly"}
    everything = Subscription.objects.get(list__page=None)
    assert (everything.consents.get().day, everything.consents.get().pace) == (
        timezone.localdate(),
        "monthly",
    )
    reader.post(link, {f"s{subscription.pk}": "", f"s{everything.pk}": "monthly"})
    assert paces(subscription.subscriber) == {"Fennmark Foundation": "monthly"}
    subscription.refresh_from_db()
    assert subscription.left_at


def test_list_that_is_followed_by_the_link_begins_there(
    reader: Client, link: str, tree: Tree, clock: Clock, subscription: Subscription
):
    fresh(tree, "Before", primary_topic=tree.justice)
    clock.pass_()
    reader.post(link, {"t0": "at-once"})
    fresh(tree, "After", primary_topic=tree.justice)
    clock.pass_()
    assert told() == ["After"]


@pytest.mark.parametrize(
    "form",
    [{"t0": "hourly"}, {"pause": "7"}, {"pause": "-1"}, {"language": "xx"}, {"t0": "daily", "pause": "x"}],
)
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(reader: Client, link: str, form: dict):
    before = rows()
    answer = reader.post(link, form)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.content.decode()
    assert rows() == before


def test_pause_holds_updates_back_and_what_came_meanwhile_comes_after_it(
    reader: Client, link: str, tree: Tree, clock: Clock, subscription: Subscription
):
    Subscription.objects.update(pace=Pace.AT_ONCE)
    reader.post(link, {"pause": "2"})
    until = Subscriber.objects.get().paused_until
    assert timedelta(days=58) < until - timezone.now() < timedelta(days=63)
    assert "You get none until" in reader.get(link).content.decode()
    fresh(tree, "Meanwhile")
    clock.pass_(days=1)
    assert told() == []
    reader.post(link, {})
    assert Subscriber.objects.get().paused_until == until, "Not asked again, a pause goes on."
    reader.post(link, {"pause": "0"})
    fresh(tree, "Afterwards")
    clock.pass_(days=1)
    assert sorted(told()) == ["Afterwards", "Meanwhile"]


def test_pause_that_is_over_needs_no_hand(tree: Tree, clock: Clock):
    subscriber = clock.follow(tree.health).subscriber
    Subscriber.objects.update(paused_until=timezone.now() + timedelta(days=9))
    fresh(tree, "Meanwhile")
    clock.pass_(days=1)
    assert told() == []
    Subscriber.objects.filter(pk=subscriber.pk).update(paused_until=timezone.now() - timedelta(minutes=1))
    clock.run()
    assert told() == ["Meanwhile"]


@pytest.mark.parametrize(
    ("today", "months", "day"),
    [
        ("2026-11-26", 1, date(2026, 12, 26)),
        ("2026-11-30", 3, date(2027, 2, 28)),
        ("2026-08-31", 6, date(2027, 2, 28)),
        ("2026-12-31", 1, date(2027, 1, 31)),
    ],
)
def test_pause_ends_at_the_hour_of_updates(
    reader: Client, subscription: Subscription, monkeypatch, today: str, months: int, day: date
):
    from newsletter import managing

    monkeypatch.setattr("newsletter.managing.timezone.localdate", lambda: date.fromisoformat(today))
    managing.pause(subscription.subscriber, months)
    until = timezone.localtime(subscription.subscriber.paused_until)
    assert (until.date(), until.hour) == (day, 8)


def test_discretion_keeps_topics_and_organisation_out_of_subject_and_sender(
    reader: Client, link: str, tree: Tree, clock: Clock, subscription: Subscription
):
    reader.post(link, {"discreet": "on", f"s{subscription.pk}": "at-once"})
    clock.follow(tree.health, address=OTHER)
    fresh(tree, "Naloxone in the last kilometre", summary="How it gets there.")
    clock.pass_()
    mine, others = (mails(address)[-1].told for address in (READER, OTHER))
    assert "Naloxone" in others["subject"]
    assert (mine["subject"], mine["from"].split(" <")[0]) == ("Something new to read", "Your reading")
    assert "Fennmark" not in mine["subject"] + mine["from"]
    assert "How it gets there" not in mine["html"].split("<h1")[0], "the preview"
    assert "Naloxone" in mine["text"]
    reader.post(ASK, {"email": READER}, REMOTE_ADDR="203.0.113.9")
    later(timedelta(minutes=11))
    sign_ups()
    assert mails()[-1].told["from"].startswith("Your reading")


def test_another_language_takes_the_lists_along_and_old_mails_still_leave_them(
    reader: Client, tree: Tree, clock: Clock, settings
):
    spanish = Locale.objects.create(language_code="es")
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction, tree.voices):
        page.copy_for_translation(spanish).save_revision().publish()
    subscription = clock.follow(tree.health)
    justice = clock.follow(tree.justice)
    fresh(tree, "English")
    clock.pass_()
    Mail.objects.update(sent_at=timezone.now())
    old = secrets_in(mails()[0])[0]
    reader.post(ASK, {"email": READER})
    sign_ups()
    page = reader.get(linked("manage")).content.decode()
    assert '<option value="es">' in page
    reader.post(linked("manage"), {"language": "es"})
    subscription.refresh_from_db()
    justice.refresh_from_db()
    assert subscription.list.locale == spanish
    assert justice.list.locale != spanish, "There is no such page."
    work = fresh(tree, "Later")
    clock.pass_()
    assert told() == ["English"]
    copied = work.copy_for_translation(spanish)
    copied.title = "Más tarde"
    copied.save_revision().publish()
    clock.pass_()
    assert "Más tarde" in mails()[-1].told["text"]
    Client().post(f"/newsletter/one-click/?t={old}")
    assert list(Subscription.objects.active()) == [justice]


# --- leaving, erasing, taking along


def test_all_lists_are_left_by_one_press(reader: Client, link: str, tree: Tree, clock: Clock):
    clock.follow(tree.justice)
    assert "Leave all lists" in reader.get(below(link, "leave")).content.decode()
    assert reader.post(below(link, "leave")).status_code == 200
    assert not Subscription.objects.active().exists()
    assert Suppression.objects.get().reason == Suppression.Reason.LEFT
    reader.post(link, {"t0": "daily"})
    assert Subscription.objects.active().count() == 1
    assert not Suppression.objects.exists()


def test_erasing_leaves_a_digest_and_a_second_press_is_no_error(reader: Client, link: str):
    reader.post(ASK, {"email": READER}, REMOTE_ADDR="203.0.113.9")
    assert reader.post(below(link, "erase")).status_code == 200
    for model in (Subscriber, Subscription, Token, Mail, LinkRequest):
        assert not model.objects.exists(), model
    assert Suppression.objects.get().reason == Suppression.Reason.ERASED
    assert reader.post(below(link, "erase")).status_code == 404


def test_export_holds_all_that_is_known(
    reader: Client, link: str, tree: Tree, clock: Clock, subscription: Subscription
):
    subscription.consents.create(wording="Sign up.", list_name="Health", day=timezone.localdate())
    Subscription.objects.update(pace=Pace.AT_ONCE)
    fresh(tree, "News")
    clock.pass_()
    answer = reader.get(below(link, "export"))
    assert answer["Content-Disposition"] == 'attachment; filename="subscriptions.json"'
    assert answer["Content-Type"] == "application/json"
    data = answer.json()
    assert data["neutral_subject_lines"] is False
    assert data["address"] == READER
    assert data["lists"][0]["list"] == "Health"
    assert data["lists"][0]["agreed_to"][0]["wording"] == "Sign up."
    assert [mail["works"] for mail in data["mails"]] == [["News"]]
