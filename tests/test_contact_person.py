"""What one person wrote is given to her, or deleted, on request."""

import json
import threading
from copy import copy

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from contact.models import Message, Turn
from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from tests.fixtures.databases import wait_for_a_lock
from tests.fixtures.staff import logged_in

CANARY = "Canarywords"


@pytest.fixture
def messages(tree) -> list[Message]:
    return [
        Message.objects.create(
            topic=tree.harm_reduction,
            language="en",
            text=f"{CANARY} {address}",
            name="Nora",
            address=address,
            address_digest=address_digest(address),
        )
        for address in ("nora@example.org", "nora@example.org", "other@example.org")
    ]


PAGE = "/admin/messages/person/"


def test_messages_are_found_by_reference_or_address_and_shown_without_words(moderator, messages):
    by_reference = moderator.get(PAGE, {"q": messages[0].reference.lower()}).content.decode()
    assert messages[0].reference in by_reference
    assert messages[1].reference not in by_reference
    by_address = moderator.get(PAGE, {"q": "NORA@example.org"}).content.decode()
    assert messages[1].reference in by_address
    assert messages[2].reference not in by_address
    assert CANARY not in by_address
    assert "No message is kept" in moderator.get(PAGE, {"q": "ZZZZ-ZZZZ"}).content.decode()


def test_the_file_holds_all_of_a_message_and_the_log_says_who_took_it(moderator, messages):
    message = messages[0]
    message.turns.create(kind="reader", text="And one thing more")
    message.close()
    answer = moderator.get(PAGE, {"export": "json", "reference": [each.reference for each in messages[:2]]})
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    told = {each["reference"]: each for each in json.loads(answer.content)["messages"]}
    assert set(told) == {each.reference for each in messages[:2]}
    one = told[message.reference]
    assert (one["name"], one["address"], one["text"]) == ("Nora", "nora@example.org", message.text)
    assert one["turns"][0]["text"] == "And one thing more"
    assert one["closed_at"]
    entries = ModelLogEntry.objects.filter(action="contact.export", user__username="Moderators")
    assert {entry.label for entry in entries} == set(told)


def test_deletion_takes_exactly_what_stood_on_the_page(moderator, messages):
    messages[0].turns.create(kind="reader", text="More")
    newer = Message.objects.create(
        language="en", text="x", address="nora@example.org", address_digest=address_digest("nora@example.org")
    )
    answer = moderator.post(PAGE, {"reference": [each.reference for each in messages[:2]]}, follow=True)
    assert "2 messages are deleted for good." in answer.content.decode()
    assert set(Message.objects.all()) == {messages[2], newer}
    assert not Turn.objects.exists()
    entries = ModelLogEntry.objects.filter(action="contact.erase", user__username="Moderators")
    assert {entry.label for entry in entries} == {each.reference for each in messages[:2]}


@pytest.mark.django_db(transaction=True)
def test_deletion_waits_for_an_answer_that_is_being_written_and_is_noted_once(moderator, messages):
    message, told = messages[0], []

    def press() -> None:
        browser = Client()
        browser.cookies = copy(moderator.cookies)
        try:
            told.append(browser.post(PAGE, {"reference": message.reference}).status_code)
        finally:
            connection.close()

    presses = [threading.Thread(target=press) for _ in range(2)]
    with transaction.atomic():
        held = Message.objects.select_for_update().get(pk=message.pk)
        for each in presses:
            each.start()
        wait_for_a_lock()
        told_by = {"purpose": "contact-answer", "to": "n@example.org", "template": "contact-notice"}
        answer = mail.post(**told_by, context={})
        held.turns.create(kind="answer", text="x", mail=answer)
    for each in presses:
        each.join()
    assert told == [302, 302]
    assert not Message.objects.filter(pk=message.pk).exists()
    assert not Turn.objects.exists()
    assert not Mail.objects.exists()
    assert ModelLogEntry.objects.filter(action="contact.erase").count() == 1


def test_looking_changes_nothing(moderator, messages):
    moderator.get(PAGE, {"q": messages[0].reference})
    assert Message.objects.count() == 3
    assert not ModelLogEntry.objects.filter(action__startswith="contact.").exists()


def test_who_may_not_export_may_do_neither(tree, messages):
    editor = logged_in("Editors")
    assert PAGE not in editor.get(reverse("message:index")).content.decode()
    for answer in (
        editor.get(PAGE, {"q": messages[0].reference}),
        editor.get(PAGE, {"export": "json", "reference": messages[0].reference}),
        editor.post(PAGE, {"reference": messages[0].reference}),
    ):
        assert (answer.status_code, answer["Location"]) == (302, reverse("wagtailadmin_home"))
    assert Message.objects.count() == 3


def test_messages_of_another_team_are_not_there(tree, moderator, messages):
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    assert messages[0].reference not in moderator.get(PAGE, {"q": "nora@example.org"}).content.decode()
    answer = moderator.get(PAGE, {"export": "json", "reference": messages[0].reference})
    assert json.loads(answer.content) == {"messages": []}
    moderator.post(PAGE, {"reference": messages[0].reference})
    assert Message.objects.count() == 3


@pytest.mark.parametrize("odd", ["\x00", "x" * 5000, "@", "'"])
def test_odd_words_find_nothing(moderator, messages, odd):
    assert moderator.get(PAGE, {"q": odd}).status_code in (200, 400)
    assert moderator.post(PAGE, {"reference": odd}).status_code in (302, 400)
    assert Message.objects.count() == 3


def test_the_inbox_leads_there(moderator, messages):
    assert PAGE in moderator.get(reverse("message:index")).content.decode()
