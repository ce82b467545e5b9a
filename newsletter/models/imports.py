"""Imports: addresses that somebody brings along, with the proof that their owners agreed."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedJSONField

# How long a file waits for somebody to say that it is meant; and for a worker, or for a key that is missing.
UNSTARTED_KEPT, UNFINISHED_KEPT = timedelta(days=1), timedelta(days=7)


class ImportQuerySet(models.QuerySet["Import"]):
    """Imports by where they stand."""

    def running(self) -> Self:
        """Return those that somebody has started and that are not done."""
        return self.filter(started_at__isnull=False, finished_at=None)

    def done(self) -> Self:
        """Return those that are done, the last one first."""
        return self.filter(finished_at__isnull=False).order_by("-finished_at")

    def forget(self) -> None:
        """Delete what nobody started within a day, and what could not be done within a week."""
        late = Q(started_at=None, uploaded_at__lt=Now() - UNSTARTED_KEPT)
        stuck = Q(started_at__lt=Now() - UNFINISHED_KEPT)
        self.filter(late | stuck, finished_at=None).delete()


class Import(models.Model):
    """One file of addresses: first looked at, then, when somebody says so, brought in by the worker. What
    stays of it are numbers.

    content: ``{"lists": [[page, locale, kind, program, tag], …], "wordings": [text, …], "readers": [[address,
    language, [[list, pace, wording, day], …]], …]}``; None as soon as it is done. position: how many of the
    readers are done. counts: what became of the lines, by ``newsletter.importing.Outcome``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("imported by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    started_at = models.DateTimeField(_("begun"), null=True)
    finished_at = models.DateTimeField(_("done"), null=True)
    asks = models.BooleanField(_("everybody is asked to confirm"))
    welcomes = models.BooleanField(_("everybody gets a mail with a link to leave"))
    content = SealedJSONField(null=True)
    readers = models.PositiveIntegerField(_("addresses"))
    position = models.PositiveIntegerField(default=0)
    list_names = models.JSONField(_("lists"), default=list)
    # Lines that cannot be used, by number, with the reason: the first of them, and how many there are.
    problems = models.JSONField(default=list)
    refused = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    file_kind = models.CharField(max_length=80)
    unknown = models.JSONField(default=list)  # headings of columns that nobody knows

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of subscribers")
        verbose_name_plural = _("imports of subscribers")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(content__isnull=True) | Q(finished_at=None),
                name="import_keeps_no_addresses_when_done",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(started_at__isnull=False),
                name="import_done_only_when_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
