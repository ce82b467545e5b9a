"""How long messages are kept, also by a clock that is wrong for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contact.models import Message
from contact.tasks import forget

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def message(**ages: timedelta) -> Message:
    """Return a message whose timestamps lie this far back."""
    times = {name: timezone.now() - age for name, age in ages.items()}
    reason = "trap" if "quarantined_at" in times else ""
    return Message.objects.create(language="en", text="x", quarantine_reason=reason, **times)


def is_kept(row: Message) -> bool:
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
