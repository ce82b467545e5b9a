"""The mailbox to which undeliverable mail comes back.

What was understood and recorded is deleted. What was not stays, flagged as read, for people to look at.
"""

import imaplib
import logging
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from harmhub.mail.mailbox import Mailbox, checked, opened
from harmhub.mail.reports import MOST_BYTES, take

logger = logging.getLogger(__name__)
MOST_MESSAGES = 500  # in one run


@dataclass
class Tally:
    """How many messages told of a mail that bounced, how many of nothing, and how many were left."""

    bounces: int = 0
    nothing: int = 0
    left: int = 0

    def __str__(self) -> str:
        return f"{self.bounces} bounces, {self.nothing} without news, {self.left} not understood"


def read_inbox(mailbox: Mailbox) -> Tally | None:
    """Read the new messages in a mailbox; return how many there were. None: it cannot be read now."""
    tally = Tally()
    try:
        with opened(mailbox) as session:
            for number in _new(session)[:MOST_MESSAGES]:
                _read(session, number, tally)
    except (imaplib.IMAP4.error, OSError) as problem:
        # Not its words, in which the server may name whom it likes.
        logger.warning("the bounces' mailbox cannot be read (%s)", type(problem).__qualname__)
        return None
    except (OperationalError, InterfaceError):
        logger.warning("the bounces' mailbox is read later: the database is away")
        return None
    if tally != Tally():
        logger.info("in the bounces' mailbox: %s", tally)
    return tally


def _new(session: imaplib.IMAP4) -> list[str]:
    """Return the numbers (UIDs) of the messages that nobody has read."""
    (found,) = checked(session.uid("SEARCH", "UNSEEN", "UNDELETED"))
    return (found or b"").decode().split()


def _read(session: imaplib.IMAP4, number: str, tally: Tally) -> None:
    """Take one message in; delete it when that is recorded. Whatever is wrong with it, the others go on."""
    fetched = checked(session.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
    raw = next((each[1] for each in fetched if isinstance(each, tuple)), b"")
    try:
        report = take(raw)
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:  # its text may hold addresses
        logger.error("a message in the bounces' mailbox cannot be read: %s", type(problem).__name__)
        report = None
    if report is None:
        tally.left += 1
    elif report.kind is None:
        tally.nothing += 1
    else:
        tally.bounces += 1
    checked(session.uid("STORE", number, "+FLAGS.SILENT", r"(\Deleted)" if report else r"(\Seen)"))
