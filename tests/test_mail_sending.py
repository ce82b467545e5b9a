"""What the sender does with each answer of a real mail server."""

import logging
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from harmhub.mail import refused
from harmhub.mail.composing import compose_edition, new_mark
from harmhub.mail.models import Mail, lease
from harmhub.mail.sending import send_due_mail
from harmhub.sealing import new_token
from tests.fixtures.mails import READER, next_try

pytestmark = pytest.mark.django_db


@pytest.fixture
def refusals():
    """The mails of which the signal told."""
    told = []

    def hear(mail, **_rest):
        told.append(mail.pk)

    refused.connect(hear)
    yield told
    refused.disconnect(hear)


def minutes_until(moment) -> int:
    return round((moment - timezone.now()) / timedelta(minutes=1))


def test_a_posted_mail_is_sent_once(post_greeting, mail_server):
    row = post_greeting()
    assert (send_due_mail(), send_due_mail()) == (1, 0)
    (message,) = mail_server.messages
    assert message["Message-ID"] == row.message_id
    assert mail_server.recipients == [[READER]]
    row.refresh_from_db()
    assert row.sent_at
    assert (row.attempts, row.claimed_until, row.failed_at) == (1, None, None)


def test_a_run_uses_one_connection(post_greeting, mail_server):
    for number in range(5):
        post_greeting(to=f"reader{number}@example.org")
    assert send_due_mail() == 5
    assert mail_server.connections == 1


def test_the_longest_waiting_goes_first(post_greeting, mail_server):
    for number in range(3):
        post_greeting(to=f"reader{number}@example.org")
    send_due_mail()
    assert mail_server.recipients == [[f"reader{number}@example.org"] for number in range(3)]


def post_to_many() -> None:
    """Queue a mail that goes to three readers."""
    edition = compose_edition(
        template="greeting", context={"greeting": "News"}, language="en", headers={}, mark=new_mark()
    )
    readers = ((edition.pk, "en", f"reader{number}@example.org", new_token()) for number in range(3))
    Mail.queue_many("newsletter-x", readers)


def test_mails_to_one_reader_go_before_those_to_many(post_greeting, mail_server):
    post_greeting(to="refused@example.org")
    mail_server.refuse("451 4.7.1 greylisted")
    send_due_mail()
    mail_server.accept()
    post_to_many()
    Mail.objects.filter(edition=None).update(due_at=timezone.now())
    post_greeting()
    assert send_due_mail() == 5
    assert mail_server.recipients[:2] == [["refused@example.org"], [READER]]


def test_a_mail_to_one_that_drives_the_server_away_holds_up_none_to_many(post_greeting, mail_server):
    post_greeting()
    post_to_many()
    mail_server.drops = {READER}
    send_due_mail()
    send_due_mail()
    assert len(mail_server.messages) == 3


@pytest.mark.parametrize("where", ["recipient", "text"])
def test_a_mail_refused_for_now_is_tried_again_by_the_schedule(post_greeting, mail_server, refusals, where):
    row = post_greeting()
    mail_server.refuse("451 4.7.1 try later") if where == "recipient" else None
    mail_server.after_data = "451 4.7.1 try later" if where == "text" else ""
    for attempts, minutes in [(1, 1), (2, 5), (3, 15), (4, 60), (5, 60)]:
        assert send_due_mail() == 0
        row.refresh_from_db()
        assert (row.attempts, minutes_until(row.due_at), row.last_answer) == (attempts, minutes, "451 4.7.1")
        assert send_due_mail() == 0, "before its time"
        next_try(row)
    mail_server.accept()
    mail_server.after_data = ""
    assert send_due_mail() == 1
    assert not refusals


def test_a_mail_refused_for_three_days_is_given_up_and_can_be_tried_again(
    post_greeting, mail_server, refusals
):
    row = post_greeting()
    Mail.objects.update(attempts=76)
    mail_server.refuse("450 4.2.2 full")
    send_due_mail()
    row.refresh_from_db()
    assert row.failed_at
    assert not refusals, "refused for now says nothing about the address"
    mail_server.accept()
    assert row.try_again()
    assert send_due_mail() == 1


