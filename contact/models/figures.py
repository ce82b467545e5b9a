"""How many messages came in an hour: numbers, and nothing of anybody."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Hour(models.Model):
    """What one hour brought. Messages are deleted; their number stays for a year."""

    begins_at = models.DateTimeField(_("hour"), primary_key=True)
    taken = models.PositiveIntegerField(_("taken"), default=0)
    held = models.PositiveIntegerField(_("held back"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)

    class Meta:
        verbose_name = _("hour")
        verbose_name_plural = _("hours")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.begins_at}"
