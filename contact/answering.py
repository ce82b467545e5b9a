"""Answers: kept for the reader's page on the site, and sent by mail to who wanted that."""

from collections.abc import Iterable
from typing import Any

from cryptography.fernet import InvalidToken
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from contact.acts import Done, State, hold, is_repeated, state_of
from contact.models import Message, Turn
from contact.reply_address import reply_address
from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.sealing import readable


def answer(message: Message, user: Any, text: str, doubles: Iterable[Message] = ()) -> Done:
    """Answer a locked message, and locked doubles of it, each to its own reader. The same again within a
    minute is one. Mails leave after two minutes; until then all of it can be undone."""
    if is_repeated(message, user, Turn.Kind.ANSWER, text):
        return Done()
    turns, states = [_answer(message, user, text)], {}
    for double in doubles:
        before: State = state_of(double)
        turns.append(_answer(double, user, text))
        states[double.pk] = (before, state_of(double))
    return Done(states, [turn.pk for turn in turns], hold(turn.mail for turn in turns if turn.mail))


def _answer(message: Message, user: Any, text: str) -> Turn:
    turn = Turn(message=message, kind=Turn.Kind.ANSWER, text=text, author=user)
    turn.mail = _post(message, text) if wants_mail(message) else None
    turn.save()
    message.answered_at = turn.written_at
    message.heard_at = min(message.heard_at, turn.written_at)  # it lies ahead where the clock was wrong
    message.assigned_to = message.assigned_to or (None if message.closed_at else user)
    message.save(update_fields=["answered_at", "heard_at", "assigned_to"])
    return turn


def wants_mail(message: Message) -> bool:
    """Whether its answers go by mail: the reader wanted that, and her address can be read."""
    try:
        return message.answer_by == Message.AnswerBy.MAIL and bool(readable(message.address))
    except InvalidToken:
        return False


def _post(message: Message, text: str) -> Mail:
    """Post an answer: without a word of the reader, and to who asked for discretion without the names of
    topic and organisation around it."""
    with translation.override(message.language):
        sender = _("Your question") if message.is_discreet else ""
        context = {
            "reference": message.reference,
            "is_discreet": message.is_discreet,
            "answer": text,
            "replies": bool(address := reply_address(message)),
            "page": mail.public_url(reverse("contact:look_up")),
        }
    return mail.post(
        purpose="contact-answer",
        to=message.address,
        template="contact-answer",
        context=context,
        language=message.language,
        # RFC 3834: somebody wrote it.
        headers={"Auto-Submitted": "no"} | ({"Reply-To": address} if address else {}),
        sender=sender,
    )
