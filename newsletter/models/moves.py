"""Moving to another address, which both of them agree to."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedTextField
from newsletter.models.sign_ups import WishQuerySet
from newsletter.models.subscribers import Subscriber


class AddressChangeQuerySet(WishQuerySet):
    """Changes by where they stand."""

    def unasked(self) -> Self:
        """Return those of which one of the addresses was not written to yet."""
        return self.filter(Q(asked_old=False) | Q(asked_new=False))


class AddressChange(models.Model):
    """The wish of a subscriber to get her updates at another address; of several, the last.

    target: the subscriber of the new address, as soon as it was written to.
    """

    subscriber = models.OneToOneField(Subscriber, models.CASCADE, related_name="address_change")
    address = SealedTextField(_("new e-mail address"))
    target = models.ForeignKey(Subscriber, models.CASCADE, null=True, related_name="arrivals")
    asked_old = models.BooleanField(default=False)
    asked_new = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    objects = AddressChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"
