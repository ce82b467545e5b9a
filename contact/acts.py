"""What the team does with messages. Each act changes locked messages in its caller's transaction, and says
enough of what it did that it can be undone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contact.models import Message, Turn
from contact.models.turns import ANSWER_WAITS, waits
from harmhub.mail.models import Mail
from harmhub.users.models import User

# What acts change in a message, and undoing puts back.
CHANGED = (
    "topic",
    "assigned_to",
    "answered_at",
    "closed_at",
    "quarantined_at",
    "quarantine_reason",
    "double_of",
)
UNDO_SECONDS = 60 * 60
SALT = "contact.undo"
State = dict[str, Any]


class ActError(Exception):
    """It cannot be done; the words say why, for people."""


@dataclass
class Done:
    """What an act did: to which messages, by the number of each its state before and after; what was
    written; which mails wait."""

    states: dict[int, tuple[State, State]] = field(default_factory=dict)
    turns: list[int] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.turns or any(before != after for before, after in self.states.values()))

    def token(self, user: Any) -> str:
        """Return what undoes it, for this user and an hour; signed, and without a word of a reader."""
        told = [user.pk, {str(pk): states for pk, states in self.states.items()}, self.turns, self.mails]
        return signing.dumps(told, salt=SALT, compress=True)

    @classmethod
    def of_token(cls, token: str, user: Any) -> "Done":
        """Return what a token tells. ActError: it is none, too old, or somebody else's."""
        try:
            whose, states, turns, mails = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
        except signing.BadSignature:
            raise ActError(_("It is too late to undo this.")) from None
        if whose != user.pk:
            raise ActError(_("Only who did it can undo it."))
        return cls({int(pk): (before, after) for pk, (before, after) in states.items()}, turns, mails)


