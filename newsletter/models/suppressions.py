"""The addresses that must not be written to."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import address_digest


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """The addresses that get nothing."""

    def final(self) -> "SuppressionQuerySet":
        """Return those that no new sign-up lifts."""
        return self.filter(reason__in=Suppression.FINAL)

    def found_by(self, words: str) -> "SuppressionQuerySet":
        """Return that of one address, however it is written."""
        return self.of_address(words)

    def of_address(self, address: str) -> "SuppressionQuerySet":
        """Return that of an address."""
        return self.filter(address_digest=address_digest(address))

    def add_digest(self, digest: bytes, reason: str) -> None:
        """Suppress an address. A final reason replaces any other, and is replaced by none; what somebody
        wanted is not replaced by what a server says."""
        row, new = self.get_or_create(address_digest=digest, defaults={"reason": reason})
        is_wish = reason != Suppression.Reason.REFUSED
        if not new and is_wish and row.reason not in Suppression.FINAL:
            row.reason, row.at = reason, timezone.now()
            row.save(update_fields=["reason", "at"])

    def lift(self, digest: bytes) -> None:
        """Write to this address again, unless the reason is final."""
        self.filter(address_digest=digest).exclude(reason__in=Suppression.FINAL).delete()


class Suppression(models.Model):
    """An address that must not be written to, of which only the digest is left."""

    class Reason(models.TextChoices):
        """Why."""

        LEFT = "left", _("Left every list")
        ERASED = "erased", _("Erased")
        REFUSED = "refused", _("Mail does not arrive")
        COMPLAINT = "complaint", _("Complained")

    # A refused address can be asked again, as seldom as any other: its owner may have mended it, or the
    # refusal may have been a fault of ours. What is refused again is suppressed again.
    FINAL = (Reason.COMPLAINT,)

    address_digest = models.BinaryField(max_length=32, unique=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    at = models.DateTimeField(_("since"), default=timezone.now)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        ordering = ["-at", "-pk"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.get_reason_display()

    @property
    def is_liftable(self) -> bool:
        """Whether it was made because mail did not arrive: nobody asked for it."""
        return self.reason == self.Reason.REFUSED
