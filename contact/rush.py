"""When many machines write at once: whoever sends waits half a minute first, or her browser works for it.

It begins when more messages than ``RUSH`` came within the last minutes, and ends by itself. The answer holds
what was typed and a ticket: signed, with the moment of its making, for this client and one message. It
serves after ``WAIT`` seconds, which asks for nothing but patience; a script, where there is one, finds a
number whose SHA-256 with the ticket begins with ``BITS`` zeros, and it serves at once (as Hashcash does).
"""

import hashlib
import secrets
import time

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from harmhub import limits

RUSH = 100  # messages in five to ten minutes
MINUTES = 5
WAIT, LATEST = 30, 3600  # seconds after which a ticket serves, and no longer does
BITS = 16


def count() -> None:
    """Count one message, or one that has to wait."""
    limits.tally(_span(0))


def is_on() -> bool:
    """Whether so many come that people have to wait."""
    return limits.tallied(_span(0)) + limits.tallied(_span(1)) >= RUSH


def new_ticket(request: HttpRequest) -> str:
    """Return a new ticket for this client."""
    now = int(time.time())
    return _signer(request, now).sign(f"{now}-{secrets.token_urlsafe(12)}")


def is_waiting(request: HttpRequest, ticket: str) -> bool:
    """Whether this ticket will serve after some more seconds."""
    return _age(request, ticket) is not None and not limits.tallied("contact ticket", ticket)


def serves(request: HttpRequest, ticket: str, work: str, text: str) -> bool:
    """Whether this ticket serves now, for this text. It is used up by that, but for the same text: a button
    may be pressed twice."""
    age = _age(request, ticket)
    if age is None or (age < WAIT and not is_worked_out(ticket, work)):
        return False
    if limits.tallied("contact ticket", f"{ticket} {text}"):
        return True
    used_before = limits.tallied("contact ticket", ticket, hours_ago=(1,))
    is_first = limits.tally("contact ticket", ticket) <= 1 and not used_before
    if is_first:
        limits.tally("contact ticket", f"{ticket} {text}")
    return is_first


def is_worked_out(ticket: str, work: str) -> bool:
    """Whether this number was found for this ticket."""
    if not (work.isascii() and work.isdecimal() and len(work) < 16):
        return False
    found = hashlib.sha256(f"{ticket}:{work}".encode()).digest()
    return int.from_bytes(found[:4]) >> (32 - BITS) == 0


def _age(request: HttpRequest, ticket: str) -> int | None:
    """Return the seconds since this client was given this ticket, or None: not hers, not ours, too old."""
    made = ticket.partition("-")[0]
    if not (made.isascii() and made.isdecimal() and len(made) < 16):
        return None
    age = int(time.time()) - int(made)
    if age not in range(LATEST):
        return None
    try:
        # What stands for the client changes with the hour: whoever waits over its end keeps her ticket.
        _signer(request, int(made)).unsign(ticket)
    except BadSignature:
        return None
    return age


def _signer(request: HttpRequest, made: int) -> Signer:
    # What stands for the client is only in the signature: it leaves the counters for nobody to see.
    return Signer(salt=f"contact.rush {limits.client_key(request, made)}")


def _span(before: int) -> str:
    return f"contact rush {int(time.time()) // (60 * MINUTES) - before}"
