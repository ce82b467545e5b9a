"""How many messages there were, day by day; kept when the messages are gone."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DayCount(models.Model):
    """What happened on one day with messages to one topic. Answers are first ones."""

    day = models.DateField(_("day"), db_index=True)
    topic = models.ForeignKey("topics.TopicPage", models.SET_NULL, null=True, related_name="+")
    received = models.PositiveIntegerField(_("received"), default=0)
    in_time = models.PositiveIntegerField(_("answered in time"), default=0)
    late = models.PositiveIntegerField(_("answered late"), default=0)
    spam = models.PositiveIntegerField(_("held back"), default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}"
