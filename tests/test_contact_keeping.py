"""How long messages are kept, also by a clock that is wrong for a while."""

from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from contact import keeping
from contact.models import Message, Turn
from contact.tasks import forget
from harmhub.mail import post
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def message(topic=None, email: str = "", **ages: timedelta) -> Message:
    """Return a message whose timestamps lie this far back."""
    times = {name: timezone.now() - age for name, age in ages.items()}
    return Message.objects.create(
        topic=topic,
        language="en",
        text="x",
        address=email,
        address_digest=address_digest(email) if email else None,
        answer_by="mail" if email else "site",
        quarantine_reason="trap" if "quarantined_at" in times else "",
        **times,
    )


def told_of_all() -> None:
    """Have people been warned of all messages, two days ago."""
    Message.objects.update(warned_at=timezone.now() - 2 * A_DAY)


def is_kept(row: Message) -> bool:
    told_of_all()
    forget(timestamp=0)
    return Message.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("ages", "kept"),
    [
        ({"closed_at": timedelta(days=90, hours=23)}, True),
        ({"closed_at": timedelta(days=91, minutes=1)}, False),
        ({"quarantined_at": timedelta(days=30, hours=23)}, True),
        ({"quarantined_at": timedelta(days=31, minutes=1)}, False),
        ({"received_at": timedelta(days=363, hours=23)}, True),
        ({"received_at": timedelta(days=364, minutes=1)}, False),
        ({"received_at": timedelta(days=364, minutes=1), "closed_at": A_DAY}, False),
        ({"received_at": timedelta(days=200)}, True),
    ],
)
def test_messages_are_kept_as_long_as_promised(ages, kept):
    assert is_kept(message(**ages)) == kept


def test_a_clock_that_runs_a_day_ahead_deletes_nothing_early():
    # a day ahead, the database would see these rows a day older than they are
    closed = message(closed_at=timedelta(days=89, hours=23) + A_DAY)
    held = message(quarantined_at=timedelta(days=29, hours=23) + A_DAY)
    assert is_kept(closed)
    assert is_kept(held)


def test_nothing_stays_longer_than_a_year_whatever_its_state():
    assert not is_kept(message(received_at=timedelta(days=365), closed_at=A_DAY, quarantined_at=A_DAY))


def test_a_reopened_message_is_not_counted_from_its_first_closing():
    row = message(closed_at=timedelta(days=200))
    row.reopen()
    assert is_kept(row)


@pytest.mark.parametrize(
    ("days", "after", "kept"), [(7, 7, True), (7, 9, False), (200, 199, True), (200, 202, False)]
)
def test_a_topic_says_for_how_long_messages_to_it_and_below_are_kept(tree, days, after, kept):
    tree.health.messages_kept_days = days
    tree.health.save()
    assert is_kept(message(tree.drug_checking, closed_at=timedelta(days=after))) == kept
    assert is_kept(message(tree.justice, closed_at=timedelta(days=after))) == (after < 91)


def test_the_nearest_topic_counts_and_a_year_is_the_most(tree):
    tree.health.messages_kept_days, tree.drug_checking.messages_kept_days = 7, 365
    tree.health.save()
    tree.drug_checking.save()
    row = message(tree.drug_checking, closed_at=timedelta(days=300), received_at=timedelta(days=300))
    assert is_kept(row)
    Message.objects.update(received_at=timezone.now() - timedelta(days=364, minutes=1))
    assert not is_kept(row)


def test_readers_are_promised_what_their_topic_says(tree):
    reader = Client(headers={"sec-fetch-site": "same-origin"})
    address = reverse("contact:send", args=[tree.drug_checking.pk])
    assert "Deleted 90 days after" in reader.get(address).content.decode()
    tree.health.messages_kept_days = 1
    tree.health.save()
    pages = [reader.get(address), reader.get(tree.drug_checking.url), reader.post(address, {"message": "x"})]
    for page in pages:
        assert "Deleted 1 day after the matter is closed" in page.content.decode()
    assert "Deleted 90 days" in reader.get(tree.justice.url).content.decode()


def test_the_address_goes_two_days_after_closing_and_not_before():
    ages = {"now": timedelta(), "a day": A_DAY, "two": 2 * A_DAY + timedelta(minutes=1)}
    rows = {name: message(email=f"{name[0]}@example.org", closed_at=age) for name, age in ages.items()}
    waiting = message(email="w@example.org", received_at=timedelta(days=200))
    forget(timestamp=0)
    for row in (*rows.values(), waiting):
        row.refresh_from_db()
    assert [row.address for row in (*rows.values(), waiting)] == [
        *("n@example.org", "a@example.org", "", "w@example.org")
    ]
    assert (rows["two"].address_digest, rows["two"].answer_by) == (None, "site")


def test_each_deletion_is_in_the_log_by_its_reference():
    rows = [message(closed_at=timedelta(days=100)) for _ in range(3)]
    told_of_all()
    forget(timestamp=0)
    entries = ModelLogEntry.objects.filter(action="contact.forget")
    assert {entry.label for entry in entries} == {row.reference for row in rows}
    assert {entry.user for entry in entries} == {None}


def test_what_was_said_after_a_message_goes_with_it_and_so_does_its_mail():
    row = message(closed_at=timedelta(days=100))
    answer = post(purpose="contact-answer", to="n@example.org", template="contact-notice", context={})
    row.turns.create(kind="answer", text="x", mail=answer)
    told_of_all()
    forget(timestamp=0)
    assert not Turn.objects.exists()
    assert not Mail.objects.exists()


