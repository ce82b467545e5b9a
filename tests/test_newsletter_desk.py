"""Subscribers in the admin: who sees them, how they are found, exported and erased."""

import csv
import io
import re
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from harmhub.users.models import User
from newsletter.managing import MANAGEABLE_FOR
from newsletter.models import (
    AddressChange,
    SignUp,
    Subscriber,
    Subscription,
    Suppression,
    Token,
)
from newsletter.tasks import sign_ups
from tests.factories import list_of

READER = "canary@example.org"


def subscribed(address: str, topic=None, **fields) -> Subscription:
    subscriber = Subscriber.objects.create(
        address=address, address_digest=address_digest(address), language="en"
    )
    followed = list_of(topic, "en")
    return Subscription.objects.create(subscriber=subscriber, list=followed, **fields)


@pytest.fixture
def subscription(tree) -> Subscription:
    return subscribed(READER, tree.health, confirmed_at=timezone.now())


def listed(client: Client, **query: str) -> str:
    answer = client.get(reverse("subscriber:index"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_editor_sees_address_list_and_state(editor, subscription):
    assert reverse("subscriber:index") in editor.get(reverse("wagtailadmin_home")).content.decode()
    page = listed(editor)
    assert READER in page
    assert "Health" in page
    assert "Confirmed" in page


def test_a_line_leads_to_its_detail_from_the_address(editor, subscription):
    held = SignUp.objects.create(address="held@example.org", language="en", held_at=timezone.now())
    for page, record, address in [
        (listed(editor), reverse("subscriber:inspect", args=[subscription.pk]), READER),
        (
            editor.get(reverse("held_sign_up:index")).content.decode(),
            reverse("held_sign_up:inspect", args=[held.pk]),
            "held@example.org",
        ),
    ]:
        assert re.search(rf'<a href="{record}"[^>]*>\s*{address}\s*</a>', page)


def test_the_detail_shows_the_consent_and_is_logged(editor, subscription):
    subscription.consents.create(
        wording="Sign up to receive updates.", list_name="Health", day=timezone.localdate()
    )
    page = editor.get(reverse("subscriber:inspect", args=[subscription.pk])).content.decode()
    assert READER in page
    assert "Sign up to receive updates." in page
    assert ModelLogEntry.objects.get(action="newsletter.read").label == str(subscription.pk)


@pytest.mark.parametrize("words", ["canary@example.org", "CANARY@Example.ORG", " canary@example.org "])
def test_a_subscriber_is_found_by_the_whole_address(editor, subscription, words):
    assert READER in listed(editor, q=words)
    assert READER not in listed(editor, q="canary")


def test_subscribers_are_filtered_by_list_state_and_day(editor, tree, subscription):
    subscribed("pending@example.org")
    subscribed("left@example.org", confirmed_at=timezone.now() - timedelta(days=9), left_at=timezone.now())
    found = lambda **query: {  # noqa: E731
        name for name in ("canary", "pending", "left") if f"{name}@example.org" in listed(editor, **query)
    }
    assert found() == {"canary", "pending", "left"}
    assert found(list=str(list_of(tree.health).pk)) == {"canary"}
    assert found(list=str(list_of(None, "en").pk)) == {"pending", "left"}
    assert found(state="active") == {"canary"}
    assert found(state="pending") == {"pending"}
    assert found(state="left") == {"left"}
    assert found(confirmed_at_from=str(timezone.localdate())) == {"canary"}
    assert found(left_at_from=str(timezone.localdate())) == {"left"}


def test_only_who_may_export_can_and_no_spreadsheet_executes_it(editor, moderator, subscription):
    subscribed("=cmd@example.org", confirmed_at=timezone.now())
    assert editor.get(reverse("subscriber:index"), {"export": "csv"}).status_code == 302
    answer = moderator.get(reverse("subscriber:index"), {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    addresses = [row["E-mail address"] for row in csv.DictReader(io.StringIO(text))]
    assert sorted(addresses) == ["'=cmd@example.org", READER]
    assert ModelLogEntry.objects.filter(action="newsletter.export").count() == 2


@pytest.mark.parametrize("query", [{}, {"export": "csv"}])
def test_listing_and_export_ask_as_much_for_three_subscribers_as_for_eighteen(moderator, tree, query):
    counts = []
    moderator.get(reverse("subscriber:index"), query)  # fills what the process remembers
    for numbers in (range(3), range(3, 18)):
        for number in numbers:
            subscribed(f"reader{number}@example.org", None if number % 3 else tree.health)
        with CaptureQueriesContext(connection) as queries:
            answer = moderator.get(reverse("subscriber:index"), query)
            text = b"".join(answer).decode()
        assert "Fennmark Foundation" in text
        assert "Health" in text
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_only_who_may_erase_can_and_is_asked_first(editor, moderator, subscription):
    address = reverse("subscriber:erase", args=[subscription.pk])
    editor.post(address)
    assert Subscriber.objects.exists()
    assert READER in moderator.get(address).content.decode()
    assert Subscriber.objects.exists()
    moderator.post(address)
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == Suppression.Reason.ERASED
    assert "canary" not in str([vars(entry) for entry in ModelLogEntry.objects.all()])


def test_nobody_adds_or_edits_subscribers_in_the_admin(subscription):
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="x"))
    assert "Add subscription" not in listed(root)
    for name in ("add", "edit", "delete", "copy"):
        with pytest.raises(NoReverseMatch):
            reverse(f"subscriber:{name}", args=[subscription.pk])


def test_a_held_sign_up_is_let_through_by_hand(editor, tree):
    held = SignUp.objects.create(address=READER, language="en", wording="…", held_at=timezone.now())
    held.lists.set([list_of(tree.health)])
    assert READER in editor.get(reverse("held_sign_up:index")).content.decode()
    assert READER in editor.get(reverse("held_sign_up:index"), {"q": READER}).content.decode()
    assert READER in editor.get(reverse("held_sign_up:inspect", args=[held.pk])).content.decode()
    assert editor.get(reverse("held_sign_up:restore", args=[held.pk])).status_code == 405
    editor.post(reverse("held_sign_up:restore", args=[held.pk]))
    sign_ups()
    assert Mail.objects.count() == 1
    assert READER not in editor.get(reverse("held_sign_up:index")).content.decode()


def test_held_sign_ups_ask_as_much_for_three_as_for_eighteen(editor, tree):
    lists = [list_of(tree.health), list_of(None, "en")]
    counts = []
    editor.get(reverse("held_sign_up:index"))  # fills what the process remembers
    for more in (3, 15):
        for _ in range(more):
            held = SignUp.objects.create(address=READER, language="en", held_at=timezone.now())
            held.lists.set(lists)
        with CaptureQueriesContext(connection) as queries:
            page = editor.get(reverse("held_sign_up:index")).content.decode()
        assert "Fennmark Foundation, Health" in page
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_erasing_and_the_note_of_it_are_one(moderator, subscription, monkeypatch):
    def fail(*given) -> None:
        raise OSError

    monkeypatch.setattr("newsletter.desk.erase", fail)
    with pytest.raises(OSError):  # noqa: PT011
        moderator.post(reverse("subscriber:erase", args=[subscription.pk]))
    assert not ModelLogEntry.objects.filter(action="newsletter.erase").exists()


def test_a_sign_up_is_let_through_only_with_a_note_of_who_did_it(editor, tree, monkeypatch):
    def fail(**options) -> None:
        raise OSError

    held = SignUp.objects.create(address=READER, language="en", wording="…", held_at=timezone.now())
    monkeypatch.setattr("newsletter.desk.log", fail)
    with pytest.raises(OSError):  # noqa: PT011
        editor.post(reverse("held_sign_up:restore", args=[held.pk]))
    assert SignUp.objects.held().exists()


def test_sign_ups_on_their_way_are_not_shown(editor, tree):
    SignUp.objects.create(address=READER, language="en", wording="…")
    assert READER not in editor.get(reverse("held_sign_up:index")).content.decode()


def test_an_address_whose_key_is_lost_is_listed_shown_and_exported_as_that_and_can_be_erased(
    moderator, subscription, settings
):
    SignUp.objects.create(address="held@example.org", language="en", held_at=timezone.now())
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    assert "Cannot be read" in listed(moderator)
    inspect = reverse("subscriber:inspect", args=[subscription.pk])
    assert "Cannot be read" in moderator.get(inspect).content.decode()
    assert "Cannot be read" in moderator.get(reverse("held_sign_up:index"), {"q": ""}).content.decode()
    assert moderator.get(reverse("held_sign_up:index"), {"q": READER}).status_code == 200
    export = moderator.get(reverse("subscriber:index"), {"export": "csv"})
    assert "Cannot be read" in b"".join(export.streaming_content).decode()
    moderator.post(reverse("subscriber:erase", args=[subscription.pk]))
    assert not Subscriber.objects.exists()


def test_a_subscriber_whose_key_is_lost_takes_the_rest_of_her_data_along(subscription, settings):
    subscriber = subscription.subscriber
    AddressChange.objects.create(subscriber=subscriber, address="new@example.org")
    _token, secret = Token.issue(subscriber, Token.Purpose.MANAGE, lives=MANAGEABLE_FOR)
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    data = Client().get(f"/newsletter/manage/export/?t={secret}").json()
    assert "Cannot be read" in data["address"]
    assert "Cannot be read" in data["moving_to"][0]
    assert [each["list"] for each in data["lists"]] == ["Health"]
