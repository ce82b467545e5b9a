"""What is said after a message: answers, further words of its reader, notes of the team."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contact.models.messages import Message
from harmhub.mail.models import Mail
from harmhub.sealing import SealedTextField


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

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["written_at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"