def test_a_purge_that_was_cut_short_is_finished_by_the_next(monkeypatch):
    monkeypatch.setattr(keeping, "BATCH", 2)
    rows = [message(closed_at=timedelta(days=100)) for _ in range(5)]
    told_of_all()
    erase, calls = keeping.erase, []

    def cut_short(*given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return erase(*given)

    monkeypatch.setattr(keeping, "erase", cut_short)
    with pytest.raises(KeyboardInterrupt):
        keeping.forget_messages()
    gone = ModelLogEntry.objects.filter(action="contact.forget").count()
    assert (gone, Message.objects.count()) == (2, 3)
    assert keeping.forget_messages() == 3
    assert ModelLogEntry.objects.filter(action="contact.forget").count() == len(rows)


def warnings() -> dict[str, str]:
    return {
        mail.content["to"]: mail.content["text"] for mail in Mail.objects.filter(purpose="contact-warning")
    }


def test_a_team_is_warned_before_its_messages_go_by_their_references_alone(tree):
    soon = {
        "closed": message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1)),
        "held": message(tree.harm_reduction, quarantined_at=timedelta(days=29, hours=1)),
        "open for a year": message(tree.harm_reduction, received_at=timedelta(days=356, hours=1)),
        "to nobody's topic": message(None, closed_at=timedelta(days=89, hours=1)),
    }
    later = [
        message(tree.harm_reduction, closed_at=timedelta(days=87)),
        message(tree.harm_reduction, received_at=timedelta(days=350)),
        message(tree.harm_reduction, received_at=timedelta(days=357), closed_at=A_DAY),
    ]
    forget(timestamp=0)
    told = warnings()
    assert set(told) == {"health@example.org", "desk@example.org"}
    for name, row in soon.items():
        receiver = "desk@example.org" if "nobody" in name else "health@example.org"
        assert row.reference in told[receiver], name
        assert f"/admin/messages/inspect/{row.pk}/" in told[receiver]
    assert not [row for row in later if any(row.reference in text for text in told.values())]


def test_nothing_goes_before_its_team_was_told_for_a_day_but_at_the_end_of_its_year(tree):
    row = message(tree.harm_reduction, closed_at=timedelta(days=40))
    old = message(tree.harm_reduction, closed_at=A_DAY, received_at=timedelta(days=364, minutes=1))
    tree.harm_reduction.messages_kept_days = 9  # 90 was meant
    tree.harm_reduction.save()
    forget(timestamp=0)
    assert Message.objects.get() == row
    tomorrow = timezone.now().astimezone(UTC).date() + A_DAY
    text = warnings()["health@example.org"]
    assert f"{row.reference} (Closed): {tomorrow:%-d %B %Y}" in text
    assert old.reference not in text
    Message.objects.update(warned_at=timezone.now() - A_DAY + timedelta(minutes=5))
    forget(timestamp=0)
    assert Message.objects.exists()
    Message.objects.update(warned_at=timezone.now() - A_DAY - timedelta(minutes=5))
    forget(timestamp=0)
    assert not Message.objects.exists()


def test_warnings_of_three_messages_and_of_eighteen_ask_as_much(tree):
    counts = []
    for number in (3, 18):
        for _ in range(number):
            message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1))
        with CaptureQueriesContext(connection) as queries:
            assert keeping.warn_teams() == number
        counts.append(len(queries))
        Message.objects.all().delete()
    assert counts[0] == counts[1]


def test_the_day_in_a_warning_is_the_organisation_s(tree, settings):
    row = message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1))
    goes_at = Message.objects.due_to_be_warned_of().get().goes_at
    east = goes_at.hour >= 10  # 14 hours east, or 11 west, it is another day than in UTC
    settings.TIME_ZONE = "Pacific/Kiritimati" if east else "Pacific/Pago_Pago"
    forget(timestamp=0)
    day = goes_at.date() + (A_DAY if east else -A_DAY)
    assert f"{row.reference} (Closed): {day:%-d %B %Y}" in warnings()["health@example.org"]


def test_one_mail_a_day_at_most_and_each_message_once(tree):
    first = message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1))
    forget(timestamp=0)
    second = message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1))
    forget(timestamp=0)
    assert Mail.objects.count() == 1
    Message.objects.exclude(warned_at=None).update(warned_at=timezone.now() - timedelta(hours=23, minutes=1))
    forget(timestamp=0)
    texts = list(Mail.objects.order_by("created_at"))
    assert len(texts) == 2
    assert first.reference in texts[0].content["text"]
    assert second.reference in texts[1].content["text"]
    assert first.reference not in texts[1].content["text"]


def test_a_warning_of_a_clock_that_was_ahead_holds_up_none():
    message(closed_at=timedelta(days=60), warned_at=-A_DAY)
    row = message(closed_at=timedelta(days=89, hours=1))
    forget(timestamp=0)
    row.refresh_from_db()
    assert row.warned_at


def test_a_message_that_is_closed_anew_is_warned_of_anew(tree):
    row = message(tree.harm_reduction, closed_at=timedelta(days=89, hours=1))
    keeping.warn_teams()
    row.refresh_from_db()
    row.reopen()
    assert Message.objects.get().warned_at is None


def test_the_year_s_promise_holds_by_the_database_s_own_clock():
    row = message(received_at=timedelta(days=10))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contact_message SET received_at = now() - interval '364 days 1 minute'")
    assert not is_kept(row)
