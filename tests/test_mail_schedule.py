"""When a mail that was refused for now is tried again."""

from datetime import timedelta

import pytest

from harmhub.mail.schedule import next_wait


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 60), (76, 60)])
def test_waits_1_5_15_and_60_minutes_and_then_an_hour_each_time(attempts, minutes):
    assert next_wait(attempts) == timedelta(minutes=minutes)


def test_gives_up_after_three_days_of_hours():
    waits = [next_wait(attempts) for attempts in range(1, 77)]
    assert sum(waits[4:], timedelta()) == timedelta(days=3)
    assert next_wait(77) is None


def test_stays_given_up():
    assert next_wait(1000) is None