@pytest.mark.parametrize("where", ["recipient", "text"])
def test_a_mail_refused_for_good_is_given_up_at_once_and_told(post_greeting, mail_server, refusals, where):
    row, other = post_greeting(), post_greeting(to="other@example.org")
    mail_server.refuse("550 5.1.1 nobody here") if where == "recipient" else None
    mail_server.after_data = "" if where == "recipient" else "550 5.1.1 nobody here"
    assert send_due_mail() == 0
    row.refresh_from_db()
    assert row.failed_at
    assert (row.attempts, row.last_answer) == (1, "550 5.1.1")
    assert refusals == [row.pk, other.pk]
    assert send_due_mail() == 0


@pytest.mark.parametrize("answer", ["550 5.7.1 relaying denied", "530 5.7.0 log in first"])
def test_a_refusal_of_our_right_to_send_is_no_fault_of_the_address(
    post_greeting, mail_server, refusals, answer
):
    row = post_greeting()
    mail_server.refuse(answer)
    send_due_mail()
    row.refresh_from_db()
    assert (row.failed_at, minutes_until(row.due_at)) == (None, 1)
    assert not refusals


def test_a_mail_that_drives_the_server_away_each_time_is_tried_by_the_schedule(post_greeting, mail_server):
    bad = post_greeting()
    mail_server.drops = {READER}
    for number in range(4):
        post_greeting(to=f"reader{number}@example.org")
        send_due_mail()
        send_due_mail()
    bad.refresh_from_db()
    assert len(mail_server.messages) == 4
    assert (bad.attempts, bad.sent_at, minutes_until(bad.due_at)) == (1, None, 1)


def test_a_server_that_is_away_for_long_costs_no_mail_an_attempt(post_greeting, mail_server):
    row = post_greeting()
    mail_server.drops = {READER}
    for _time in range(5):
        send_due_mail()
    row.refresh_from_db()
    assert (row.attempts, minutes_until(row.due_at)) == (0, 0)
    mail_server.drops = set()
    assert send_due_mail() == 1


def test_a_sender_address_that_is_refused_costs_no_reader_the_mail(post_greeting, mail_server, refusals):
    row = post_greeting()
    mail_server.sender_reply = "550 5.7.1 you may not"
    send_due_mail()
    row.refresh_from_db()
    assert (row.failed_at, row.last_answer) == (None, "550 5.7.1")
    assert not refusals


def test_a_listener_that_fails_does_not_keep_the_mail_in_the_queue(post_greeting, mail_server):
    def fail(**_rest):
        Mail.objects.raw("SELECT no_such_column FROM mail_mail")[0]

    row = post_greeting()
    refused.connect(fail)
    mail_server.refuse("550 no")
    try:
        send_due_mail()
    finally:
        refused.disconnect(fail)
    row.refresh_from_db()
    assert row.failed_at


def test_while_the_server_is_down_the_queue_waits_and_then_all_goes_out(post_greeting, mail_server):
    rows = [post_greeting(to=f"reader{number}@example.org") for number in range(3)]
    mail_server.stop()
    for _minute in range(30):
        assert send_due_mail() == 0
    assert list(Mail.objects.values_list("attempts", "claimed_until", "failed_at").distinct()) == [
        (0, None, None)
    ]
    mail_server.start()
    assert send_due_mail() == len(rows)


def test_a_server_that_closes_as_it_greets_counts_as_down(post_greeting, mail_server):
    row = post_greeting()
    mail_server.greet_with("421 4.3.2 closing")
    send_due_mail()
    row.refresh_from_db()
    assert (row.attempts, row.claimed_until) == (0, None)
    mail_server.accept()
    assert send_due_mail() == 1


