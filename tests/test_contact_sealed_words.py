"""What lies sealed to a team: in the inbox, on the reader's page, in mails, and at the end of its time."""

from datetime import timedelta

import pyrage
import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from pyrage import x25519
from wagtail.models import Locale

from contact import rush
from contact.models import Message, TeamKey
from contact.models.keys import is_sealed, sealed_for
from contact.replies import file_reply
from contact.reply_address import reply_address
from contact.tasks import forget, receipts
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from tests.fixtures.inbox import client_of, do, member, undo, written
from tests.fixtures.writing import CANARY
from topics.models import TopicPage

pytestmark = pytest.mark.django_db
MORE = "Morewords of a reader"
NORA = "nora@example.org"
CANNOT = "Your words are sealed for the team; this site cannot show them."


@pytest.fixture
def secret(tree) -> x25519.Identity:
    """The secret part of the key of Health's team, which Harm Reduction lies under."""
    secret = x25519.Identity.generate()
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    TeamKey.objects.create(group=tree.health.team, public_key=str(secret.to_public()))
    return secret


@pytest.fixture
def team(secret):
    return client_of(member("ana", "Health team"))


def opened(text: str, secret: x25519.Identity) -> str:
    return pyrage.decrypt(text.encode(), [secret]).decode()


def mailed(text: str) -> str:
    """Return the sealed block in the text of a mail."""
    return text[text.index("-----BEGIN") :].rstrip() + "\n"


def test_what_a_reader_writes_again_is_sealed_as_well(reader, sent, secret, team):
    pair = sent()
    page = reader.post(reverse("contact:write"), {**pair.fields, "message": MORE}).content.decode()
    turn = pair.message.turns.get()
    assert opened(turn.text, secret) == MORE
    assert page.count(CANNOT) == 2
    assert "BEGIN AGE" not in page
    notices = [mail.content["text"] for mail in Mail.objects.filter(purpose="contact-notice")]
    assert {opened(mailed(text), secret) for text in notices} == {CANARY, MORE}
    shown = team.get(reverse("message:inspect", args=[pair.message.pk])).content.decode()
    for name in (f"{pair.reference}.age", f"{pair.reference}-{turn.pk}.age"):
        assert f"age -d -i key.txt {name}" in shown


def test_a_reply_by_mail_is_sealed_as_well(sent, secret, settings):
    settings.CONTACT_REPLY_ADDRESS = "answers@example.org"
    message = sent(email=NORA).message
    message.close()
    Message.objects.update(warned_at=timezone.now())
    turn = file_reply(f"From: {NORA}\nTo: {reply_address(message)}\nMessage-ID: <1@x>\n\n{MORE}\n".encode())
    assert opened(turn.text, secret) == MORE
    message.refresh_from_db()
    assert (message.closed_at, message.warned_at) == (None, None)
    assert MORE not in "".join(str(mail.content) for mail in Mail.objects.all())


def test_the_team_answers_as_ever_and_its_reader_sees_the_answer(reader, sent, secret, team):
    pair = sent()
    do(team, pair.message, "answer", text="Come on Monday.")
    pair.message.turns.update(written_at=timezone.now() - timedelta(hours=1))
    page = reader.post(reverse("contact:look_up"), pair.fields).content.decode()
    assert "Come on Monday." in page
    assert CANNOT in page


def test_a_sealed_message_that_moves_stays_sealed_to_its_team(tree, sent, secret, team):
    message = sent().message
    page = team.get(reverse("message:inspect", args=[message.pk])).content.decode()
    assert "another team cannot open it" in page
    before = message.text
    do(team, message, "move", topic=tree.justice.pk)
    message.refresh_from_db()
    assert (message.topic.pk, message.text) == (tree.justice.pk, before)


def test_what_is_held_back_for_its_looks_is_acknowledged_only_when_restored(sent, desk):
    message = sent(message="[url=http://x.example]x[/url]", email=NORA).message
    assert message.quarantine_reason == "looks"
    receipts()
    assert not Mail.objects.filter(purpose="contact-receipt").exists()
    do(desk, message, "restore")
    receipts()
    assert Mail.objects.filter(purpose="contact-receipt").count() == 1


