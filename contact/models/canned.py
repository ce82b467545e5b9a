"""Answers that are written once and given often."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contact.models.messages import Message

LONGEST = 10_000


class CannedAnswerQuerySet(models.QuerySet["CannedAnswer"]):
    """The words for canned answers."""

    def for_message(self, message: Message) -> Self:
        """Return those in the language of a message for its topic, in whatever language that is, for the
        topics it lies under, and for all; the nearest first."""
        lineage = message.topic.lineage if message.topic else []
        keys = [topic.translation_key for topic in lineage]
        found = self.filter(Q(topic=None) | Q(topic__translation_key__in=keys), language=message.language)
        return found.order_by(F("topic__depth").desc(nulls_last=True), "title", "pk")


class CannedAnswer(models.Model):
    """One of them: plain text, to be inserted into an answer and changed there."""

    title = models.CharField(_("title"), max_length=120, help_text=_("Only the team sees it."))
    topic = models.ForeignKey(
        "topics.TopicPage",
        verbose_name=_("topic"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("For messages to this topic and to those below it. Empty: for all."),
    )
    language = models.CharField(
        _("language"), max_length=12, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    text = models.TextField(_("text"), validators=[MaxLengthValidator(LONGEST)])

    objects = CannedAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned answer")
        verbose_name_plural = _("canned answers")
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title
