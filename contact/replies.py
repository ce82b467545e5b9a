"""A reader's reply by mail: from the bytes of a mail to a turn of her message."""

from datetime import timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import getaddresses

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext
from wagtail.log_actions import log

from contact.models import Message, Turn
from contact.models.keys import sealed_for
from contact.reply_address import named_by
from contact.reply_text import attachments_of, text_of
from harmhub.mail.parsing import LONGEST_TO_PARSE, parsed
from harmhub.sealing import address_digest, digest

MOST_A_DAY = 50  # of one reader: more is no person
ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
ROBOTS = {"bulk", "junk", "list", "auto_reply"}


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
    mail = parsed(raw)
    message = named_by(recipient or "\n".join(headers(mail, *ADDRESSED)))
    if message is None:
        raise NoSuchAddressError
    if is_by_a_robot(mail):
        return None
    words, attached, sender = text_of(mail), attachments_of(mail), sender_of(mail)
    brought_by = digest("".join(headers(mail, "Message-ID")).strip() or repr(raw), "contact-reply")
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message.pk).first()
        if message is None:
            raise NoSuchAddressError
        return _filed(message, words, attached, brought_by, sender)


def _filed(message: Message, words: str, attached: int, brought_by: bytes, sender: str) -> Turn | None:
    if message.turns.filter(brought_by=brought_by).exists():
        return None
    today = message.turns.filter(written_at__gt=timezone.now() - timedelta(days=1))
    if today.filter(kind=Turn.Kind.READER).count() >= MOST_A_DAY:
        raise TooManyError
    turn = message.turns.create(kind=Turn.Kind.READER, text=sealed_for(message, words), brought_by=brought_by)
    if attached:
        message.turns.create(kind=Turn.Kind.NOTE, text=_about_attachments(attached))
    if address_digest(sender) != bytes(message.address_digest or b""):
        message.turns.create(kind=Turn.Kind.NOTE, text=_about_another_sender())
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


def _about_another_sender() -> str:
    with translation.override(None):
        return gettext(
            "This reply came from another address than the reader's. It may be from somebody else: "
            "an answer still goes to the address that she left."
        )


def headers(mail: Mail, *names: str) -> list[str]:
    """Return the values of all headers with these names, decoded (RFC 2047) unless they are long."""
    return [_legible(str(value)) for name in names for value in mail.get_all(name, [])]


def _legible(value: str) -> str:
    if len(value) > LONGEST_TO_PARSE:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def sender_of(mail: Mail) -> str:
    """Return the address that the mail says it is from; "" where it names none or several. Not decoded: an
    encoded name can look like an address."""
    values = [str(value)[:LONGEST_TO_PARSE] for value in mail.get_all("From", [])]
    addresses = [address for _, address in getaddresses(values)] if len(values) == 1 else []
    return addresses[0] if len(addresses) == 1 else ""


def is_by_a_robot(mail: Mail) -> bool:
    """Whether nobody wrote it: absence notes, bounces, lists (RFC 3834, RFC 6522)."""
    submitted = "".join(headers(mail, "Auto-Submitted")).strip().lower()
    return bool(
        (submitted and not submitted.startswith("no"))
        or {value.strip().lower() for value in headers(mail, "Precedence")} & ROBOTS
        or headers(mail, "X-Autoreply", "X-Autorespond", "List-Id")
        or "<>" in [value.strip() for value in headers(mail, "Return-Path")]
        or mail.get_content_type() == "multipart/report"
    )