def test_closing_can_be_undone_with_the_address_which_goes_two_days_later(tree, desk):
    message = written(tree.justice, address=NORA, address_digest=address_digest(NORA), answer_by="mail")
    page = do(desk, message, "close")
    assert "wiped in two days" in page.content.decode()
    forget(timestamp=0)
    undo(desk, page)
    message.refresh_from_db()
    assert (message.address, message.answer_by, message.closed_at) == (NORA, "mail", None)
    Message.objects.update(closed_at=timezone.now() - timedelta(days=2, minutes=1))
    forget(timestamp=0)
    message.refresh_from_db()
    assert (message.address, message.answer_by) == ("", "site")


@pytest.mark.parametrize(
    ("act", "before"),
    [
        ("close", {}),
        ("reopen", {"closed_at": timezone.now()}),
        ("quarantine", {}),
        ("restore", {"quarantined_at": timezone.now(), "quarantine_reason": "trap"}),
    ],
)
def test_what_changes_when_a_message_goes_has_the_team_warned_anew(tree, desk, act, before):
    message = written(tree.justice, warned_at=timezone.now(), **before)
    page = do(desk, message, act)
    message.refresh_from_db()
    assert message.warned_at is None
    Message.objects.update(warned_at=timezone.now())
    undo(desk, page)
    message.refresh_from_db()
    assert message.warned_at is None


def test_a_double_keeps_its_address_and_stays_as_long_as_its_main_message_waits(tree, desk):
    main = written(tree.justice)
    double = written(tree.justice, address=NORA, address_digest=address_digest(NORA), answer_by="mail")
    do(desk, double, "merge", reference=main.reference)
    long_ago = timezone.now() - timedelta(days=100)
    Message.objects.filter(pk=double.pk).update(closed_at=long_ago)
    forget(timestamp=0)
    double.refresh_from_db()
    assert double.address == NORA
    Message.objects.filter(pk=main.pk).update(closed_at=timezone.now() - timedelta(days=3))
    forget(timestamp=0)
    double.refresh_from_db()
    assert double.address == ""
    Message.objects.update(closed_at=long_ago, warned_at=long_ago)
    forget(timestamp=0)
    assert not Message.objects.exists()


def test_a_double_that_is_open_again_stays_when_its_main_message_goes(tree):
    long_ago = timezone.now() - timedelta(days=100)
    double = written(tree.justice, double_of=written(tree.justice, closed_at=long_ago, warned_at=long_ago))
    forget(timestamp=0)
    assert Message.objects.get() == double


def test_her_page_says_for_how_long_her_topic_keeps_a_closed_message(reader, sent, tree):
    pair = sent()
    pair.message.close()
    address = reverse("contact:look_up")
    assert "It is deleted 90 days later" in reader.post(address, pair.fields).content.decode()
    tree.health.messages_kept_days = 1
    tree.health.save()
    assert "It is deleted 1 day later" in reader.post(address, pair.fields).content.decode()


def test_a_ticket_survives_what_else_is_wrong_and_an_outage(reader, address, monkeypatch):
    typed = {"message": CANARY, "ticket": "1-abc:def", "work": "77"}
    kept = ('name="ticket" value="1-abc:def"', 'name="work" value="77"')
    for odd in ({"email": "x"}, {"message": ""}):
        page = reader.post(address, typed | odd)
        assert page.status_code == 422
        assert all(each in page.content.decode() for each in kept)

    def fail(**mail):
        raise OperationalError("gone")

    monkeypatch.setattr("harmhub.mail.post", fail)
    page = reader.post(address, typed)
    assert page.status_code == 503
    assert all(each in page.content.decode() for each in kept)


def test_who_writes_again_in_a_rush_need_not_wait(reader, sent):
    pair = sent()
    for _ in range(rush.RUSH):
        rush.count()
    answer = reader.post(reverse("contact:write"), {**pair.fields, "message": MORE})
    assert answer.status_code == 200
    assert pair.message.turns.get().text == MORE


def test_the_key_of_a_team_holds_for_translations_of_its_topic(tree, secret):
    french = Locale.objects.create(language_code="fr")
    tree.home.copy_for_translation(french)
    topic = tree.harm_reduction.copy_for_translation(french, copy_parents=True)
    TopicPage.objects.filter(locale=french).update(team=None)
    message = Message(topic=topic)
    assert message.team == tree.health.team
    assert opened(sealed_for(message, CANARY), secret) == CANARY


def test_a_team_that_was_deleted_leaves_its_messages_to_nobody(tree, sent, secret):
    tree.health.team.delete()
    message = sent().message
    assert not is_sealed(message.text)
    assert message.team is not None
    assert not Message.objects.seen_by(member("eve")).exists()
