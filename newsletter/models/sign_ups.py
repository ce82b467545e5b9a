"""What the form took, before anybody looked at it."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedTextField, address_digest
from newsletter.models.lists import List
from newsletter.models.paces import Pace

# No margin for a clock a day ahead: the link is dead five days before, so nothing of use goes early.
UNCONFIRMED_KEPT = timedelta(days=7)


class WishQuerySet(models.QuerySet):
    """Wishes by their addresses."""

    def of_address(self, wanted: bytes) -> Self:
        """Return those whose address has this digest. It is in no row, so that taking one in is always the
        same work."""
        addresses = self.values_list("pk", "address")
        return self.filter(pk__in=[pk for pk, address in addresses if address_digest(address) == wanted])


class SignUpQuerySet(WishQuerySet):
    """Sign-ups by where they stand."""

    def waiting(self) -> "SignUpQuerySet":
        """Return those that the worker is to look at."""
        return self.filter(held_at=None)

    def held(self) -> "SignUpQuerySet":
        """Return those that sprang the trap."""
        return self.exclude(held_at=None)

    def named(self) -> "SignUpQuerySet":
        """Return the sign-ups with what ``list_names`` needs, looked up once for all of them."""
        return self.prefetch_related(models.Prefetch("lists", List.objects.named()))

    def old(self) -> "SignUpQuerySet":
        """Return those that came more than seven days ago."""
        return self.filter(received_at__lt=Now() - UNCONFIRMED_KEPT)

    def found_by(self, words: str) -> "SignUpQuerySet":
        """Return those of one address, however it is written."""
        return self.of_address(address_digest(words))


class Wish(models.Model):
    """What the worker is to look at; nobody has looked yet whether the address is known."""

    address = SealedTextField(_("e-mail address"))
    language = models.CharField(_("language"), max_length=12)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk}"


class LinkRequest(Wish):
    """The wish for a link by which one manages one's subscriptions."""

    objects = WishQuerySet.as_manager()

    class Meta:
        default_permissions = ()


class SignUp(Wish):
    """The wish for the updates of some lists."""

    lists = models.ManyToManyField(List, verbose_name=_("lists"), related_name="sign_ups")
    # Empty where nobody asked: a subscription that is there keeps its own.
    pace = models.CharField(_("pace"), max_length=8, choices=Pace, blank=True, default="", db_default="")
    is_discreet = models.BooleanField(_("neutral subject lines"), default=False)
    wording = models.TextField(_("wording"))
    held_at = models.DateTimeField(_("held back"), null=True, editable=False)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("held sign-up")
        verbose_name_plural = _("held sign-ups")
        ordering = ["-received_at", "-pk"]
        default_permissions = ("view", "change")
        permissions = []

    @property
    def list_names(self) -> str:
        """What its lists are about."""
        return ", ".join(sorted(each.name for each in self.lists.all()))

    def restore(self) -> None:
        """Let the worker take the sign-up after all."""
        self.held_at = None
        self.save(update_fields=["held_at"])
