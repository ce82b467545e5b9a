"""The sender: claims a mail, commits, hands it to the server outside any transaction, and records the answer.

It may be killed at any point. Until the answer is recorded the mail is claimed, and it goes out again when
the claim has lapsed: at most the one mail that was on the wire can arrive twice, with the same Message-ID.
"""

import contextlib
import logging
import re
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.mail import mailers
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from harmhub.mail import refused
from harmhub.mail.checkpoint import database_is_restored, note_sending
from harmhub.mail.composing import build
from harmhub.mail.domains import Domains
from harmhub.mail.models import Edition, Mail
from harmhub.mail.printing import Printed
from harmhub.mail.return_path import return_path
from harmhub.mail.schedule import next_wait
from harmhub.sealing import readable
from harmhub.waking import wake

OUTGOING = "outgoing"  # the mailer that really sends; the default one only queues
logger = logging.getLogger(__name__)

RUN_SECONDS = 50  # then another job goes on, so that other jobs get their turn
RECORDING_WAITS = (0.2, 0.5, 1, 2, 4, 8)
ENHANCED_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463
POLICY = "5.7."  # security or policy status: relaying denied, log-in required, an unwanted server
CLOSING = 421
TOO_MANY = " 4.7."  # greylisting, and limits of how much we may send
SOON, LONGEST_PAUSE = 60, 1  # seconds
MOST_EDITIONS = 200  # at hand, of some 20 kB each: a run with many lists has as many


class Verdict(Enum):
    """What became of one mail."""

    SENT = "sent"
    LATER = "refused for now"
    NEVER = "refused for good"
    LOST = "no answer after it was handed over"
    UNREACHED = "no answer before it was handed over"
    CLOSED = "the connection had been closed since the last mail"


DOMAINS = Domains()  # of this process, from run to run
NO_ANSWER = {Verdict.LOST, Verdict.UNREACHED, Verdict.CLOSED}


@dataclass(frozen=True)
class Outcome:
    """A verdict and, without any words that could name somebody, why."""

    verdict: Verdict
    answer: str = ""

    @classmethod
    def of_reply(cls, code: int, text: bytes | str, *, about_us: bool = False) -> "Outcome":
        """Return what a reply means. A refusal of us, the sender, or of our right to send says nothing of the
        recipient."""
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        status = ENHANCED_STATUS.match(words.strip())
        about_us = about_us or bool(status and status[0].startswith(POLICY))
        verdict = Verdict.NEVER if code >= 500 and not about_us else Verdict.LATER
        return cls(verdict, f"{code} {status[0] if status else ''}".strip())

    @property
    def is_of_too_many(self) -> bool:
        """Whether a mail was refused for now because of how many came, or from whom."""
        is_of_us = self.answer.startswith(str(CLOSING)) or TOO_MANY in self.answer
        return self.verdict is Verdict.LATER and is_of_us


class Line:
    """The connection to the mail server: one for a whole run, opened again when the server has closed it."""

    def __init__(self) -> None:
        self.backend = mailers[OUTGOING]
        self.answered = 0
        self._editions: dict[int, Edition] = {}
        self._printed: dict[int, Printed | None] = {}

    def open(self) -> bool:
        """Have an open connection; return whether there is one. A refused log-in counts as no server."""
        try:
            if self.backend.open():
                self.answered = 0
        except OSError as problem:  # smtplib's errors are OSErrors
            logger.warning("mail server not reached (%s); the queue waits", type(problem).__name__)
            self.close()
            return False
        return True

    def close(self) -> None:
        """Hang up; a server that is gone is no error here."""
        with contextlib.suppress(OSError):
            self.backend.close()

    def hand_over(self, mail: Mail) -> Outcome:
        """Send one mail; return what the server said. Closes the connection when it is no longer good."""
        outcome = self._send(mail)
        if outcome.verdict is Verdict.UNREACHED and self.answered:
            outcome = Outcome(Verdict.CLOSED, outcome.answer)
        if outcome.verdict in NO_ANSWER or outcome.answer.startswith(str(CLOSING)):
            self.close()
        else:
            self.answered += 1
        return outcome

    def _with_edition(self, mail: Mail) -> Mail:
        """Return the mail with its edition at hand: there are many mails of few."""
        if mail.edition_id is not None:
            if mail.edition_id not in self._editions:
                if len(self._editions) == MOST_EDITIONS:
                    self._editions.clear()
                    self._printed.clear()
                self._editions[mail.edition_id] = Edition.objects.get(pk=mail.edition_id)
            mail.edition = self._editions[mail.edition_id]
        return mail

    def _hand_over(self, mail: Mail) -> None:
        """Give the mail to the server; one of an edition as the bytes that were made once for all."""
        hand_over = getattr(self.backend, "hand_over", None)
        if hand_over and mail.edition:
            own = readable(mail.content)
            if mail.edition.pk not in self._printed:
                self._printed[mail.edition.pk] = Printed.of(mail.edition, own["headers"])
            if printed := self._printed[mail.edition.pk]:
                sender = return_path(mail.pk) or printed.sender
                return hand_over(sender, own["to"], printed.for_reader(own))
        self.backend.send_messages([build(mail.told, envelope=return_path(mail.pk))])
        return None

    def _send(self, mail: Mail) -> Outcome:
        try:
            self._hand_over(self._with_edition(mail))
        except smtplib.SMTPRecipientsRefused as refusal:
            return Outcome.of_reply(*next(iter(refusal.recipients.values())))
        except smtplib.SMTPDataError as refusal:
            return Outcome.of_reply(refusal.smtp_code, refusal.smtp_error)
        except smtplib.SMTPSenderRefused as refusal:
            return Outcome.of_reply(refusal.smtp_code, refusal.smtp_error, about_us=True)
        except OSError as problem:
            lost = getattr(self.backend, "handed_over", False)
            return Outcome(Verdict.LOST if lost else Verdict.UNREACHED, type(problem).__name__)
        except Exception as problem:  # whatever is wrong with this mail must not hold up the others
            logger.error("mail %s could not be made: %s", mail.pk, type(problem).__name__)
            return Outcome(Verdict.LATER, type(problem).__name__[:40])
        return Outcome(Verdict.SENT)


