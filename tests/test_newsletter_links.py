"""Confirming and leaving: only a pressed button does it, a link does one thing, and leaving always works."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.models import Consent, SignUp, Subscriber, Subscription, Suppression, Token
from newsletter.subscribing import erase
from newsletter.tasks import forget, sign_ups
from tests.factories import list_of
from tests.fixtures import databases

READER = "reader@example.org"
DEAD = "This link does not work"


@pytest.fixture
def confirmation(reader, tree) -> str:
    """The path and query of the link in a confirmation mail for Health."""
    reader.post("/newsletter/", {"email": READER, "topic": tree.health.pk})
    sign_ups()
    return linked("confirm")


@pytest.fixture
def leaving(reader, confirmation) -> str:
    """The path and query of the link in a welcome mail."""
    reader.post(confirmation)
    return linked("leave")


def linked(page: str) -> str:
    text = Mail.objects.order_by("created_at").last().content["text"]
    return re.search(rf"http://testserver(/newsletter/{page}/\S+)", text).group(1)


def rows() -> list:
    """Everything that a link could change."""
    models = (SignUp, Subscriber, Subscription, Consent, Token, Suppression, Mail)
    return [list(model.objects.order_by("pk").values()) for model in models]


def later(span: timedelta) -> None:
    for token in Token.objects.exclude(expires_at=None):
        token.expires_at -= span
        token.created_at -= span
        token.save()


@pytest.mark.parametrize("addition", ["", "&confirm=true", "&confirm=1&submit=Confirm"])
def test_opening_the_link_changes_nothing(reader, confirmation, addition):
    before = rows()
    for method in (reader.get, reader.head, reader.options):
        method(confirmation + addition)
        method(confirmation + addition, headers={"purpose": "prefetch", "sec-purpose": "prefetch"})
    assert rows() == before
    page = reader.get(confirmation).content.decode()
    assert '<button class="btn">Confirm</button>' in page
    assert "Health" in page
    assert "Weekly" in page


def test_a_scanner_that_posts_from_elsewhere_confirms_nothing(confirmation):
    assert Client().post(confirmation).status_code == 403
    assert not Subscription.objects.active().exists()


def test_pressing_confirm_confirms_with_the_day_and_a_welcome_mail(reader, confirmation, tree):
    answer = reader.post(confirmation)
    assert answer.status_code == 200
    assert "You are on the list" in answer.content.decode()
    subscription = Subscription.objects.active().get()
    consent = subscription.consents.get()
    assert (consent.day, consent.list_name) == (timezone.localdate(), "Health")
    content = Mail.objects.order_by("created_at").last().content
    headers = content["headers"]
    secret = linked("leave").split("?t=")[1]
    assert content["to"] == READER
    assert headers["List-Unsubscribe"] == f"<http://testserver/newsletter/one-click/?t={secret}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == f"<list-{list_of(tree.health).pk}.testserver>"
    assert READER not in headers["List-Unsubscribe"]


@pytest.mark.django_db(transaction=True)
def test_pressing_twice_at_once_finds_it_done(reader, confirmation):
    answers = []

    def press() -> None:
        answers.append(Client(headers={"sec-fetch-site": "same-origin"}).post(confirmation).status_code)
        connection.close()

    other = threading.Thread(target=press)
    with transaction.atomic():
        assert reader.post(confirmation).status_code == 200
        other.start()
        databases.wait_for_a_lock()
    other.join(10)
    assert answers == [200]
    assert Mail.objects.filter(purpose="newsletter-welcome").count() == 1


def test_pressing_twice_sends_one_welcome(reader, confirmation):
    answers = [reader.post(confirmation) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Mail.objects.count() == 2


@pytest.mark.parametrize("hours", [49, 500])
def test_an_expired_link_confirms_nothing_and_shows_the_way_on(reader, confirmation, hours):
    later(timedelta(hours=hours))
    for answer in (reader.get(confirmation), reader.post(confirmation)):
        assert answer.status_code == 404
        assert DEAD in answer.content.decode()
        assert 'href="/newsletter/"' in answer.content.decode()
    assert not Subscription.objects.active().exists()


def test_a_link_lives_almost_two_days(reader, confirmation):
    later(timedelta(hours=47))
    assert reader.post(confirmation).status_code == 200


@pytest.mark.parametrize("query", ["", "?t=", "?t=x", "?t=" + "é" * 50, "?t=" + "A" * 43, "?u=1"])
def test_unknown_links_are_all_answered_like_an_expired_one(reader, confirmation, query):
    unknown = reader.get(f"/newsletter/confirm/{query}")
    later(timedelta(hours=49))
    expired = reader.get(confirmation)
    assert (unknown.status_code, unknown.content) == (expired.status_code, expired.content)
    assert reader.post(f"/newsletter/confirm/{query}").content == unknown.content


def test_a_token_is_good_for_its_own_purpose_only(reader, confirmation, leaving):
    crossed = leaving.replace("/leave/", "/confirm/")
    assert DEAD in reader.post(crossed).content.decode()
    reader.post(confirmation.replace("/confirm/", "/leave/"))
    reader.post(confirmation.replace("/confirm/", "/one-click/"))
    assert Subscription.objects.active().exists()


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_the_leave_link_changes_nothing(reader, leaving, method):
    before = rows()
    getattr(reader, method)(leaving)
    getattr(reader, method)(leaving.replace("/leave/", "/one-click/"))
    assert rows() == before


def test_pressing_leave_leaves_and_ends_the_record_of_consent(reader, leaving):
    assert "Health" in reader.get(leaving).content.decode()
    answer = reader.post(leaving)
    assert "You have left the list" in answer.content.decode()
    assert Subscription.objects.left().exists()
    assert not Consent.objects.exists()
    assert Suppression.objects.get().reason == Suppression.Reason.LEFT


def test_leaving_works_again_and_again_and_when_the_address_is_gone(reader, leaving):
    first = reader.post(leaving)
    again = reader.post(leaving)
    erase(Subscriber.objects.get())
    after = reader.post(leaving)
    assert first.content == again.content == after.content
    assert after.status_code == 200
    assert reader.get(leaving).status_code == 200
    assert reader.post("/newsletter/leave/?t=unknown").content == first.content


def test_who_has_left_is_not_welcomed_by_a_mail_that_waited(reader, leaving):
    [welcome] = Mail.objects.filter(purpose="newsletter-welcome")
    reader.post(leaving)
    assert not Mail.objects.waiting().filter(pk=welcome.pk).exists()


def test_leaving_never_expires(reader, leaving):
    assert Token.objects.get(purpose="leave").expires_at is None
    Subscription.objects.update(confirmed_at=timezone.now() - timedelta(days=3000))
    forget(timestamp=0)
    reader.post(leaving)
    assert Subscription.objects.left().exists()


def test_leaving_one_list_keeps_the_others(reader, leaving, tree):
    other = Subscription.objects.create(
        subscriber=Subscriber.objects.get(), list=list_of(None, "en"), confirmed_at=timezone.now()
    )
    reader.post(leaving)
    assert list(Subscription.objects.active()) == [other]
    assert not Suppression.objects.exists()


def test_one_click_needs_nothing_but_the_link(leaving):
    one_click = leaving.replace("/leave/", "/one-click/")
    provider = Client(
        headers={"sec-fetch-site": "cross-site", "origin": "https://mail.example"}, enforce_csrf_checks=True
    )
    for _ in range(3):
        answer = provider.post(
            one_click, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 200
        assert not answer.cookies
        assert answer["Cache-Control"] == "no-store"
    assert Subscription.objects.left().exists()
    Subscriber.objects.all().delete()
    assert provider.post(one_click).status_code == 200
    assert provider.post("/newsletter/one-click/").status_code == 200
    assert provider.get(one_click).status_code == 405


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\ncut short"),
        ("multipart/form-data", b"without a boundary"),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", b"\xff%00" + b"&a=b" * 5_000),
        ("application/json", b"{"),
        ("a b=;", b""),
    ],
)
def test_one_click_leaves_whatever_a_mail_program_sends_along(leaving, content_type, body):
    provider = Client(headers={"sec-fetch-site": "cross-site"})
    address = leaving.replace("/leave/", "/one-click/")
    assert provider.post(address, body, content_type=content_type).status_code == 200
    assert Subscription.objects.left().exists()


def test_a_new_confirmed_sign_up_takes_back_the_leaving(reader, leaving, tree):
    reader.post(leaving)
    Token.objects.update(created_at=timezone.now() - timedelta(hours=2))
    reader.post("/newsletter/", {"email": READER.upper(), "topic": tree.health.pk}, REMOTE_ADDR="203.0.113.9")
    sign_ups()
    assert Suppression.objects.exists()
    reader.post(linked("confirm"))
    assert not Suppression.objects.exists()
    subscription = Subscription.objects.active().get()
    assert subscription.left_at is None
    assert subscription.consents.count() == 1


def test_a_complaint_outlives_a_new_confirmation(reader, confirmation):
    Suppression.objects.add_digest(address_digest(READER), Suppression.Reason.COMPLAINT)
    reader.post(confirmation)
    assert Suppression.objects.final().exists()


def test_the_used_link_of_a_subscription_that_was_left_does_not_bring_it_back(reader, confirmation, leaving):
    reader.post(leaving)
    assert reader.post(confirmation).status_code == 404
    assert not Subscription.objects.active().exists()


def test_leaving_does_not_free_the_address_for_more_confirmations(reader, leaving, tree):
    reader.post(leaving)
    reader.post("/newsletter/", {"email": READER, "topic": tree.health.pk}, REMOTE_ADDR="203.0.113.9")
    sign_ups()
    assert Mail.objects.filter(purpose="newsletter-confirmation").count() == 1


def test_pages_of_links_are_kept_by_nobody(reader, confirmation, leaving):
    for answer in (
        reader.get(confirmation),
        reader.post(confirmation),
        reader.get(leaving),
        reader.post(leaving),
    ):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex"
        assert not answer.cookies
    assert '<meta name="robots" content="noindex">' in reader.get(leaving).content.decode()


def test_asking_for_a_link_is_the_same_work_for_every_address(reader, leaving):
    Suppression.objects.add_digest(address_digest("complained@example.org"), Suppression.Reason.COMPLAINT)
    reader.post("/newsletter/link/", {"email": "first@example.org"})  # what is looked up once in a process
    seen = set()
    for number, address in enumerate((READER, "unknown@example.org", "complained@example.org")):
        with CaptureQueriesContext(connection) as queries:
            answer = reader.post(
                "/newsletter/link/", {"email": address}, REMOTE_ADDR=f"203.0.113.{number + 50}"
            )
        seen.add((answer.status_code, answer.content, len(queries)))
    assert len(seen) == 1


def test_no_path_holds_a_secret(confirmation, leaving):
    assert confirmation.startswith("/newsletter/confirm/?t=")
    assert leaving.startswith("/newsletter/leave/?t=")


def aged(model, name: str, span: timedelta) -> None:
    """Put one timestamp of all rows back."""
    for row in model.objects.exclude(**{name: None}):
        setattr(row, name, getattr(row, name) - span)
        row.save(update_fields=[name])


def test_what_nobody_confirms_is_forgotten_after_seven_days(reader, confirmation):
    aged(Subscription, "asked_at", timedelta(days=6, hours=23))
    forget(timestamp=0)
    assert Subscriber.objects.exists()
    aged(Subscription, "asked_at", timedelta(hours=2))
    forget(timestamp=0)
    for model in (Subscriber, Subscription, Consent, Token, Suppression):
        assert not model.objects.exists()


def test_held_sign_ups_are_forgotten_after_seven_days(reader, tree):
    reader.post("/newsletter/", {"email": READER, "website": "x"})
    forget(timestamp=0)
    assert SignUp.objects.exists()
    aged(SignUp, "received_at", timedelta(days=7, minutes=1))
    forget(timestamp=0)
    assert not SignUp.objects.exists()


def test_dead_links_and_consents_that_nobody_gave_are_forgotten(reader, leaving, tree):
    Token.objects.update(created_at=timezone.now() - timedelta(days=10))
    reader.post("/newsletter/", {"email": READER, "topic": tree.health.pk}, REMOTE_ADDR="203.0.113.9")
    sign_ups()
    assert Consent.objects.count() == 2
    later(timedelta(days=3, hours=1))
    forget(timestamp=0)
    assert Consent.objects.get().day
    assert Token.objects.get().purpose == "leave"
    assert Subscription.objects.active().exists()


def test_who_left_is_forgotten_after_the_30_days_that_the_page_promises_but_for_the_digest(reader, leaving):
    """A day more, for a clock that is ahead."""
    assert "deleted 30 days after you left" in reader.post(leaving).content.decode()
    aged(Subscription, "asked_at", timedelta(days=40))
    aged(Subscription, "left_at", timedelta(days=30))
    forget(timestamp=0)
    assert Subscriber.objects.exists()
    aged(Subscription, "left_at", timedelta(days=1, minutes=1))
    forget(timestamp=0)
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == Suppression.Reason.LEFT
    assert reader.post(leaving).status_code == 200


def test_a_clock_a_day_ahead_takes_no_link_that_still_works(reader, confirmation):
    later(timedelta(days=1))
    aged(Subscription, "asked_at", timedelta(days=1))
    forget(timestamp=0)
    assert reader.post(confirmation).status_code == 200
