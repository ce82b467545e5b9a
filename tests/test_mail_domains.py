"""How fast mail goes to one domain, and when a domain is left alone."""

import time
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from harmhub.mail import domains, sending
from harmhub.mail.domains import FIRST_REST, LONGEST, Domains
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from tests.fixtures.mails import next_try
from tests.test_mail_jobs import waiting_senders


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(domains, "time", clock)
    return clock


def mail(domain: str = "example.org", edition: int | None = 1) -> SimpleNamespace:
    return SimpleNamespace(pk=uuid4(), content={"to": f"reader@{domain}"}, edition_id=edition)


def sent_within(clock: Clock, known: Domains, mails: list, seconds: float, late: float = 0) -> list[float]:
    """Have a sender take each mail when it is due; return when each went. late: how late the sender is."""
    due, went, puts = {each.pk: clock.now for each in mails}, [], Counter()
    waiting = {each.pk: each for each in mails}
    ends = clock.now + seconds
    while waiting and clock.now < ends:
        number = min(waiting, key=lambda pk: due[pk])
        clock.now = max(clock.now, due[number] + late)
        if wait := known.wait(waiting[number]):
            due[number] = clock.now + wait
            puts[number] += 1
            assert puts[number] < 5, "it is put off again and again"
        else:
            went.append(clock.now)
            del waiting[number]
    return went


def most_in_a_second(went: list[float]) -> int:
    return max(sum(begin <= each < begin + 1 for each in went) for begin in went)


@pytest.mark.parametrize("late", [0, 0.1, 0.9])
@pytest.mark.parametrize("rate", [0.5, 5, 20])
def test_no_more_go_to_a_domain_in_a_second_and_all_go(settings, clock, rate, late):
    settings.MAILS_PER_DOMAIN = {"example.org": rate}
    begun = clock.now
    went = sent_within(clock, Domains(), [mail() for _number in range(100)], 10_000, late)
    assert len(went) == 100
    assert most_in_a_second(went[1:]) <= max(rate, 1)
    assert went[-1] - begun <= 100 / (0.8 * rate) + 2 * late


def test_a_domain_without_a_rate_and_one_with_another_are_not_held_up(settings, clock):
    settings.MAILS_PER_DOMAIN = {"slow.example": 1}
    known = Domains()
    assert [bool(known.wait(mail("slow.example"))) for _number in range(3)] == [False, True, True]
    assert [known.wait(mail()) for _number in range(3)] == [0, 0, 0]
    settings.MAILS_PER_DOMAIN = {"slow.example": 1, "*": 2}
    assert known.wait(mail("SLOW.example")) > 2
    assert [known.wait(mail()) for _number in range(2)] == [0, pytest.approx(0.625)]


def test_a_mail_to_one_reader_does_not_wait_until_an_update_is_out(settings, clock):
    settings.MAILS_PER_DOMAIN = {"example.org": 5}
    known = Domains()
    updates = [known.wait(mail()) for _number in range(1000)]
    assert max(updates) == pytest.approx(999 / 4)
    assert known.wait(mail(edition=None)) == 0
    assert known.wait(mail(edition=None)) == pytest.approx(1)
    alone = Domains()
    assert [alone.wait(mail(edition=None)) for _number in range(3)] == pytest.approx([0, 0.2, 0.4])


def test_after_a_stop_of_the_server_the_rate_holds_all_the_same(settings, clock):
    settings.MAILS_PER_DOMAIN = {"example.org": 5}
    known, mails = Domains(), [mail() for _number in range(400)]
    for each in mails:
        known.wait(each)
    clock.now += 600  # all their turns are past
    went = sent_within(clock, known, mails, 10_000)
    assert len(went) == 400
    assert most_in_a_second(went[1:]) <= 5


def test_a_mail_is_never_put_off_for_longer_than_an_hour(settings, clock):
    settings.MAILS_PER_DOMAIN = {"example.org": 0.1}
    known = Domains()
    assert max(known.wait(mail()) for _number in range(1000)) == LONGEST


def test_what_is_remembered_has_an_end(settings, clock, monkeypatch):
    settings.MAILS_PER_DOMAIN = {"*": 1}
    monkeypatch.setattr(domains, "MANY", 50)
    known = Domains()
    for number in range(1000):
        known.wait(mail(f"host{number % 300}.example"))
        clock.now += 1
    assert len(known._lines) + len(known._turns) <= 110


def test_a_domain_that_does_not_want_several_mails_in_a_row_is_left_alone_ever_longer(settings, clock):
    known = Domains()
    for number in range(3):
        assert known.wait(mail()) == 0, number
        known.refused(mail())
    assert known.wait(mail()) == FIRST_REST
    assert known.wait(mail("other.example")) == 0
    for rest in (600, 1200, 2400, 3600, 3600):
        clock.now += LONGEST
        assert known.wait(mail()) == 0, "one tries"
        known.refused(mail())
        assert known.wait(mail()) == rest
    clock.now += LONGEST
    known.took(mail())
    known.refused(mail())
    assert known.wait(mail()) == 0


