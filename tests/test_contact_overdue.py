"""The promise to answer within five working days: what is overdue, who is told, and the numbers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from contact.models import DayCount, Message, Turn
from contact.numbers import count_days, months, standings
from contact.promise import overdue_before, promised_for
from contact.tasks import count, remind_of_overdue
from harmhub.days import today
from harmhub.mail.models import Mail
from tests.fixtures.inbox import CANARY, client_of, member, written

# A Wednesday.
NOW = datetime(2027, 6, 16, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)


class Stopped(datetime):
    """A clock that shows NOW, or what a test sets it to."""

    shown = NOW

    @classmethod
    def now(cls, tz=None) -> datetime:
        return cls.shown.astimezone(tz)


@pytest.fixture
def clock(monkeypatch):
    """A function that sets the time."""
    monkeypatch.setattr("django.utils.timezone.datetime", Stopped)
    monkeypatch.setattr(Stopped, "shown", NOW)
    return lambda now: monkeypatch.setattr(Stopped, "shown", now)


@pytest.mark.parametrize(
    ("heard", "last"),
    [
        (datetime(2027, 6, 7, 9, tzinfo=UTC), date(2027, 6, 14)),  # Monday
        (datetime(2027, 6, 11, 23, tzinfo=UTC), date(2027, 6, 18)),  # Friday
        (datetime(2027, 6, 12, 9, tzinfo=UTC), date(2027, 6, 18)),  # Saturday
        (datetime(2027, 6, 13, 9, tzinfo=UTC), date(2027, 6, 18)),  # Sunday
    ],
)
def test_an_answer_is_promised_within_five_working_days(heard, last):
    assert promised_for(heard) == last


def test_days_are_those_of_the_organisation_s_zone(settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    assert promised_for(datetime(2027, 6, 6, 20, tzinfo=UTC)) == date(2027, 6, 14)


@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("ago", range(15))
def test_row_and_listing_agree_on_what_is_overdue(clock, day, ago):
    now = NOW + day * A_DAY
    clock(now)
    heard = now - ago * A_DAY
    assert (promised_for(heard) < today()) == (heard < overdue_before())


def test_only_who_waits_is_overdue(tree, clock):
    long_ago = NOW - 20 * A_DAY
    late = written(tree.justice, heard_at=long_ago, received_at=long_ago)
    written(tree.justice, heard_at=NOW - A_DAY, received_at=long_ago, answered_at=long_ago)
    for state in ("answered_at", "closed_at"):
        written(tree.justice, heard_at=long_ago, **{state: NOW})
    written(tree.justice, heard_at=long_ago).quarantine()
    assert list(Message.objects.overdue()) == [late]
    assert [message.is_overdue for message in Message.objects.all()].count(True) == 1


def test_the_listing_marks_and_finds_what_is_overdue(clock, tree, desk):
    late = written(tree.justice, heard_at=NOW - 20 * A_DAY)
    fresh = written(tree.justice, heard_at=NOW)
    page = desk.get(reverse("message:index"), {"age": "overdue"}).content.decode()
    assert late.reference in page
    assert fresh.reference not in page
    assert "inbox-badge--overdue" in page


def reminders() -> list[dict]:
    return [mail.told for mail in Mail.objects.filter(purpose="contact-overdue").order_by("created_at")]


def test_a_reminder_of_a_clock_that_was_a_day_ahead_holds_up_none(tree, clock):
    written(tree.justice, heard_at=NOW - 20 * A_DAY)
    clock(NOW + A_DAY)
    remind_of_overdue(timestamp=0)
    clock(NOW)
    for _ in range(2):
        remind_of_overdue(timestamp=0)
    assert len(reminders()) == 2


def test_people_are_reminded_once_a_working_day_without_a_word(tree, clock):
    late = [written(tree.justice, heard_at=NOW - 20 * A_DAY) for _ in range(2)]
    written(tree.justice, heard_at=NOW)
    clock(NOW.replace(hour=7))
    remind_of_overdue(timestamp=0)
    assert reminders() == []
    clock(NOW)
    for _ in range(3):
        remind_of_overdue(timestamp=0)
    (mail,) = reminders()
    assert mail["to"] == "desk@example.org"
    assert mail["subject"] == "2 messages are overdue"
    assert all(message.reference in mail["text"] for message in late)
    assert "Justice" in mail["text"]
    assert CANARY not in str(mail)
    clock(NOW + A_DAY)
    remind_of_overdue(timestamp=0)
    assert len(reminders()) == 2
    clock(NOW + 3 * A_DAY)  # Saturday
    remind_of_overdue(timestamp=0)
    assert len(reminders()) == 2


def test_each_is_reminded_of_her_own_topics_and_of_nothing_where_nothing_is_overdue(tree, clock):
    written(tree.harm_reduction, heard_at=NOW - 20 * A_DAY)
    written(tree.justice, heard_at=NOW)
    remind_of_overdue(timestamp=0)
    assert [mail["to"] for mail in reminders()] == ["health@example.org"]


def counted(name: str) -> dict[date, int]:
    return {row.day: getattr(row, name) for row in DayCount.objects.all() if getattr(row, name)}


def answered(message: Message, at: datetime) -> None:
    message.turns.create(kind=Turn.Kind.ANSWER, text="x", written_at=at)
    Message.objects.filter(pk=message.pk).update(answered_at=at)


def test_days_are_counted_by_what_happened_on_them(tree, clock):
    old = written(tree.justice, received_at=NOW - 20 * A_DAY, heard_at=NOW - 20 * A_DAY)
    new = written(tree.justice, received_at=NOW - A_DAY)
    answered(old, NOW)
    answered(new, NOW)
    answered(new, NOW + timedelta(hours=1))
    written(tree.justice, received_at=NOW).quarantine()
    for _ in range(2):
        count(timestamp=0)
    today = NOW.date()
    assert counted("received") == {today - 20 * A_DAY: 1, today - A_DAY: 1, today: 1}
    assert counted("in_time") == {today: 1}
    assert counted("late") == {today: 1}
    assert counted("spam") == {today: 1}


def test_an_answer_on_the_last_promised_day_is_in_time(tree, clock):
    first, second = (written(tree.justice, received_at=NOW - 8 * A_DAY) for _ in range(2))
    answered(first, NOW - A_DAY)  # Tuesday to Tuesday: five working days
    answered(second, NOW)
    count(timestamp=0)
    assert counted("in_time") == {NOW.date() - A_DAY: 1}
    assert counted("late") == {NOW.date(): 1}


def test_numbers_stay_when_messages_and_topics_are_gone(tree, clock):
    written(tree.justice, received_at=NOW)
    count_days()
    Message.objects.all().delete()
    clock(NOW + 10 * A_DAY)
    count_days()
    tree.justice.delete()
    assert counted("received") == {NOW.date(): 1}


def test_what_is_undone_within_the_day_is_not_counted(tree, clock):
    message = written(tree.justice, received_at=NOW)
    message.quarantine()
    count_days()
    message.restore()
    count_days()
    assert counted("spam") == {}


def test_the_report_shows_how_each_topic_stands(clock, tree, ana, desk):
    late = written(tree.justice, heard_at=NOW - 20 * A_DAY, received_at=NOW - 20 * A_DAY)
    done = written(tree.justice, received_at=NOW - 3 * A_DAY, heard_at=NOW - 3 * A_DAY)
    answered(done, NOW - A_DAY)
    count_days()
    (row,) = standings(ana)
    assert (row.topic, row.open, row.waiting, row.overdue) == ("Justice", 2, 1, 1)
    assert (row.oldest, row.median_days) == (late.heard_at, 2)
    page = desk.get(reverse("message:report")).content.decode()
    assert "Justice" in page
    assert "June 2027" in page
    assert CANARY not in page
    assert late.reference not in page
    assert "style=" not in page.partition('class="inbox-report"')[2].partition("</main>")[0]


def test_months_are_a_year_and_hold_their_days(clock, tree, ana):
    for day, number in ((date(2027, 6, 1), 2), (date(2027, 5, 31), 3), (date(2026, 6, 30), 4)):
        DayCount.objects.create(day=day, topic=tree.justice, received=number)
    found = {month.begins: month.received for month in months(ana)}
    assert len(found) == 12
    assert (found[date(2027, 6, 1)], found[date(2027, 5, 1)], sum(found.values())) == (2, 3, 5)


def test_numbers_of_another_team_are_not_in_the_report(clock, tree, ana):
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    written(tree.harm_reduction, received_at=NOW)
    count_days()
    assert standings(ana) == []
    assert sum(month.received for month in months(ana)) == 0
    own = member("own", "Health team")
    assert [row.topic for row in standings(own)] == ["Harm Reduction"]
    assert sum(month.received for month in months(own)) == 1
    assert "Harm Reduction" not in client_of(ana).get(reverse("message:report")).content.decode()


def test_the_report_is_for_who_may_see_messages(tree):
    stranger = member("stranger")
    stranger.groups.clear()
    assert client_of(stranger).get(reverse("message:report")).status_code == 302
