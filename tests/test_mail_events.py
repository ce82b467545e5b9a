"""What mail providers tell by webhook, in the shapes that they send."""

import base64
import hashlib
import hmac
import importlib
import json
import logging
import time
from datetime import timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches
from django.utils import timezone

import harmhub.urls
from harmhub.mail.bounces import Bounce
from harmhub.mail.events import kind_told
from harmhub.mail.models import Mail
from harmhub.mail.providers import configuration
from newsletter.models import Suppression
from tests.fixtures.following import fresh, mails

pytestmark = pytest.mark.django_db
SECRET = "postmark:a-long-password-of-ours"
KEY = "key-of-the-provider"
READER = "reader@example.org"
SOFT, HARD, COMPLAINT = Bounce.Kind.SOFT, Bounce.Kind.HARD, Bounce.Kind.COMPLAINT


@pytest.fixture
def provider(settings):
    """A function that makes one the site's provider."""

    def use(name: str, secret: str = SECRET, key: str = "") -> str:
        settings.ANYMAIL_PROVIDER = name
        settings.ANYMAIL = configuration(name, secret, key)
        importlib.reload(harmhub.urls)
        clear_url_caches()
        return f"/anymail/{name}/tracking/"

    yield use
    settings.ANYMAIL_PROVIDER = ""
    importlib.reload(harmhub.urls)
    clear_url_caches()


@pytest.fixture
def update(clock, tree) -> Mail:
    """A mail with an update that the provider took."""
    clock.follow(tree.health)
    fresh(tree, "Pills")
    clock.pass_()
    (mail,) = mails()
    mail.sent_at = timezone.now() - timedelta(minutes=1)
    mail.save(update_fields=["sent_at"])
    return mail


def post(address: str, body: object, secret: str = SECRET, **headers: str) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if secret:
        headers["authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    client = Client(enforce_csrf_checks=True)
    return client.post(address, raw, content_type="application/json", headers=headers).status_code


def reason() -> str:
    row = Suppression.objects.of_address(READER).first()
    return row.reason if row else ""


def postmark(kind: str = "HardBounce", **changes: object) -> dict:
    """Return what Postmark tells of a mail to READER."""
    record = "SpamComplaint" if kind == "SpamComplaint" else "Bounce"
    return {
        "RecordType": record,
        "ID": 901542550,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed",
        "Metadata": {},
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": READER,
        "From": "updates@example.org",
        "BouncedAt": timezone.now().isoformat(),
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "New work",
        **changes,
    }


def mailgun(mail: Mail, *, key: str = KEY, **changes: object) -> dict:
    """Return what Mailgun tells of a mail, signed."""
    told, token = str(int(time.time())), "c7e0b0a5e3ffb9c3d1c1b1d3c3a6e5f4e3d2c1b0a9f8e7d6c5"
    signature = hmac.new(key.encode(), f"{told}{token}".encode(), hashlib.sha256).hexdigest()
    event = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": "ppCIHXWQTs2LqF0Y2yp7Ag",
        "timestamp": time.time(),
        "recipient": "someone-else@example.org",
        "message": {"headers": {"to": READER, "message-id": mail.message_id.strip("<>"), "subject": "x"}},
        "delivery-status": {"code": 550, "message": "5.1.1 no such user", "description": ""},
        "flags": {"is-test-mode": False},
        "user-variables": {},
        **changes,
    }
    return {"signature": {"token": token, "timestamp": told, "signature": signature}, "event-data": event}


def brevo(event: str, **changes: object) -> dict:
    """Return what Brevo tells of a mail to READER."""
    told = {"event": event, "email": READER, "id": 26224, "ts_epoch": time.time() * 1000}
    return told | {"message-id": "<202606@smtp-relay.mailin.fr>", "subject": "x", "tag": ""} | changes


def sparkpost(number: int, kind: str) -> dict:
    event = {
        "type": kind,
        "bounce_class": "10",
        "raw_reason": "550 5.1.1 nobody",
        "raw_rcpt_to": f"reader{number}@example.org",
        "timestamp": str(int(time.time())),
        "transmission_id": str(number),
        "event_id": str(number),
    }
    return {"msys": {"message_event": event}}