def test_one_mail_that_is_tried_again_and_again_is_no_row_of_mails(clock):
    known, greylisted = Domains(), mail()
    for _time in range(9):
        known.refused(greylisted)
    assert known.wait(mail()) == 0


# --- with a real mail server


@pytest.mark.django_db
def test_a_run_sends_to_a_slow_domain_at_its_rate_and_to_the_others_meanwhile(
    post_greeting, mail_server, settings
):
    settings.MAILS_PER_DOMAIN = {"slow.example": 10}
    for number in range(6):
        post_greeting(to=f"reader{number}@slow.example")
    for number in range(3):
        post_greeting(to=f"reader{number}@example.org")
    begun = time.monotonic()
    assert send_due_mail() == 9
    assert 0.5 <= time.monotonic() - begun < 5
    order = [to.rpartition("@")[2] for (to,) in mail_server.recipients]
    assert order[1:4] == ["example.org"] * 3
    assert set(Mail.objects.values_list("attempts", "last_answer")) == {(1, "")}


@pytest.mark.django_db
def test_while_it_waits_for_a_turn_a_run_asks_seldom_and_takes_what_is_new(
    post_greeting, mail_server, settings
):
    settings.MAILS_PER_DOMAIN = {"slow.example": 1}
    post_greeting(to="reader0@slow.example"), post_greeting(to="reader1@slow.example")
    with CaptureQueriesContext(connection) as queries:
        assert send_due_mail() == 2
    assert len(queries) < 30


@pytest.mark.django_db
def test_a_run_that_is_told_to_stop_does_not_wait_for_turns(post_greeting, mail_server, settings):
    settings.MAILS_PER_DOMAIN = {"slow.example": 0.1}
    for number in range(3):
        post_greeting(to=f"reader{number}@slow.example")
    begun = time.monotonic()
    assert send_due_mail(should_stop=lambda: bool(mail_server.messages)) == 1
    assert time.monotonic() - begun < 2
    assert Mail.objects.waiting().count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_rest_is_sent_by_the_next_job(post_greeting, mail_server, settings, monkeypatch):
    monkeypatch.setattr(sending, "RUN_SECONDS", 0.3)
    settings.MAILS_PER_DOMAIN = {"slow.example": 0.5}
    for number in range(3):
        post_greeting(to=f"reader{number}@slow.example")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert send_due_mail() == 1
    assert waiting_senders() == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_that_holds_mails_back_ends_in_time_too(post_greeting, mail_server, settings, monkeypatch):
    monkeypatch.setattr(sending, "RUN_SECONDS", 0)
    settings.MAILS_PER_DOMAIN = {"slow.example": 0.1}
    sending.DOMAINS.wait(mail("slow.example", edition=None))
    for number in range(3):
        post_greeting(to=f"reader{number}@slow.example")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert send_due_mail() == 0
    assert Mail.objects.due().count() == 2
    assert waiting_senders() == 1


@pytest.mark.django_db
def test_after_a_restart_what_was_put_off_is_due_at_its_time(post_greeting, mail_server, settings):
    settings.MAILS_PER_DOMAIN = {"slow.example": 0.1}
    for number in range(2):
        post_greeting(to=f"reader{number}@slow.example")
    put_off = Mail.objects.filter(due_at__gt=timezone.now())
    assert send_due_mail(should_stop=put_off.exists) == 1
    sending.DOMAINS = Domains()
    (row,) = Mail.objects.waiting()
    assert row.due_at > timezone.now()
    assert (row.attempts, row.claimed_until) == (0, None)
    assert send_due_mail() == 0
    next_try(row)
    assert send_due_mail() == 1


@pytest.mark.django_db
def test_a_domain_that_greylists_us_is_left_alone_and_the_others_go_on(post_greeting, mail_server):
    rows = [post_greeting(to=f"reader{number}@example.org") for number in range(6)]
    other = post_greeting(to="reader@other.example")
    mail_server.refuse_at("example.org", "451 4.7.1 greylisted")
    assert send_due_mail() == 1
    attempts = [Mail.objects.get(pk=row.pk).attempts for row in rows]
    assert attempts == [1, 1, 1, 0, 0, 0]
    put_off = Mail.objects.filter(attempts=0)
    assert {round((row.due_at - timezone.now()) / timedelta(minutes=1)) for row in put_off} == {5}
    other.refresh_from_db()
    assert other.sent_at


@pytest.mark.django_db
def test_without_rates_no_domain_is_looked_at(post_greeting, mail_server, monkeypatch):
    monkeypatch.setattr(domains, "domain_of", lambda mail: pytest.fail("looked at"))
    post_greeting(), post_greeting()
    assert send_due_mail() == 2
