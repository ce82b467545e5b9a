"""What the form took, before anybody looked at it."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedTextField, address_digest
from newsletter.models.paces import Pace

# No margin for a clock a day ahead: the link is dead five days before, so nothing of use goes early.
UNCONFIRMED_KEPT = timedelta(days=7)


class SignUpQuerySet(models.QuerySet):
    """Sign-ups by where they stand."""

    def waiting(self) -> "SignUpQuerySet":
        """Return those that the worker is to look at."""
        return self.filter(held_at=None)

    def held(self) -> "SignUpQuerySet":
        """Return those that sprang the trap."""
        return self.exclude(held_at=None)

    def old(self) -> "SignUpQuerySet":
        """Return those that came more than seven days ago."""
        return self.filter(received_at__lt=Now() - UNCONFIRMED_KEPT)

    def found_by(self, words: str) -> "SignUpQuerySet":
        """Return those of one address, however it is written."""
        return self.of_address(address_digest(words))

    def of_address(self, wanted: bytes) -> "SignUpQuerySet":
        """Return those whose address has this digest. It is in no row, so that taking one in is always the
        same work."""
        addresses = self.values_list("pk", "address")
        return self.filter(pk__in=[pk for pk, address in addresses if address_digest(address) == wanted])


class SignUp(models.Model):
    """A wish that the worker is to look at; nobody has looked yet whether the address is known."""

    address = SealedTextField(_("e-mail address"))
    list = models.ForeignKey(
        "topics.TopicPage", verbose_name=_("list"), null=True, on_delete=models.CASCADE, related_name="+"
    )
    # Empty where nobody asked: a subscription that is there keeps its own.
    pace = models.CharField(_("pace"), max_length=8, choices=Pace, blank=True, default="", db_default="")
    language = models.CharField(_("language"), max_length=12)
    wording = models.CharField(_("wording"), max_length=400)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    held_at = models.DateTimeField(_("held back"), null=True, editable=False)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("held sign-up")
        verbose_name_plural = _("held sign-ups")
        ordering = ["-received_at", "-pk"]
        default_permissions = ("view", "change")
        permissions = []

    def __str__(self) -> str:
        return f"{self.pk}"

    def restore(self) -> None:
        """Let the worker take the sign-up after all."""
        self.held_at = None
        self.save(update_fields=["held_at"])