def state_of(message: Message) -> State:
    """Return what acts may change in a message, as JSON."""
    rows: list[Any] = [Message._meta.get_field(name) for name in CHANGED]
    values = {row.name: getattr(message, row.attname) for row in rows}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def locked(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Return these messages, locked until the transaction ends, without their words."""
    return messages.select_for_update(of=("self",)).defer("text", "name", "address")


def doing(act: Callable[..., Done | None], message: Message, *given: Any) -> Done:
    """Do something with a locked message; return what was done to it, and to others."""
    before = state_of(message)
    found = act(message, *given)
    done = Done() if found is None else found
    done.states[message.pk] = (before, state_of(message))
    return done


def undo(done: Done, user: Any) -> None:
    """Put back what an act did. Call it in a transaction. ActError: things went on meanwhile, or this user
    sees a message no more that she did not move away herself; nothing is changed."""
    seen = set(Message.objects.seen_by(user).filter(pk__in=done.states).values_list("pk", flat=True))
    moved = {pk for pk, (before, after) in done.states.items() if before["topic"] != after["topic"]}
    if set(done.states) - seen - moved:
        raise ActError(_("This message is another team’s now."))
    # In the order in which an answer locks them: a message before its doubles.
    order = (F("double_of").asc(nulls_first=True), "pk")
    changed = locked(Message.objects.filter(pk__in=done.states).order_by(*order))
    messages = {each.pk: each for each in changed}
    if {pk: after for pk, (_before, after) in done.states.items()} != {
        pk: state_of(message) for pk, message in messages.items()
    }:
        raise ActError(_("Something else happened to the message meanwhile, so this was not undone."))
    turns = list(Turn.objects.select_for_update().filter(pk__in=done.turns).only("kind", "written_at"))
    mails = list(Mail.objects.select_for_update().filter(pk__in=done.mails).defer("content"))
    answers = [turn for turn in turns if turn.kind == Turn.Kind.ANSWER]
    if len(turns) != len(done.turns):
        raise ActError(_("This was undone already."))
    left = [mail for mail in mails if has_left(mail)]
    if answers and (left or not all(waits(turn.written_at) for turn in answers)):
        raise ActError(_("The answer has left already: it cannot be taken back."))
    Turn.objects.filter(pk__in=done.turns).delete()
    Mail.objects.filter(pk__in={mail.pk for mail in mails} - {mail.pk for mail in left}).delete()
    for pk, (before, _after) in done.states.items():
        put_back(messages[pk], before)


def has_left(mail: Mail) -> bool:
    """Whether a mail was sent, or a sender is just handing it over."""
    return bool(mail.sent_at or (mail.claimed_until and mail.claimed_until > timezone.now()))


def put_back(message: Message, state: State) -> None:
    """Give a message the state that it had; what is gone meanwhile it had not."""
    for name, value in state.items():
        row: Any = Message._meta.get_field(name)
        gone = row.related_model and not row.related_model._base_manager.filter(pk=value).exists()
        setattr(message, row.attname, None if gone else row.to_python(value))
    message.warned_at = None  # the day on which it is deleted may be another one
    message.save(update_fields=[*CHANGED, "warned_at"])


def hold(mails: Iterable[Mail], wait: timedelta = ANSWER_WAITS) -> list[str]:
    """Have mails that were just posted leave some minutes later; return their numbers."""
    numbers = [mail.pk for mail in mails]
    Mail.objects.filter(pk__in=numbers).update(due_at=timezone.now() + wait)
    return [str(number) for number in numbers]


def colleagues(message: Message) -> QuerySet[User]:
    """Return who may do something with a message: those of its team who may change messages at all, A to
    Z."""
    backend = "django.contrib.auth.backends.ModelBackend"
    able = User.objects.with_perm("contact.change_message", backend=backend).filter(is_active=True)
    if team := message.team_number:
        able = able.filter(Q(is_superuser=True) | Q(groups=team))
    return able.distinct().order_by("first_name", "last_name", "username")


def take(message: Message, user: Any) -> None:
    """Have it be somebody's own. ActError: somebody else has it."""
    if message.assigned_to_id not in (None, user.pk):
        raise ActError(_("Somebody else has taken it meanwhile."))
    assign(message, user)


def assign(message: Message, user: Any) -> None:
    """Give it to somebody; None: to nobody."""
    message.assigned_to = user
    message.save(update_fields=["assigned_to"])


def note(message: Message, user: Any, text: str) -> Done:
    """Write a note, for the team alone. The same again within a minute is one."""
    if is_repeated(message, user, Turn.Kind.NOTE, text):
        return Done()
    return Done(turns=[message.turns.create(kind=Turn.Kind.NOTE, text=text, author=user).pk])


def is_repeated(message: Message, user: Any, kind: str, text: str) -> bool:
    """Whether somebody wrote the same within the minute: a button that was pressed twice."""
    return any(turn.text == text for turn in message.turns.recent().filter(kind=kind, author=user))


def move(message: Message, topic: Any) -> Done:
    """Put it to another topic. Its people are told, in two minutes; whoever had it and does not see it any
    more has it no longer. Another team does not see its doubles, nor what it is a double of: these are
    messages of their own again."""
    if topic == message.topic:
        return Done()
    before = message.team_number
    message.topic, message.warned_at = topic, None
    message.save(update_fields=["topic", "warned_at"])
    if message.team_number != before:
        message.let_doubles_go()
        if message.double_of_id and not message.answered_at:
            separate(message)
    if message.assigned_to_id and not colleagues(message).filter(pk=message.assigned_to_id).exists():
        assign(message, None)
    if message.closed_at or message.quarantined_at:
        return Done()
    message.notified_at = None
    return Done(mails=hold(message.tell_people()))


def merge(message: Message, main: Message) -> None:
    """Close a message as a double of another. Nothing of one reader is shown to the other: the double keeps
    its own page, and what is answered to the main one from now on is sent to both. ActError: it cannot be."""
    if message == main:
        raise ActError(_("This is the message itself."))
    main = _locked_at_once(main)
    if main.quarantined_at:
        raise ActError(_("That message is held back as spam."))
    if main.double_of_id:
        raise ActError(_("That message is a double itself: give the reference of the one it belongs to."))
    if main.closed_at or (main.answered_at and main.answered_at >= main.heard_at):
        raise ActError(
            _("That message is answered or closed: no answer is to come, so answer this one itself.")
        )
    if message.doubles.exists():
        raise ActError(_("This message has doubles itself: merge the other one into it."))
    if message.team_number != main.team_number:
        raise ActError(_("That message is another team’s."))
    message.double_of = main
    message.save(update_fields=["double_of"])
    message.close()


def _locked_at_once(message: Message) -> Message:
    """Return a second message, locked. ActError: somebody is at it, and may wait for the first one."""
    try:
        with transaction.atomic():
            return (
                Message.objects.select_for_update(nowait=True).only(*CHANGED, "heard_at").get(pk=message.pk)
            )
    except (Message.DoesNotExist, OperationalError):
        raise ActError(_("Somebody is just doing something with that message: try again.")) from None


def separate(message: Message) -> None:
    """Make a double a message of its own again, open."""
    message.double_of = None
    message.save(update_fields=["double_of"])
    message.reopen()


# Those that need nothing more than a button.
PLAIN: Mapping[str, Callable[[Message], None]] = {
    "close": Message.close,
    "reopen": Message.reopen,
    "quarantine": Message.quarantine,
    "restore": Message.restore,
    "separate": separate,
}
