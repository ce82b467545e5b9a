"""How often a password or a code may be tried at an account.

The first tries of an hour are free, then each client has one password in each three minutes: whatever others
try, nobody whose address is her own is locked out for longer. Codes are asked for only of whoever knows the
password; of them there is one for all together. Counted are each client, each client at each account, and at
each account all browsers together in which its user never logged in before; one in which she did has a count
of its own. Only what was wrong counts. The counters are those of ``harmhub.limits``: outside the database, by
HMACs of what they count.
"""

import math
import time
import unicodedata
from typing import NamedTuple

from django import forms
from django.http import HttpRequest
from django.utils.translation import ngettext

from harmhub import limits, sealing
from harmhub.users import known_browsers

OF_CLIENT = 30  # an hour, at whatever accounts
AT_ACCOUNT = 10  # an hour, of one client or known browser
# Over an onion service clients cannot be told apart.
OF_UNKNOWN = 1_000
PAUSE = 180  # seconds
NO_LIMIT = 2**60
# An hour, at one account, of all unknown browsers together. A password has 12 characters or more, while of a
# million codes three are right at any time.
IN_ALL = {"login": 200, "code": 20}


def counted_as(purpose: str, name: str) -> str:
    """Return the name of the counter of one account. The counter file does not show which account it is."""
    same = unicodedata.normalize("NFKC", name).strip().casefold()
    return f"{purpose} {sealing.digest(same, purpose).hex()}"


def check(request: HttpRequest, purpose: str, name: str) -> None:
    """Count one try at the account of this name. forms.ValidationError: it has to wait, and says how long."""
    # What one client tries too often is not counted for all: it must not use up everybody's share.
    if all(_may(request, counter) for counter in _counters(request, purpose, name)):
        return
    minutes = math.ceil((PAUSE - time.time() % PAUSE) / 60)
    message = ngettext(
        "Too many attempts. Please wait %(minutes)d minute, then try again.",
        "Too many attempts. Please wait %(minutes)d minutes, then try again.",
        minutes,
    )
    raise forms.ValidationError(message, code="too_many_attempts", params={"minutes": minutes})


def forgive(request: HttpRequest, purpose: str, name: str) -> None:
    """Take the try back that was counted last: it was right."""
    for counter in _counters(request, purpose, name):
        limits.give_back(counter.name, request)
        limits.give_back(_windowed(counter.name), request)


class Counter(NamedTuple):
    """What counts a try: its name, how many an hour are free, and whether one in each pause is each client's
    or everybody's."""

    name: str
    of_client: int
    of_all: int
    each_has_one: bool


def _counters(request: HttpRequest, purpose: str, name: str) -> list[Counter]:
    """Return what counts this try."""
    account = counted_as(purpose, name)
    if browser := known_browsers.number(request, counted_as("known", name)):
        return [Counter(f"{account} {browser}", NO_LIMIT, AT_ACCOUNT, each_has_one=False)]
    is_client = limits.client_key(request) is not None
    together = Counter(
        f"{account} all", NO_LIMIT, IN_ALL[purpose], each_has_one=is_client and purpose == "login"
    )
    if not is_client:
        return [Counter(purpose, NO_LIMIT, OF_UNKNOWN, each_has_one=False), together]
    return [
        Counter(purpose, OF_CLIENT, NO_LIMIT, each_has_one=True),
        Counter(account, AT_ACCOUNT, NO_LIMIT, each_has_one=True),
        together,
    ]


def _may(request: HttpRequest, counter: Counter) -> bool:
    # Both count each try.
    first = limits.allow(
        _windowed(counter.name),
        request,
        per_client=1 if counter.each_has_one else NO_LIMIT,
        in_all=NO_LIMIT if counter.each_has_one else 1,
    )
    free = limits.allow(counter.name, request, per_client=counter.of_client, in_all=counter.of_all)
    return free or first


def _windowed(counter: str) -> str:
    return f"{counter} {int(time.time() // PAUSE)}"