def test_a_bounce_that_the_provider_tells_suppresses_the_address_once(provider, update):
    address = provider("postmark")
    assert post(address, postmark()) == 200
    assert reason() == "refused"
    assert Bounce.objects.get().mail == update
    Suppression.objects.all().delete()
    assert post(address, postmark()) == 200
    assert reason() == "", "it was told before"


def test_a_complaint_that_the_provider_tells_is_final(provider, update):
    assert post(provider("postmark"), postmark("SpamComplaint")) == 200
    assert reason() == "complaint"


@pytest.mark.parametrize("secret", ["", "postmark:wrong", "x"])
def test_who_does_not_know_the_secret_changes_nothing(provider, update, secret, caplog):
    assert post(provider("postmark"), postmark(), secret=secret) == 403
    assert not Bounce.objects.exists()
    assert not reason()
    assert READER not in caplog.text


def test_a_signed_event_is_about_the_mail_of_its_message_id(provider, update):
    assert post(provider("mailgun", "", KEY), mailgun(update), secret="") == 200
    assert reason() == "refused"
    assert Bounce.objects.get().mail == update


@pytest.mark.parametrize(
    "signature", [{"token": "x", "timestamp": "1", "signature": "0" * 64}, {"token": "é"}, "x", None]
)
def test_an_event_with_a_wrong_signature_changes_nothing(provider, update, signature):
    address = provider("mailgun", "", KEY)
    assert post(address, mailgun(update, key="another"), secret="") == 403
    body = mailgun(update)
    body["signature"] = (body["signature"] | signature) if isinstance(signature, dict) else signature
    assert post(address, body, secret="") == 403
    assert not Bounce.objects.exists()


def test_a_provider_that_signs_has_to_know_the_secret_too_where_there_is_one(provider, update):
    address = provider("mailgun", SECRET, KEY)
    assert post(address, mailgun(update), secret="") == 403
    assert post(address, mailgun(update, key="another")) == 403
    assert not Bounce.objects.exists()
    assert post(address, mailgun(update)) == 200
    assert Bounce.objects.exists()


def test_a_delay_is_nothing_and_what_was_given_up_for_now_is_soft(provider, update):
    address = provider("mailgun", "", KEY)
    assert post(address, mailgun(update, severity="temporary"), secret="") == 200
    assert not Bounce.objects.exists()
    given_up = {"code": 452, "message": "4.2.2 over quota", "description": ""}
    assert post(address, mailgun(update, **{"delivery-status": given_up}), secret="") == 200
    assert Bounce.objects.get().kind == SOFT
    assert not reason()


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("hard_bounce", HARD),
        ("soft_bounce", SOFT),
        ("invalid_email", HARD),
        ("blocked", SOFT),
        ("spam", COMPLAINT),
        ("delivered", None),
        ("deferred", None),
        ("unique_opened", None),
        ("unsubscribe", None),
        ("error", None),
        ("what_is_to_come", None),
    ],
)
def test_what_brevo_tells(provider, update, event, kind):
    assert post(provider("brevo"), brevo(event)) == 200
    assert list(Bounce.objects.values_list("kind", flat=True)) == ([kind] if kind else [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"RecordType": "Bounce\\u0000"',
        b'"x"',
        b"1" * 10_000,
        b"[" * 100_000,
        b'{"RecordType": []}',
    ],
)
def test_what_cannot_be_read_is_refused(provider, update, body):
    assert post(provider("postmark"), body) == 400
    assert not Bounce.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"Email": "nobody\0@example.org"},
        {"Email": "\ud800@example.org"},
        {"Email": ["reader@example.org"]},
        {"Email": "x" * 100_000 + "@example.org"},
        {"Email": None},
        {"MessageID": "<mail-\0@x>", "Email": "stranger@example.org"},
        {"MessageID": 7, "Email": "stranger@example.org"},
        {"Metadata": {"anymail_id": {"a": 1}}, "Email": "stranger@example.org"},
        {"MessageID": "<mail-00000000-0000-4000-8000-000000000000@x>", "Email": "stranger@example.org"},
        {"Details": {"a": "550 5.1.1"}, "Email": "stranger@example.org"},
    ],
)
def test_an_event_about_nobody_we_know_changes_nothing(provider, update, changes):
    assert post(provider("postmark"), postmark(**changes)) == 200
    assert not Bounce.objects.exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("when", ["2999-01-01T00:00:00Z", "2026-01-01T00:00:00", "x", ""])
