"""A reader's reply by mail: from the bytes of a mail to a turn of her message."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from html.parser import HTMLParser

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import ngettext
from wagtail.log_actions import log

from contact.models import Message, Turn
from contact.models.keys import sealed_for
from contact.reply_address import named_by
from harmhub.sealing import digest

LONGEST = 10_000
MOST_A_DAY = 50  # of one reader: more is no person
ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
ROBOTS = {"bulk", "junk", "list", "auto_reply"}
ABSENT = re.compile(
    r"(auto(matic)?[ -]?reply|out of (the )?office|automatische antwort|abwesenheit|r.ponse automatique"
    r"|respuesta autom.tica|resposta autom.tica|автоматический ответ)",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"^\s*(-{2,} ?(original|forwarded) message ?-{2,}|_{20,})\s*$", re.IGNORECASE)
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class NoSuchAddressError(Exception):
    """The mail is addressed to no message that there is."""


class TooManyError(Exception):
    """One reader has written too often today."""


def file_reply(raw: bytes, recipient: str = "") -> Turn | None:
    """File a mail (RFC 5322) to the message that it is addressed to, in a transaction, and tell its people.

    recipient: of the envelope, where the mail server tells it. Return what was written; None for mails by
    robots and for one that came before. NoSuchAddressError, TooManyError: nothing was kept. ValueError: it
    cannot be read as a mail.
    """
    mail = _parsed(raw)
    message = named_by(recipient or "\n".join(headers(mail, *ADDRESSED)))
    if message is None:
        raise NoSuchAddressError
    if is_by_a_robot(mail):
        return None
    words, attached = text_of(mail), attachments_of(mail)
    brought_by = digest("".join(headers(mail, "Message-ID")).strip() or repr(raw), "contact-reply")
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message.pk).first()
        if message is None:
            raise NoSuchAddressError
        return _filed(message, words, attached, brought_by)


def _parsed(raw: bytes) -> Mail:
    try:
        return message_from_bytes(raw)
    except RecursionError:  # parts within parts within parts
        raise ValueError("not a mail") from None


def _filed(message: Message, words: str, attached: int, brought_by: bytes) -> Turn | None:
    if message.turns.filter(brought_by=brought_by).exists():
        return None
    today = message.turns.filter(written_at__gt=timezone.now() - timedelta(days=1))
    if today.filter(kind=Turn.Kind.READER).count() >= MOST_A_DAY:
        raise TooManyError
    turn = message.turns.create(kind=Turn.Kind.READER, text=sealed_for(message, words), brought_by=brought_by)
    if attached:
        message.turns.create(kind=Turn.Kind.NOTE, text=_about_attachments(attached))
    message.heard_at = turn.written_at
    message.save(update_fields=["heard_at"])
    if message.closed_at:
        message.reopen()
    if not message.quarantined_at:
        message.tell_of_more(turn.text)
    log(instance=message, action="contact.reply")
    return turn


def _about_attachments(number: int) -> str:
    with translation.override(None):
        words = ngettext(
            "%d attachment came with it and was not kept.",
            "%d attachments came with it and were not kept.",
            number,
        )
        return words % number


def headers(mail: Mail, *names: str) -> list[str]:
    """Return the values of all headers with these names, decoded (RFC 2047)."""
    return [_legible(str(value)) for name in names for value in mail.get_all(name, [])]


def _legible(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def is_by_a_robot(mail: Mail) -> bool:
    """Whether nobody wrote it: absence notes, bounces, lists (RFC 3834, RFC 6522)."""
    submitted = "".join(headers(mail, "Auto-Submitted")).strip().lower()
    return bool(
        (submitted and not submitted.startswith("no"))
        or {value.strip().lower() for value in headers(mail, "Precedence")} & ROBOTS
        or headers(mail, "X-Autoreply", "X-Autorespond", "List-Id")
        or "<>" in [value.strip() for value in headers(mail, "Return-Path")]
        or mail.get_content_type() == "multipart/report"
        or any(ABSENT.match(subject.strip()) for subject in headers(mail, "Subject"))
    )


def text_of(mail: Mail) -> str:
    """Return the words: of the first plain part, else of the first in HTML, without the mail that they
    answer; at most 10,000 characters."""
    parts = [part for part in mail.walk() if not part.is_multipart() and not _is_attached(part)]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    html = [part for part in parts if part.get_content_type() == "text/html"]
    text = _decoded(plain[0]) if plain else _Words.of(_decoded(html[0])) if html else ""
    text = UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return without_quote(text)[:LONGEST].strip()


def attachments_of(mail: Mail) -> int:
    """Return how many files came along."""
    return sum(_is_attached(part) for part in mail.walk() if not part.is_multipart())


def _is_attached(part: Mail) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    named = bool(part.get_param("name") or part.get_param("filename", header="content-disposition"))
    return disposition.startswith("attachment") or named or part.get_content_maintype() != "text"


def _decoded(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):  # an encoding that nobody knows
        return payload.decode("utf-8", errors="replace")


def without_quote(text: str) -> str:
    """Return a text without the quoted mail at its end and the line that announces it. One that holds nothing
    else, or has words below the quote, stays as it is."""
    lines = text.rstrip().split("\n")
    cut = next((place for place, line in enumerate(lines) if SEPARATOR.match(line)), None)
    if cut is None:
        cut = len(lines)
        while cut and (lines[cut - 1].startswith(">") or not lines[cut - 1].strip()):
            cut -= 1
        if not any(line.startswith(">") for line in lines[cut:]):
            return text
        if cut and lines[cut - 1].rstrip().endswith(":"):
            cut -= 1
            if cut and lines[cut - 1].strip() and "@" in lines[cut - 1]:  # it was too long for one line
                cut -= 1
    return "\n".join(lines[:cut]).rstrip() or text


class _Words(HTMLParser):
    """Takes the words out of HTML."""

    BREAKS = frozenset(("br", "p", "div", "li", "tr", "h1", "h2", "h3"))
    SILENT = frozenset(("style", "script", "head", "title", "blockquote"))

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    @classmethod
    def of(cls, html: str) -> str:
        parser = cls()
        parser.feed(html)
        parser.close()
        return re.sub(r"\n{3,}", "\n\n", "".join(parser.words)).strip()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.silent += tag in self.SILENT
        if tag in self.BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in self.SILENT))

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(re.sub(r"\s+", " ", data))
