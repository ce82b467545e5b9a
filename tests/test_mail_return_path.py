"""The envelope of a mail: where it comes back to."""

from uuid import uuid4

import pytest

from harmhub.mail.models import Mail
from harmhub.mail.return_path import LONGEST_NAME, mail_at, return_path
from harmhub.mail.sending import send_due_mail
from tests.fixtures.following import fresh


@pytest.fixture
def bounce_address(settings) -> str:
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    return settings.BOUNCE_ADDRESS


def test_each_mail_has_a_return_path_of_its_own_that_leads_back_to_it(bounce_address):
    numbers = [uuid4(), uuid4()]
    first, second = map(return_path, numbers)
    assert first != second
    assert first.startswith("bounces+")
    assert first.endswith("@example.org")
    assert [mail_at(f"To: Somebody <{each}>, x") for each in (first, second.upper())] == numbers


def test_nobody_makes_the_return_path_of_a_mail_whose_number_he_knows(bounce_address, settings):
    number = uuid4()
    ours = return_path(number)
    assert mail_at(f"bounces+{number.hex}-{'0' * 16}@example.org") is None
    assert mail_at(ours.replace(number.hex, uuid4().hex)) is None
    assert mail_at(f"bounces+{number.hex}-{'0' * 16}@example.org, {ours}") == number
    settings.SEALING_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItMzI="]
    assert mail_at(ours) is None


def test_the_longest_address_is_one_that_smtp_allows(settings):
    settings.BOUNCE_ADDRESS = f"{'b' * LONGEST_NAME}@example.org"
    assert LONGEST_NAME == 14
    assert len(return_path(uuid4()).partition("@")[0]) == 64


@pytest.mark.django_db
def test_the_envelope_names_it_and_the_mail_says_who_it_is_from(
    clock, tree, post_greeting, mail_server, bounce_address
):
    clock.follow(tree.health)
    fresh(tree, "Pills")
    clock.pass_()
    post_greeting()
    assert send_due_mail() == 2
    rows = {mail.message_id: mail for mail in Mail.objects.all()}
    for message, sender in zip(mail_server.messages, mail_server.senders, strict=True):
        mail = rows.pop(message["Message-ID"])
        assert sender == return_path(mail.pk)
        assert "updates@testserver" in message["From"]
        assert "bounces" not in str(message)
    assert not rows


@pytest.mark.django_db
def test_without_a_bounce_address_the_envelope_names_who_it_is_from(post_greeting, mail_server):
    post_greeting()
    send_due_mail()
    assert mail_server.senders == ["updates@testserver"]
