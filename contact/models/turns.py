"""What is said after a message: answers, further words of its reader, notes of the team."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contact.models.keys import is_sealed
from contact.models.messages import Message
from harmhub.mail.models import Mail
from harmhub.sealing import SealedTextField

# An answer can be undone before it leaves.
ANSWER_WAITS = timedelta(minutes=2)


def waits(answered_at: datetime) -> bool:
    """Whether an answer of this time has not left yet. What lies further ahead was written under a wrong
    clock, and has."""
    return abs(timezone.now() - answered_at) < ANSWER_WAITS


class TurnQuerySet(models.QuerySet["Turn"]):
    """The words for turns."""

    def for_reader(self) -> Self:
        """Return what the reader of the message may see: no notes, and no answer that can be undone."""
        now = timezone.now()
        waiting = Q(written_at__gt=now - ANSWER_WAITS, written_at__lt=now + ANSWER_WAITS)
        return self.filter(Q(kind=Turn.Kind.ANSWER) & ~waiting | Q(kind=Turn.Kind.READER))

    def recent(self) -> Self:
        """Return what was written within the minute: twice the same is one."""
        now = timezone.now()
        return self.filter(written_at__range=(now - timedelta(minutes=1), now))


class Turn(models.Model):
    """One of them, sealed. Notes are for the team alone."""

    class Kind(models.TextChoices):
        """Who says it to whom."""

        ANSWER = "answer", _("Answer")
        READER = "reader", _("From the reader")
        NOTE = "note", _("Note")

    message = models.ForeignKey(Message, models.CASCADE, related_name="turns")
    kind = models.CharField(max_length=6, choices=Kind)
    text = SealedTextField(_("text"))
    written_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    # Who of the team; None: the reader, or somebody who is no user any more.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # By which an answer went out.
    mail = models.ForeignKey(Mail, models.SET_NULL, null=True, related_name="+")

    # Of the mail that brought it (a digest), so that a mail that comes twice is one.
    brought_by = models.BinaryField(max_length=32, null=True, editable=False)

    objects = TurnQuerySet.as_manager()

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["written_at", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["message", "brought_by"], name="turn_brought_once")]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_sealed(self) -> bool:
        """Whether its text lies sealed to a team, so that this site cannot show it."""
        return is_sealed(self.text)
