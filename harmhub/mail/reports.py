"""What a message to the bounce address says: that a mail could not be delivered (RFC 3464), that its reader
complained (RFC 5965), or nothing (somebody is on holiday)."""

import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from uuid import UUID

from harmhub.mail.bounces import kind_of, mail_named, record
from harmhub.mail.models import Bounce
from harmhub.mail.parsing import parsed
from harmhub.mail.return_path import mail_at

MOST_BYTES = 256 * 1024  # what a message says stands before what it returns
# Where the address stands that a message was sent to, whatever became of To on the way.
ADDRESSED_BY = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To")
COMPLAINTS = {"abuse", "fraud", "opt-out"}
AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")


@dataclass(frozen=True)
class Report:
    """What was said. kind: None where it is nothing to us. mail_id: None where no mail of ours is named."""

    kind: Bounce.Kind | None
    mail_id: UUID | None = None


def take(raw: bytes) -> Report | None:
    """Read a message, cut at MOST_BYTES, and record what it says; return that. None: it was not understood,
    or is of no mail of ours."""
    try:
        report = read(raw)
    except RecursionError:  # mails within mails within mails
        return None
    if report is None or report.kind is None:
        return report
    if report.mail_id is None:
        return None
    # A complaint is for ever, and whoever was passed the mail on with its headers could send one. So it holds
    # until the reader signs up anew. Only a provider is believed more.
    is_complaint = report.kind is Bounce.Kind.COMPLAINT
    record(Bounce.Kind.HARD if is_complaint else report.kind, mail_id=report.mail_id)
    return report


def read(raw: bytes) -> Report | None:
    """Return what a message says, None where that is not understood."""
    try:
        message = parsed(raw)
    except ValueError:
        return None
    for part in message.walk():
        match part.get_content_type():
            case "message/delivery-status":
                blocks = _blocks(part)
                return _report(_delivery(blocks), message, blocks)
            case "message/feedback-report":
                blocks = _blocks(part)
                return _report(_feedback(blocks), message, blocks)
            case "message/disposition-notification":
                return Report(None)
    if "X-Failed-Recipients" in message:  # Exim, before it knew of RFC 3464
        return _report(kind_of(_text(message)) or Bounce.Kind.SOFT, message, [])
    return Report(None) if _is_automatic(message) else None


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields in a report."""
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def _delivery(blocks: list[Message]) -> Bounce.Kind | None:
    """Return what became of the mail: one that is delayed may yet arrive."""
    for block in blocks:
        if _field(block, "Action").lower() == "failed":
            status, diagnosis = _field(block, "Status"), _field(block, "Diagnostic-Code")
            # 5.0.0 and 4.0.0 say nothing that what the server said does not say better.
            told = (diagnosis, status) if ".0.0" in status else (status, diagnosis)
            return next(filter(None, map(kind_of, told)), Bounce.Kind.SOFT)
    return None


def _feedback(blocks: list[Message]) -> Bounce.Kind | None:
    is_complaint = any(_field(block, "Feedback-Type").lower() in COMPLAINTS for block in blocks)
    return Bounce.Kind.COMPLAINT if is_complaint else None


def _report(kind: Bounce.Kind | None, message: Message, blocks: list[Message]) -> Report:
    """Return a report with the mail that it is about."""
    if kind is None:
        return Report(None)
    returned = list(_returned(message))
    addresses = [
        *(_field(message, name) for name in ADDRESSED_BY),
        *(_field(each, name) for each in blocks for name in ("Original-Envelope-Id", "Original-Mail-From")),
        *(_field(each, "Return-Path") for each in returned),
    ]
    if number := mail_at(" ".join(addresses)):
        return Report(kind, number)
    named = (mail_named(_field(each, "Message-ID")) for each in returned)
    return Report(kind, next(filter(None, named), None))


def _returned(message: Message) -> Iterator[Message]:
    """Yield the headers of what is sent back: the mail itself, or only its headers (RFC 3462)."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            yield from _blocks(part)
        elif part.get_content_type() == "text/rfc822-headers":
            yield HeaderParser(policy=email.policy.compat32).parsestr(_text(part))


def _is_automatic(message: Message) -> bool:
    """Whether a program answered for somebody (RFC 3834, and what is older)."""
    answered = _field(message, "Auto-Submitted").lower() not in {"", "no"}
    precedence = _field(message, "Precedence").lower().replace("-", "_") in {"auto_reply", "junk", "bulk"}
    return answered or precedence or any(name in message for name in AUTOMATIC)


def _field(message: Message, name: str) -> str:
    """Return a header on one line, all of them where there are several."""
    return " ".join(" ".join(str(value).split()) for value in message.get_all(name, []))


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("ascii", errors="replace") if isinstance(payload, bytes) else ""
