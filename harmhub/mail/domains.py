"""How fast the recipients' domains take mail, as the sender knows it.

Only in its memory: in the database, domains lie sealed with the addresses. A sender that begins anew knows of
no rests and no turns; what was put off is due at its time all the same. One process sends at a time, over one
connection or several.
"""

import time
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings

from harmhub.mail.models import Mail
from harmhub.sealing import readable

FOR_MANY = 0.8  # of a rate. The rest is for mails to one, which must not wait until an update is out.
LATE = 1  # second: who comes by so much after her turn still has it
LONGEST = 3600  # seconds that a mail is put off
FEW = 3  # mails in a row that a domain does not want now, before it is left alone
FIRST_REST = 300  # seconds; each further one is twice as long, up to LONGEST
MANY = 50_000  # turns and domains, as far as they are remembered at least


@dataclass
class Line:
    """Those who wait for one domain. free: when the next turn is free; last: when the last was taken."""

    free: float = 0
    last: float = 0


@dataclass
class Domain:
    """One domain's two lines."""

    many: Line = field(default_factory=Line)
    one: Line = field(default_factory=Line)


@dataclass
class Refusals:
    """The mails in a row that a domain did not want now, and how often it was left alone since."""

    mails: set[UUID] = field(default_factory=set)
    rests: int = 0


class Domains:
    """What is known of the domains. Where no rate is set and none is left alone, nothing is looked up."""

    def __init__(self) -> None:
        self._lines: dict[str, Domain] = {}
        self._turns: dict[UUID, float] = {}
        self._last_turn = 0.0
        self._refusals: dict[str, Refusals] = {}
        self._resting: dict[str, float] = {}
        self._lock = Lock()  # several connections ask at once

    def wait(self, mail: Mail) -> float:
        """Return for how many seconds a mail is to be put off; 0: it may go, and is counted."""
        if not settings.MAILS_PER_DOMAIN and not self._resting:
            return 0
        domain = domain_of(mail)
        with self._lock:
            return self._wait(mail, domain, time.monotonic())

    def _wait(self, mail: Mail, domain: str, now: float) -> float:
        rates = settings.MAILS_PER_DOMAIN
        rest = self._resting.get(domain, now) - now
        if rest > 0:
            return rest
        self._resting.pop(domain, None)
        rate = rates.get(domain) or rates.get("*")
        return self._until_its_turn(mail, domain, rate, now) if rate else 0

    def _until_its_turn(self, mail: Mail, domain: str, rate: float, now: float) -> float:
        """Return how long it is until a mail has its turn, which is kept for it: it is put off once."""
        if len(self._lines) + len(self._turns) > 2 * MANY:
            self._forget_the_past(now)
        lines = self._lines.setdefault(domain, Domain())
        to_many = mail.edition_id is not None
        line = lines.many if to_many else lines.one
        share = FOR_MANY if to_many else 1 if lines.many.free <= now else 1 - FOR_MANY
        gap, turn = 1 / (rate * share), self._turns.pop(mail.pk, None)
        if turn is not None and (now - turn < LATE or now - line.last >= gap):
            line.last = now
            return 0
        free = max(line.free, now)
        if to_many and line.free <= now:  # those to one may have had all of the rate until now
            free = max(free, lines.one.free)
        if free - now >= LONGEST:
            return LONGEST
        line.free = free + gap
        if free <= now:
            line.last = now
            return 0
        self._turns[mail.pk] = free
        self._last_turn = max(self._last_turn, free)
        return free - now

    def _forget_the_past(self, now: float) -> None:
        """Forget turns of mails that were deleted, and domains for which nobody waits."""
        self._turns = {number: turn for number, turn in self._turns.items() if turn > now - LATE}
        busy = lambda lines: max(lines.many.free, lines.one.free) > now  # noqa: E731
        self._lines = {domain: lines for domain, lines in self._lines.items() if busy(lines)}

    def has_turns(self) -> bool:
        """Return whether a mail was put off until a turn that is yet to come."""
        return self._last_turn > time.monotonic() - LATE

    def took(self, mail: Mail) -> None:
        """Note that a domain takes mail, or says of one that it never will."""
        if self._refusals:
            self._refusals.pop(domain_of(mail), None)

    def refused(self, mail: Mail) -> None:
        """Note that a domain wants no mail now: too many came, or it does not know us yet (greylisting)."""
        domain = domain_of(mail)
        with self._lock:
            refusals = self._refusals.setdefault(domain, Refusals())
            refusals.mails.add(mail.pk)
            if len(refusals.mails) >= FEW:
                rest = min(FIRST_REST * 2**refusals.rests, LONGEST)
                self._resting[domain] = time.monotonic() + rest
                refusals.rests += 1


def domain_of(mail: Mail) -> str:
    """Return the domain that a mail goes to; "" where it cannot be opened."""
    try:
        return readable(mail.content)["to"].rpartition("@")[2].lower()
    except InvalidToken:
        return ""