def send_due_mail(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send until nothing is due, the server is away or the time is over, over as many connections at once as
    ``MAIL_CONNECTIONS`` says; return how many were sent."""
    if not Mail.objects.due().exists() and not _pause():
        return 0
    ends = time.monotonic() + RUN_SECONDS
    # After a backup was restored, mails to many may have gone out that wait still: somebody has to decide.
    claim = partial(_claim, ends, should_stop, single=database_is_restored())
    sent = Counted()
    try:
        _send_on_all(claim, ends, should_stop, sent)
    finally:
        if sent.number:  # also where one of several could not go on
            _surely(note_sending)
    return sent.number


class Counted:
    """How many mails were sent, over all connections."""

    def __init__(self) -> None:
        self.number = 0
        self._lock = Lock()

    def add(self, number: int) -> None:
        """Count some more."""
        with self._lock:
            self.number += number


def _send_on_all(
    claim: Callable[..., Mail | None], ends: float, should_stop: Callable[[], bool], sent: Counted
) -> None:
    """Send over all connections. An error in one of them is raised when all have ended."""
    senders = settings.MAIL_CONNECTIONS
    if senders == 1:
        _send_on_one(claim, ends, should_stop, sent)
        return
    with ThreadPoolExecutor(senders) as threads:
        each = [threads.submit(_send_beside, claim, ends, should_stop, sent) for _ in range(senders)]
    for one in each:
        one.result()


def _send_beside(*given: Any) -> None:
    """Send over one of several connections, in a thread with a database connection of its own."""
    try:
        _send_on_one(*given)
    finally:
        connection.close()


def _send_on_one(
    claim: Callable[..., Mail | None], ends: float, should_stop: Callable[[], bool], sent: Counted
) -> None:
    """Send what is claimed over one connection to the server, and count it."""
    line, gap = Line(), settings.MAIL_CONNECTIONS / settings.MAILS_PER_SECOND
    try:
        begun = time.monotonic()
        mail = claim() if line.open() else None
        while mail:
            if wait := DOMAINS.wait(mail):
                _surely(partial(_hold_back, mail, wait))
                if time.monotonic() > ends:
                    _go_on()
                    break
                mail = claim() if not should_stop() else None
                continue
            outcome = line.hand_over(mail)
            _heed(mail, outcome)
            is_sent, is_late = outcome.verdict is Verdict.SENT, time.monotonic() > ends
            sent.add(is_sent)
            rest = begun + gap - time.monotonic()
            if is_sent and not is_late and rest <= 0 and not should_stop():
                begun, mail = time.monotonic(), claim(mail)
                continue
            _surely(partial(_record, mail, outcome))
            if outcome.verdict in {Verdict.LOST, Verdict.UNREACHED}:
                logger.warning("mail server gone (%s); the queue waits", outcome.answer)
                break
            if is_late:
                _go_on()
                break
            if rest > 0:
                time.sleep(rest)  # before the next is claimed: whoever leaves meanwhile gets it no more
            begun = time.monotonic()
            mail = claim() if not should_stop() and line.open() else None
    finally:
        line.close()


def _claim(
    ends: float, should_stop: Callable[[], bool], sent: Mail | None = None, *, single: bool
) -> Mail | None:
    """Return the next due mail, claimed; also one that was put off until its domain's next turn, if that
    comes soon. sent: as ``MailQuerySet.claim``."""
    mail = _surely(partial(Mail.objects.claim, sent, single=single))
    while mail is None and not should_stop() and (pause := _pause()):
        if time.monotonic() > ends:
            _go_on()
            return None
        time.sleep(pause)
        mail = _surely(partial(Mail.objects.claim, single=single))
    return mail


def _pause() -> float:
    """Return for how many seconds to wait for a mail that was put off; 0: none comes soon. Never for long:
    others may be written meanwhile."""
    if not DOMAINS.has_turns():
        return 0
    waiting = Mail.objects.unclaimed().filter(due_at__gt=timezone.now()).order_by("due_at")
    due_at = waiting.values_list("due_at", flat=True).first()
    wait = (due_at - timezone.now()).total_seconds() if due_at else SOON
    return 0 if wait >= SOON else min(max(wait, 0.01), LONGEST_PAUSE)


def _go_on() -> None:
    """Have another job send the rest."""
    from harmhub.mail.tasks import send_due  # which imports this module

    wake(send_due)


def _heed(mail: Mail, outcome: Outcome) -> None:
    """Note what an answer says of the domain."""
    if outcome.verdict in {Verdict.SENT, Verdict.NEVER}:
        DOMAINS.took(mail)
    elif outcome.is_of_too_many:
        DOMAINS.refused(mail)


def _hold_back(mail: Mail, seconds: float) -> None:
    """Put a mail off, without a try: it is not its turn."""
    held = Mail.objects.waiting().filter(pk=mail.pk, claimed_until=mail.claimed_until)
    held.update(claimed_until=None, due_at=timezone.now() + timedelta(seconds=seconds))


def _surely[Found](record: Callable[[], Found]) -> Found:
    """Record something, also while the database restarts: an unrecorded mail would be sent twice."""
    for wait in RECORDING_WAITS:
        try:
            return record()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(wait)
    return record()


def _record(mail: Mail, outcome: Outcome) -> None:
    """Write down what became of a mail. Sent is sent; all else only who holds the claim may say."""
    row = Mail.objects.waiting().filter(pk=mail.pk)
    held = row.filter(claimed_until=mail.claimed_until)
    tried = {"claimed_until": None, "attempts": F("attempts") + 1, "last_answer": outcome.answer}
    now = timezone.now()
    match outcome.verdict:
        case Verdict.SENT:
            row.update(sent_at=now, **tried)
        case Verdict.UNREACHED if _drives_the_server_away(mail):
            _put_off(mail, held, tried)
        case Verdict.UNREACHED | Verdict.CLOSED:
            # No attempt: the server was away, not the mail refused. It goes behind the others, in case it is
            # what drives the server away.
            held.update(claimed_until=None, due_at=now, last_answer=outcome.answer)
        case Verdict.NEVER:
            _give_up(mail, held, tried)
        case Verdict.LATER | Verdict.LOST:
            _put_off(mail, held, tried)


def _put_off(mail: Mail, held: QuerySet[Mail], tried: dict[str, Any]) -> None:
    """Have the mail tried again by the schedule, or give it up at its end."""
    now, wait = timezone.now(), next_wait(mail.attempts + 1)
    held.update(**tried, **({"due_at": now + wait} if wait else {"failed_at": now}))


def _drives_the_server_away(mail: Mail) -> bool:
    """Whether this mail found no answer once more, although one that was written later has been sent."""
    return bool(mail.last_answer) and Mail.objects.sent().filter(created_at__gt=mail.created_at).exists()


def _give_up(mail: Mail, held: QuerySet[Mail], tried: dict[str, Any]) -> None:
    """Record a refusal for good and tell who listens, in one transaction. Failing listeners undo nothing."""
    with transaction.atomic():
        if not held.update(failed_at=timezone.now(), **tried):
            return
        logger.info("mail %s refused for good: %s", mail.pk, tried["last_answer"])
        try:
            with transaction.atomic():
                refused.send(sender=Mail, mail=mail)
        except (OperationalError, InterfaceError):
            raise
        except Exception as problem:
            logger.error("after the refusal of mail %s: %s", mail.pk, type(problem).__name__)
