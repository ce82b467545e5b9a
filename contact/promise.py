"""What readers are promised: an answer within five working days, Monday to Friday, in the organisation's time
zone."""

from datetime import date, datetime, timedelta

from harmhub.days import begin_of, day_of, today

WORKING_DAYS = 5
SATURDAY = 5
A_DAY = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Whether it is from Monday to Friday."""
    return day.weekday() < SATURDAY


def days_after(day: date, number: int) -> date:
    """Return the day that is this number of working days after a day."""
    while number:
        day += A_DAY
        number -= is_working_day(day)
    return day


def promised_for(heard_at: datetime) -> date:
    """Return the last day on which an answer to what was heard at this time is in time."""
    return days_after(day_of(heard_at), WORKING_DAYS)


def overdue_before() -> datetime:
    """Return the time before which a reader must have written for the promise to be broken by now: the
    beginning of the first day whose promise still holds."""
    day = today()
    while days_after(day - A_DAY, WORKING_DAYS) >= today():
        day -= A_DAY
    return begin_of(day)