def test_an_event_of_an_odd_time_suppresses_and_is_of_no_mail(provider, update, when):
    assert post(provider("postmark"), postmark(BouncedAt=when)) == 200
    assert not Bounce.objects.exists()
    assert reason() == "refused"


def test_a_batch_of_thousands_is_recorded_and_told_again_costs_few_queries(provider, post_greeting):
    address = provider("sparkpost")
    rows = [post_greeting(to=f"reader{number}@example.org") for number in range(40)]
    Mail.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    batch = [sparkpost(number, "delivery" if number >= 40 else "bounce") for number in range(3_000)]
    body = json.dumps(batch).encode()
    assert 512 * 1024 < len(body) < 2 * 1024**2, "more than a form may have"
    assert post(address, body) == 200
    assert Bounce.objects.count() == len(rows)
    with CaptureQueriesContext(connection) as queries:
        assert post(address, [sparkpost(number, "delivery") for number in range(3_000)]) == 200
    assert not queries


def test_events_that_name_our_mails_and_are_told_again_cost_one_query(provider, update):
    address = provider("mailgun", "", KEY)
    assert post(address, mailgun(update), secret="") == 200
    with CaptureQueriesContext(connection) as queries:
        assert post(address, mailgun(update), secret="") == 200
    assert len(queries) == 1


def test_a_body_of_any_length_is_not_read(provider):
    assert post(provider("postmark"), b" " * (2 * 1024**2 + 1)) == 413


def test_an_event_that_cannot_be_recorded_is_asked_for_again(provider, update, monkeypatch, caplog):
    def fail(*given, **named):
        raise ValueError(READER)

    address = provider("postmark")
    monkeypatch.setattr("newsletter.suppressing._suppress", fail)
    assert post(address, postmark()) == 503
    assert READER not in caplog.text
    monkeypatch.undo()
    assert post(address, postmark()) == 200
    assert reason() == "refused"


def test_the_address_answers_head_and_post_only_and_only_for_the_site_s_provider(provider):
    assert Client().post("/anymail/postmark/tracking/").status_code == 403
    address = provider("postmark")
    assert Client().head(address).status_code == 200
    assert Client().get(address).status_code == 405
    assert Client().post("/anymail/brevo/tracking/").status_code == 403


def test_nothing_that_the_provider_tells_is_logged(provider, update, caplog):
    with caplog.at_level(logging.DEBUG):
        post(provider("postmark"), postmark())
    assert "bounced (hard)" in caplog.text
    assert READER not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("harmhub"))


def event(kind: str, reason: str | None = None, answer: object = None, **raw: object) -> AnymailTrackingEvent:
    return AnymailTrackingEvent(event_type=kind, reject_reason=reason, mta_response=answer, esp_event=raw)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (event(EventType.BOUNCED), HARD),
        (event(EventType.BOUNCED, RejectReason.OTHER, "550 5.1.1 nobody"), HARD),
        (event(EventType.BOUNCED, RejectReason.SPAM, "550 spam"), SOFT),
        (event(EventType.BOUNCED, RejectReason.BOUNCED, "550 5.7.1 spam"), SOFT),
        (event(EventType.BOUNCED, RejectReason.TIMED_OUT), SOFT),
        (event(EventType.BOUNCED, hard_bounce=False), SOFT),
        (event(EventType.BOUNCED, hard_bounce=True), HARD),
        (event(EventType.BOUNCED, data={"type": "soft_bounced"}), SOFT),
        (event(EventType.COMPLAINED, Type="SpamNotification"), SOFT),
        (event(EventType.COMPLAINED), COMPLAINT),
        (event(EventType.REJECTED, RejectReason.BOUNCED), HARD),
        (event(EventType.REJECTED, RejectReason.SPAM), HARD),
        (event(EventType.REJECTED, RejectReason.BLOCKED), SOFT),
        (event(EventType.FAILED, None, "550 5.1.1 nobody"), HARD),
        (event(EventType.FAILED), None),
        (event(EventType.DEFERRED, None, "450 4.2.0 later"), None),
        (event(EventType.UNSUBSCRIBED), None),
        (event(EventType.AUTORESPONDED), None),
    ],
)
def test_what_an_event_means(told, kind):
    assert kind_told(told) == kind
