"""When a mail that was refused for now is tried again."""

from datetime import timedelta

FIRST_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
HOURLY_WAITS = 3 * 24


def next_wait(attempts: int) -> timedelta | None:
    """Return how long to wait after this many attempts (1 or more) were refused for now; None: give it up.

    After 1, 5, 15 and 60 minutes, then hourly for three days. It counts attempts instead of reading the
    clock, so hours in which the server could not be reached at all take nothing away from a mail.
    """
    if attempts <= len(FIRST_WAITS):
        return FIRST_WAITS[attempts - 1]
    return timedelta(hours=1) if attempts <= len(FIRST_WAITS) + HOURLY_WAITS else None
