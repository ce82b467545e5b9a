"""When updates go out: at an hour of the organisation's own zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.models import Pace

SLOT_DAY_OF_MONTH = 1


def last_slot(pace: Pace, now: datetime, zone: ZoneInfo, hour: int, weekday: int) -> datetime:
    """Return the newest moment, not after now, at which a pace was due.

    weekday: that of the weekly updates, Monday is 0. On a day on which the clock is put forward over the hour
    it is the moment after the gap; where it is put back, the first of the two.
    """
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=back) for back in range(40))
    return next(
        moment for day in days if _is_due(pace, day, weekday) and (moment := _moment(day, hour, zone)) <= now
    )


def next_slot(pace: Pace, after: datetime, zone: ZoneInfo, hour: int, weekday: int) -> datetime:
    """Return the first moment after another one at which a pace is due; the rest as for ``last_slot``."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(40))
    return next(
        moment for day in days if _is_due(pace, day, weekday) and (moment := _moment(day, hour, zone)) > after
    )


def _is_due(pace: Pace, day: date, weekday: int) -> bool:
    match pace:
        case Pace.WEEKLY:
            return day.weekday() == weekday
        case Pace.MONTHLY:
            return day.day == SLOT_DAY_OF_MONTH
    return True


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    # By way of UTC, which has no gaps: a comparison within one zone is one of what its clocks show.
    return datetime.combine(day, time(hour), zone).astimezone(ZoneInfo("UTC"))
