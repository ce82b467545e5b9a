"""Moving to another address, which both of them agree to."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedTextField
from newsletter.models.subscribers import Subscriber


class AddressChangeQuerySet(models.QuerySet["AddressChange"]):
    """Changes by where they stand."""

    def unasked(self) -> "AddressChangeQuerySet":
        """Return those of which nobody was written to yet."""
        return self.filter(target=None)


class AddressChange(models.Model):
    """The wish of a subscriber to get her updates at another address; of several, the last.

    target: the subscriber of the new address, as soon as it was written to.
    """

    subscriber = models.OneToOneField(Subscriber, models.CASCADE, related_name="address_change")
    address = SealedTextField(_("new e-mail address"))
    target = models.ForeignKey(Subscriber, models.CASCADE, null=True, related_name="arrivals")
    asked_at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    objects = AddressChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"
