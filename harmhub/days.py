"""The organisation's day: of where the organisation is, whatever zone somebody's admin is shown in."""

from datetime import date, datetime, time

from django.utils import timezone


def day_of(moment: datetime) -> date:
    """Return the organisation's day of a moment."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def today() -> date:
    """Return the organisation's day now."""
    return day_of(timezone.now())


def begin_of(day: date) -> datetime:
    """Return when the organisation's day begins."""
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())
