"""Updates by mail: from a published work to the mails of those who follow it, losing and repeating none."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Locale

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.managing import speak
from newsletter.models import Pace, Run, Subscriber, Subscription, Suppression, Update
from newsletter.serving import Service
from newsletter.showing import Shown
from newsletter.subscribing import leave
from newsletter.timetable import last_slot, next_slot
from newsletter.updating import begin_runs, find_and_release, newest_runs
from tests.factories import ImageFactory, Tree
from tests.fixtures.following import READER, Clock, fresh, mails, secrets_in, texts_at_hand, told

pytestmark = pytest.mark.django_db


# --- who gets what


def test_work_is_told_at_once_after_the_delay_to_those_who_follow_its_topic_or_one_above(
    tree: Tree, clock: Clock
):
    clock.follow(tree.harm_reduction, address="topic@example.org")
    clock.follow(tree.health, address="area@example.org")
    clock.follow(None, address="all@example.org")
    clock.follow(tree.justice, address="other@example.org")
    fresh(tree, "News")
    clock.run()
    clock.later(minutes=9)
    clock.run()
    assert not Mail.objects.exists()
    clock.later(minutes=2)
    clock.run()
    assert [told(f"{who}@example.org") for who in ("topic", "area", "all", "other")] == [
        ["News"],
        ["News"],
        ["News"],
        [],
    ]
    clock.pass_(days=40)
    assert Mail.objects.count() == 3


def test_slip_that_is_taken_back_in_time_is_never_told(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    slip = fresh(tree, "Slip")
    clock.run()
    slip.unpublish()
    clock.pass_(days=1)
    assert not Mail.objects.exists()
    slip.save_revision().publish()
    clock.pass_(days=1)
    assert told() == ["Slip"]


def test_archive_that_is_brought_in_and_what_was_there_before_are_no_news(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    tree.voice(title="Of long ago", published_on=date(2019, 5, 1))
    clock.pass_(days=1)
    assert not Mail.objects.exists()


def test_draft_restricted_and_expired_work_is_not_told(tree: Tree, clock: Clock):
    clock.follow(tree.health, Pace.DAILY)
    fresh(tree, "Draft", live=False)
    expiring = fresh(tree, "Expiring")
    clock.pass_()
    type(expiring).objects.filter(pk=expiring.pk).update(expire_at=timezone.now() - timedelta(minutes=1))
    clock.later(days=1)
    clock.run()
    assert not Mail.objects.exists()


def test_work_that_was_deleted_while_it_was_found_holds_nothing_up(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    clock.later(minutes=1)
    Update.objects.create(item_id=2_000_000, found_at=clock.now)
    Update.objects.create(item_id=2_000_001, found_at=clock.now, place=1)
    fresh(tree, "News")
    clock.pass_()
    assert told() == ["News"]


def test_edit_of_a_work_is_not_told_again(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "News")
    clock.pass_(days=1)
    work.title = "News, corrected"
    work.save_revision().publish()
    clock.pass_(days=1)
    assert told() == ["News"]


def test_one_mail_a_run_with_each_work_once_and_why_it_came(tree: Tree, clock: Clock):
    for followed in (tree.harm_reduction, tree.health, None):
        clock.follow(followed, Pace.DAILY)
    fresh(tree, "On harm reduction")
    fresh(tree, "On justice", primary_topic=tree.justice)
    clock.pass_(days=1)
    [mail] = mails()
    assert told() == ["On harm reduction", "On justice"]
    text = mail.told["text"]
    assert "because you follow Harm Reduction, daily" in text
    assert "because you follow Fennmark Foundation, daily" in text
    assert "because you follow Health" not in text
    assert mail.told["subject"] == "Fennmark Foundation: 2 new pieces of work"


def test_subscription_starts_when_it_is_confirmed(tree: Tree, clock: Clock):
    fresh(tree, "Before")
    clock.run()
    clock.later(minutes=1)
    clock.follow(tree.health)
    fresh(tree, "After")
    clock.pass_(days=1)
    assert told() == ["After"]


def test_everything_is_told_in_the_language_of_the_subscriber(tree: Tree, clock: Clock):
    spanish = Locale.objects.create(language_code="es")
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction, tree.voices):
        page.copy_for_translation(spanish).save_revision().publish()
    clock.follow(None, language="es")
    work = fresh(tree, "English")
    copied = work.copy_for_translation(spanish)
    copied.title = "Español"
    copied.save_revision().publish()
    clock.pass_(days=1)
    assert len(mails()) == 1
    assert "Español" in mails()[0].told["text"]
    assert "English" not in mails()[0].told["text"]
    assert "/es/voices/" in mails()[0].told["text"]


def test_suppressed_address_gets_nothing(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    Suppression.objects.add_digest(address_digest(READER), Suppression.Reason.REFUSED)
    fresh(tree, "News")
    clock.pass_(days=1)
    assert not Mail.objects.exists()


# --- paces


def test_each_pace_has_its_days(tree: Tree, clock: Clock):
    for pace in Pace:
        clock.follow(tree.health, pace, f"{pace}@example.org")
    fresh(tree, "News")
    clock.pass_()
    got = {}
    for _ in range(32 * 4):
        for pace in Pace:
            if mails(f"{pace}@example.org"):
                got.setdefault(pace, clock.now.date())
        clock.later(hours=6)
        clock.run()
    # A Monday; the week's day is Thursday.
    assert got == {
        Pace.AT_ONCE: date(2026, 6, 1),
        Pace.DAILY: date(2026, 6, 2),
        Pace.WEEKLY: date(2026, 6, 4),
        Pace.MONTHLY: date(2026, 7, 1),
    }
    assert Mail.objects.count() == 4


def test_changing_the_pace_loses_and_repeats_nothing(tree: Tree, clock: Clock):
    subscription = clock.follow(tree.health, Pace.DAILY)
    fresh(tree, "First")
    clock.pass_(days=1)
    fresh(tree, "Second")
    clock.pass_()
    Subscription.objects.filter(pk=subscription.pk).update(pace=Pace.WEEKLY)
    clock.later(days=7)
    clock.run()
    fresh(tree, "Third")
    clock.pass_()
    Subscription.objects.filter(pk=subscription.pk).update(pace=Pace.AT_ONCE)
    clock.run()
    assert told() == ["First", "Second", "Third"]


def test_work_of_two_lists_at_two_paces_is_told_once(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction, Pace.DAILY)
    weekly = clock.follow(tree.health, Pace.WEEKLY)
    fresh(tree, "On both")
    fresh(tree, "On one", primary_topic=tree.health)
    clock.pass_(days=8)
    assert sorted(told()) == ["On both", "On one"]
    assert weekly.subscriber.deliveries.count() == 2


def test_work_that_came_by_a_list_that_was_left_is_not_told_again_by_another(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction, Pace.AT_ONCE)
    clock.follow(tree.health, Pace.WEEKLY)
    fresh(tree, "On both")
    clock.pass_()
    secret = secrets_in(mails()[0])[0]
    Mail.objects.update(sent_at=timezone.now())
    leave(secret)
    clock.later(days=8)
    clock.run()
    assert told() == ["On both"]


@pytest.mark.parametrize(
    ("pace", "now", "expected"),
    [
        (Pace.DAILY, "2026-06-01T05:59Z", "2026-05-31T06:00Z"),
        (Pace.DAILY, "2026-06-01T06:00Z", "2026-06-01T06:00Z"),
        (Pace.WEEKLY, "2026-06-01T06:00Z", "2026-05-28T06:00Z"),
        (Pace.MONTHLY, "2026-06-01T05:00Z", "2026-05-01T06:00Z"),
        (Pace.DAILY, "2026-01-01T12:00Z", "2026-01-01T07:00Z"),  # winter time
        (Pace.MONTHLY, "2026-03-31T23:00Z", "2026-03-01T07:00Z"),
    ],
)
def test_slots_are_at_an_hour_of_the_organisations_zone(pace: Pace, now: str, expected: str):
    hours = (ZoneInfo("Europe/Berlin"), 8, 3)
    found = last_slot(pace, datetime.fromisoformat(now), *hours)
    assert found == datetime.fromisoformat(expected)
    following = next_slot(pace, found, *hours)
    assert last_slot(pace, following - timedelta(microseconds=1), *hours) == found < following
    assert last_slot(pace, following, *hours) == following


def test_hour_that_a_clock_leaves_out_or_shows_twice_comes_once():
    zone, found = ZoneInfo("Europe/Berlin"), set()
    for start in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        found |= {last_slot(Pace.DAILY, start + timedelta(minutes=15 * n), zone, 2, 3) for n in range(3 * 96)}
    days = sorted(moment.astimezone(zone).date() for moment in found)
    assert len(days) == len(set(days))


def test_clock_that_was_a_day_ahead_and_is_right_again_holds_nothing_up(tree: Tree, clock: Clock):
    clock.later(days=1)
    fresh(tree, "Found ahead of its time")
    clock.follow(tree.health, Pace.DAILY)
    clock.run()
    clock.follow(tree.justice, Pace.DAILY)
    clock.later(days=-1, minutes=1)
    fresh(tree, "Found at its time", primary_topic=tree.justice)
    clock.pass_(days=1)
    assert sorted(told()) == ["Found ahead of its time", "Found at its time"]
    clock.pass_(days=3)
    assert len(told()) == 2


def test_update_that_was_found_while_the_clock_was_a_day_ahead_waits_no_day(tree: Tree, clock: Clock):
    clock.follow(tree.justice)
    clock.later(days=1)
    fresh(tree, "Found ahead of its time", primary_topic=tree.justice)
    clock.run()
    clock.later(days=-1, minutes=11)
    clock.run()
    assert told() == ["Found ahead of its time"]


def test_subscribers_whose_key_is_missing_hold_up_nobody_and_are_a_number_in_the_log(
    tree: Tree, clock: Clock, caplog
):
    lost = [clock.follow(tree.health, address=f"lost{number}@example.org") for number in range(3)]
    clock.follow(tree.health)
    table, numbers = Subscriber._meta.db_table, [each.subscriber_id for each in lost]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET address = 'unreadable' WHERE id = ANY(%s)", [numbers])
    fresh(tree, "News")
    clock.pass_()
    assert told() == ["News"]
    assert Mail.objects.count() == 1
    assert Run.objects.filter(pace=Pace.AT_ONCE).first().ended_at
    lines = [record.getMessage() for record in caplog.records if record.name == "newsletter.posting"]
    assert set(lines) == {"3 addresses cannot be read: their key is missing."}


# --- runs


def test_run_that_is_cut_short_goes_on_where_it_was(tree: Tree, clock: Clock, monkeypatch):
    monkeypatch.setattr("newsletter.serving.BATCH", 2)
    for number in range(5):
        clock.follow(tree.health, address=f"reader{number}@example.org")
    fresh(tree, "News")
    clock.run()
    clock.later(minutes=11)
    find_and_release(clock.now)
    begin_runs(clock.now)
    stops = iter([False, True])
    Service(newest_runs()[0], should_stop=lambda: next(stops)).serve()
    assert Mail.objects.count() == 2
    assert Run.objects.filter(pace=Pace.AT_ONCE, ended_at=None).count() == 1
    clock.run()
    assert Mail.objects.count() == 5
    run = Run.objects.filter(pace=Pace.AT_ONCE).first()
    assert (run.mails, run.ended_at is not None) == (5, True)


def test_run_keeps_no_text_that_it_has_written(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    fresh(tree, "News")
    clock.run()
    clock.later(minutes=11)
    find_and_release(clock.now)
    begin_runs(clock.now)
    service = Service(newest_runs()[0])
    service.serve()
    assert (len(mails()), texts_at_hand()) == (1, 0)


def test_list_that_goes_on_in_another_language_in_the_middle_of_a_run_loses_nothing(
    tree: Tree, clock: Clock, monkeypatch
):
    spanish = Locale.objects.create(language_code="es")
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction, tree.voices):
        page.copy_for_translation(spanish).save_revision().publish()
    subscriber = clock.follow(tree.harm_reduction).subscriber
    clock.follow(tree.harm_reduction, address="other@example.org")
    copied = fresh(tree, "News").copy_for_translation(spanish)
    copied.title = "Noticias"
    copied.save_revision().publish()
    clock.run()
    clock.later(minutes=11)
    look_up = Service._look_up

    def looked_up_before_she_chose(service: Service) -> None:
        look_up(service)
        speak(subscriber, "es")

    monkeypatch.setattr(Service, "_look_up", looked_up_before_she_chose)
    clock.run()
    assert (mails(), told("other@example.org")) == ([], ["News"])
    monkeypatch.undo()
    clock.run()
    assert "Noticias" in mails()[0].told["text"]


def test_number_of_queries_does_not_grow_with_the_subscribers(tree: Tree, clock: Clock):
    def queries(number: int) -> int:
        for each in range(number):
            clock.follow(tree.health, address=f"reader{number}-{each}@example.org")
        fresh(tree, f"News {number}")
        clock.run()
        clock.later(minutes=11)
        with CaptureQueriesContext(connection) as context:
            clock.run()
        return len(context)

    queries(1)  # what is looked up once in a process
    assert queries(3) == queries(60)


def test_works_in_mails_are_one_query_since_they_have_no_pictures(tree: Tree, django_assert_num_queries):
    works = [tree.voice(image=ImageFactory()).pk for _ in range(3)]
    shown = Shown({})
    assert shown.locales
    with django_assert_num_queries(1):
        assert len(shown.cards(works)) == 3


# --- events to come


def soon(tree: Tree, title: str, days: int, **fields):
    return tree.event(title=title, starts_at=timezone.now() + timedelta(days=days), **fields)


def test_mail_names_the_events_to_come_of_its_lists_the_next_one_first(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    clock.follow(tree.justice)
    soon(tree, "Second", 20)
    soon(tree, "First", 10)
    soon(tree, "Over", -10)
    soon(tree, "In a year", 365)
    soon(tree, "Cancelled", 10, status="cancelled")
    soon(tree, "Draft", 10, live=False)
    soon(tree, "Of a list without news", 10, primary_topic=tree.justice)
    fresh(tree, "News")
    clock.pass_()
    [mail] = mails()
    text = mail.told["text"].split("COMING UP")[1]
    assert re.findall("First|Second|Over|In a year|Cancelled|Draft|without news", text) == ["First", "Second"]
    assert "http://testserver/events/" in text
    assert mail.told["html"].count(">First</a>") == 1
    assert told() == ["News"]


def test_event_that_is_news_stands_once_and_without_news_there_is_no_mail(tree: Tree, clock: Clock):
    clock.follow(tree.harm_reduction)
    soon(tree, "Old news", 20)
    clock.pass_(days=1)
    assert mails() == []
    soon(tree, "An evening", 10, published_on=clock.now.date())
    clock.pass_()
    [mail] = mails()
    assert mail.told["text"].count("An evening") == 1
    assert "Old news" in mail.told["text"].split("COMING UP")[1]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("scheduled", "1 July 2027, 18:00 WEST · Lisbon"),
        ("cancelled", "1 July 2027, 18:00 WEST · Lisbon · Cancelled"),
        ("postponed", "Postponed · Lisbon"),  # and no day on which nobody is there
    ],
)
def test_mail_says_what_has_become_of_an_event(tree: Tree, clock: Clock, status: str, said: str):
    clock.follow(tree.harm_reduction)
    begins, today = datetime(2027, 7, 1, 17, tzinfo=UTC), clock.now.date()
    tree.event(title="An evening", starts_at=begins, town="Lisbon", published_on=today, status=status)
    clock.pass_()
    [mail] = mails()
    assert said in mail.told["text"].splitlines()
    assert said in mail.told["html"]
