"""The mail that says that a message arrived: to whom, when, and what is not in it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from wagtail.models import Locale

from contact.models import Message
from contact.receipts import PURPOSE
from contact.tasks import receipts
from harmhub.mail.models import Mail
from tests.fixtures.writing import CANARY

pytestmark = pytest.mark.django_db
NORA = "canary.nora@example.org"


def told(to: str = NORA) -> list[dict]:
    """Do what the worker does; return all receipts to an address, the oldest first."""
    receipts()
    return [row.content for row in Mail.objects.to(to).filter(purpose=PURPOSE).order_by("created_at")]


def age(span: timedelta) -> None:
    """Have all mails be so much older."""
    for row in Mail.objects.all():
        Mail.objects.filter(pk=row.pk).update(created_at=row.created_at - span)


def test_with_an_address_its_reader_is_told_how_to_look_it_up(sent):
    pair = sent(email=NORA)
    (receipt,) = told()
    assert receipt["to"] == NORA
    assert pair.reference in receipt["subject"]
    assert pair.reference in receipt["text"]
    assert "http://testserver/contact/look-up/" in receipt["text"]
    assert "5 working days" in receipt["text"]
    assert receipt["headers"]["Auto-Submitted"] == "auto-generated"


def test_nothing_that_was_typed_is_in_it_nor_topic_nor_key(sent):
    pair = sent(email=NORA, sender="Canaryname")
    (receipt,) = told()
    words = str({name: part for name, part in receipt.items() if name != "to"})
    assert "canary" not in words.lower()
    assert pair.key not in words
    assert "Harm Reduction" not in words


def test_discreet_one_names_no_organisation_in_subject_and_sender(sent):
    sent(email=NORA, discreet="on")
    (receipt,) = told()
    for name in ("Fennmark", "Harm", "Health", "message"):
        assert name not in receipt["subject"] + receipt["from"]


def test_without_an_address_or_by_wish_no_mail_is_sent(sent):
    sent()
    sent(message="Another", email=NORA, answer_by="site")
    receipts()
    assert not Mail.objects.filter(purpose=PURPOSE).exists()


@pytest.mark.parametrize("spam", [{"website": "x"}, {"message": "http://a.b " * 4}])
def test_message_held_back_is_acknowledged_when_it_is_restored_and_not_before(sent, spam):
    pair = sent(email=NORA, **spam)
    assert told() == []
    pair.message.restore()
    assert len(told()) == 1
    pair.message.quarantine()
    pair.message.restore()
    age(timedelta(days=2))
    assert len(told()) == 1


def test_form_answers_alike_whether_the_address_gets_one_or_not(reader, address, sent):
    pages = set()
    for number in range(3):
        answer = reader.post(address, {"message": f"Number {number}", "email": NORA})
        told()
        message = Message.objects.latest("pk")
        page = answer.content.decode().replace(message.reference, "R").replace(answer.context["key"], "K")
        pages.add((answer.status_code, page))
    assert len(pages) == 1
    assert len(told()) == 1


def test_form_itself_posts_none(sent):
    sent(email=NORA)
    assert not Mail.objects.filter(purpose=PURPOSE).exists()


def test_one_address_gets_one_an_hour_and_three_a_day_whoever_asks(sent):
    counts = []
    for number in range(6):
        typed = NORA.upper() if number % 2 else NORA
        sent(message=f"Number {number}", email=typed)
        counts.append(len(told()))
        age(timedelta(minutes=61 if number else 30))
    assert counts == [1, 1, 2, 3, 3, 3]
    age(timedelta(days=1))
    sent(message="The next day", email=NORA)
    assert len(told()) == 4


def test_what_was_over_the_limit_is_not_made_up_for(sent):
    sent(email=NORA)
    sent(message="Another", email=NORA)
    assert len(told()) == 1
    age(timedelta(days=2))
    assert len(told()) == 1
    assert not Message.objects.unacknowledged().exists()


def test_erasing_a_message_gives_no_way_round_the_limit(reader, sent):
    for number in range(3):
        pair = sent(message=f"Number {number}", email=NORA)
        told()
        Mail.objects.waiting().update(sent_at=timezone.now())
        reader.post("/contact/look-up/delete/", pair.fields | {"sure": "yes"})
    assert len(told()) == 1


def test_mails_of_a_clock_that_was_ahead_do_not_count(sent):
    sent(email=NORA)
    told()
    age(timedelta(days=-1))
    sent(message=f"{CANARY} again", email=NORA)
    assert len(told()) == 2


def test_it_is_in_the_language_of_the_topic(reader, tree):
    arabic, _new = Locale.objects.get_or_create(language_code="ar")
    topic = tree.justice.copy_for_translation(arabic, copy_parents=True)
    topic.save_revision().publish()
    reader.post(f"/ar/contact/{topic.pk}/", {"message": CANARY, "email": NORA})
    (receipt,) = told()
    assert receipt["headers"]["Content-Language"] == "ar"
    assert "http://testserver/ar/contact/look-up/" in receipt["text"]