def test_a_connection_that_the_server_closes_between_two_mails_is_opened_again(post_greeting, mail_server):
    mail_server.mails_per_connection = 2
    for number in range(5):
        post_greeting(to=f"reader{number}@example.org")
    assert send_due_mail() == 5
    assert mail_server.connections == 3
    assert set(Mail.objects.values_list("attempts", flat=True)) == {1}


def test_an_answer_lost_after_the_text_is_tried_again_with_the_same_message_id(post_greeting, mail_server):
    row, other = post_greeting(), post_greeting(to="other@example.org")
    mail_server.after_data = "drop"
    assert send_due_mail() == 0
    row.refresh_from_db()
    assert (row.attempts, minutes_until(row.due_at)) == (1, 1)
    other.refresh_from_db()
    assert other.attempts == 0, "the run ends, the queue waits"
    mail_server.after_data = ""
    next_try(row)
    assert send_due_mail() == 2
    assert [message["Message-ID"] for message in mail_server.messages].count(row.message_id) == 2


def test_a_server_that_never_answers_ends_the_run(post_greeting, mail_server):
    row = post_greeting()
    mail_server.after_data = "hang"
    assert send_due_mail() == 0
    row.refresh_from_db()
    assert (row.attempts, row.sent_at) == (1, None)


def test_one_mail_that_cannot_be_opened_does_not_hold_up_the_others(post_greeting, mail_server):
    broken = post_greeting()
    post_greeting(to="other@example.org")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mail_mail SET content = 'gAAAA' WHERE id = %s", [broken.pk])
    assert send_due_mail() == 1
    row = Mail.objects.defer("content").get(pk=broken.pk)
    assert (row.attempts, row.last_answer) == (1, "InvalidToken")


def test_a_claim_that_a_killed_sender_left_comes_back_when_its_lease_ends(
    post_greeting, mail_server, settings
):
    row = post_greeting()
    assert Mail.objects.claim() == row
    assert send_due_mail() == 0
    Mail.objects.update(claimed_until=timezone.now())
    assert send_due_mail() == 1


def test_a_claim_of_a_clock_a_little_ahead_is_respected(post_greeting, mail_server):
    post_greeting()
    Mail.objects.update(claimed_until=timezone.now() + lease() + timedelta(minutes=5))
    assert send_due_mail() == 0


def test_times_written_while_the_clock_was_a_day_ahead_hold_up_no_mail(post_greeting, mail_server):
    post_greeting()
    tomorrow = timezone.now() + timedelta(days=1)
    Mail.objects.update(due_at=tomorrow, claimed_until=tomorrow + timedelta(seconds=180))
    assert send_due_mail() == 1


def test_a_sender_that_is_told_to_stop_leaves_the_rest(post_greeting, mail_server):
    post_greeting(), post_greeting(to="other@example.org")
    assert send_due_mail(should_stop=lambda: len(mail_server.messages) == 1) == 1
    assert Mail.objects.due().count() == 1


def test_the_log_names_nobody(post_greeting, mail_server, caplog):
    caplog.set_level(logging.DEBUG)
    post_greeting()
    mail_server.refuse(f"550 5.1.1 <{READER}> is unknown")
    send_due_mail()
    post_greeting()
    mail_server.stop()
    send_due_mail()
    # "mail.log" is the log of the test's mail server.
    text = "\n".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    assert "refused for good: 550 5.1.1" in text
    assert "not reached" in text
    assert "canary" not in text.lower()


def test_last_answer_holds_no_words_of_the_server(post_greeting, mail_server):
    row = post_greeting()
    mail_server.refuse(f"550 <{READER}> unknown")
    send_due_mail()
    row.refresh_from_db()
    assert row.last_answer == "550"


def test_no_more_leave_in_a_second_than_the_provider_allows(post_greeting, mail_server, settings):
    settings.MAILS_PER_SECOND = 20
    for number in range(5):
        post_greeting(to=f"reader{number}@example.org")
    begun = time.monotonic()
    assert send_due_mail() == 5
    assert time.monotonic() - begun >= 0.2
    assert len(mail_server.recipients) == 5
