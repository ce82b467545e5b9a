"""Subscribers, what they subscribed to and agreed to, and the links by which they say so."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from harmhub.mail.composing import organisation_name
from harmhub.sealing import SealedTextField, address_digest, hash_token, new_token
from newsletter.models.lists import List
from newsletter.models.paces import Pace
from newsletter.models.sign_ups import UNCONFIRMED_KEPT
from newsletter.models.suppressions import Suppression

# The privacy page says 30 days. One more, for a clock that is ahead.
LEFT_KEPT = timedelta(days=30 + 1)
MOST_CONFIRMATIONS = {timedelta(hours=1): 1, timedelta(days=1): 3}
MOST_LINKS = {timedelta(minutes=10): 1, timedelta(days=1): 5}


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    """Subscribers by whether they get mail."""

    def writable(self) -> Self:
        """Return those who may be written to now: who do not pause, and whose address is not suppressed."""
        suppressed = Suppression.objects.filter(address_digest=OuterRef("address_digest"))
        return self.exclude(paused_until__gt=timezone.now()).exclude(Exists(suppressed))


class Subscriber(models.Model):
    """An e-mail address with at least one subscription, confirmed or not."""

    address = SealedTextField(_("e-mail address"))
    address_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    language = models.CharField(_("language"), max_length=12)
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    is_discreet = models.BooleanField(_("neutral subject lines"), default=False)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def may_be_written_to(self) -> bool:
        """Whether this address may get one more confirmation now: one an hour, three a day, whoever asked."""
        return self._may_get(Token.ASKING, MOST_CONFIRMATIONS)

    @property
    def may_get_a_link(self) -> bool:
        """Whether this address may get one more link to manage its subscriptions now."""
        return self._may_get([Token.Purpose.MANAGE], MOST_LINKS)

    @property
    def may_be_asked_to_let_go(self) -> bool:
        """Whether this address may be asked now whether its updates are to move."""
        return self._may_get([Token.Purpose.RELEASE], MOST_CONFIRMATIONS)

    def _may_get(self, purposes: Iterable[str], most_in: Mapping[timedelta, int]) -> bool:
        # Mails from the future do not count: the clock was wrong then.
        now = timezone.now()
        sent = self.tokens.filter(purpose__in=purposes, created_at__lte=now)
        return all(sent.filter(created_at__gt=now - span).count() < most for span, most in most_in.items())

    @property
    def is_paused(self) -> bool:
        """Whether updates wait until she wants them again."""
        return self.paused_until is not None and self.paused_until > timezone.now()


class SubscriptionQuerySet(models.QuerySet):
    """Subscriptions by where they stand."""

    def pending(self) -> "SubscriptionQuerySet":
        """Return those that nobody confirmed yet."""
        return self.filter(confirmed_at=None)

    def active(self) -> "SubscriptionQuerySet":
        """Return those that were confirmed and not left."""
        return self.filter(confirmed_at__isnull=False, left_at=None)

    def due(self, pace: str, place: int) -> "SubscriptionQuerySet":
        """Return the active ones of a pace that were not served up to a place; also of those who pause."""
        return self.active().filter(pace=pace, served_to__lt=place)

    def awake(self) -> "SubscriptionQuerySet":
        """Return those of subscribers who do not pause."""
        return self.exclude(subscriber__paused_until__gt=timezone.now())

    def suppressed(self) -> "SubscriptionQuerySet":
        """Return those of addresses that must not be written to."""
        found = Suppression.objects.filter(address_digest=OuterRef("subscriber__address_digest"))
        return self.filter(Exists(found))

    def left(self) -> "SubscriptionQuerySet":
        """Return those that were left."""
        return self.filter(left_at__isnull=False)

    def found_by(self, words: str) -> "SubscriptionQuerySet":
        """Return the subscriptions of one e-mail address, however it is written."""
        return self.filter(subscriber__address_digest=address_digest(words))

    def named(self) -> "SubscriptionQuerySet":
        """Return the subscriptions with what ``list_name`` needs, looked up once for all of them."""
        lists = self.select_related("list__page", "list__program", "list__tag")
        return lists.annotate(organisation=Value(organisation_name()))

    def due_to_be_forgotten(self) -> "SubscriptionQuerySet":
        """Return those unconfirmed for seven days, and those left 30 days ago and not asked for since."""
        over = Q(confirmed_at=None) | Q(left_at__lt=Now() - LEFT_KEPT)
        return self.filter(over, asked_at__lt=Now() - UNCONFIRMED_KEPT)


class Subscription(models.Model):
    """The wish of a subscriber for one list at a pace. It counts from ``confirmed_at`` to ``left_at``."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="subscriptions")
    list = models.ForeignKey(
        List, verbose_name=_("list"), on_delete=models.CASCADE, related_name="subscriptions"
    )
    pace = models.CharField(_("pace"), max_length=8, choices=Pace, default=Pace.WEEKLY)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    left_at = models.DateTimeField(_("left"), null=True, editable=False)
    # The newest update (see ``Update``) that was found when this was confirmed: no clock decides what is new.
    starts_after = models.BigIntegerField(default=0, db_default=0, editable=False)
    # Up to which place in the order of updates this subscriber was told, by this list.
    served_to = models.BigIntegerField(default=0, db_default=0, editable=False)
    organisation = ""  # its name; there after ``named()``

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscribers")
        ordering = ["-asked_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("export_subscription", "Can export subscribers"),
            ("erase_subscription", "Can erase subscribers"),
            ("import_subscription", "Can import subscribers"),
        ]
        indexes = [
            models.Index(
                fields=["pace", "served_to"],
                condition=Q(confirmed_at__isnull=False, left_at=None),
                name="subscription_to_serve",
            ),
            models.Index(
                fields=["pace", "subscriber"],
                condition=Q(confirmed_at__isnull=False, left_at=None),
                name="subscription_in_turn",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "list"], name="subscription_once_a_list"),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(confirmed_at__isnull=False),
                name="subscription_left_only_when_confirmed",
            ),
        ]

    def __str__(self) -> str:
        # Wagtail's log keeps this text for ever: it must not hold the address.
        return f"{self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether it was confirmed and not left."""
        return self.confirmed_at is not None and self.left_at is None

    @property
    def state(self) -> str:
        """The state in a few words, for people."""
        if self.left_at:
            return gettext("Left")
        return gettext("Confirmed") if self.confirmed_at else gettext("Waiting for confirmation")

    @property
    def list_name(self) -> str:
        """What the list is about."""
        self.list.organisation = self.organisation
        return self.list.name


class Consent(models.Model):
    """What somebody was shown and agreed to. ``day`` is empty until she pressed Confirm, or the day that was
    given where she did so elsewhere."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="consents")
    # By which she is asked to confirm. It outlives the consent: it also counts how often she was written to.
    token = models.ForeignKey("Token", null=True, on_delete=models.SET_NULL, related_name="consents")
    wording = models.TextField(_("wording"))
    list_name = models.TextField(_("list"))
    pace = models.CharField(
        _("pace"), max_length=8, choices=Pace, default=Pace.WEEKLY, db_default=Pace.WEEKLY
    )
    is_discreet = models.BooleanField(_("neutral subject lines"), default=False)
    day = models.DateField(_("day"), null=True)
    # When somebody of ours brought it along: it was said elsewhere.
    imported_at = models.DateTimeField(_("imported"), null=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        default_permissions = ()

    def __str__(self) -> str:
        return self.list_name


class TokenQuerySet(models.QuerySet):
    """Tokens, found by the secret in a link."""

    def opened_by(self, secret: str, *purposes: str) -> "TokenQuerySet":
        """Return the one token that this secret opens for one of these purposes, or none."""
        return self.filter(purpose__in=purposes, digest=hash_token(secret))

    def good(self) -> "TokenQuerySet":
        """Return those that are neither used nor expired."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class Token(models.Model):
    """The right to do one thing, for whoever has the link: to confirm or leave some subscriptions, to manage
    all of a subscriber's, or to agree to a change of address. Only a hash is stored."""

    class Purpose(models.TextChoices):
        """What a token is good for."""

        CONFIRM = "confirm", _("Confirm")
        LEAVE = "leave", _("Leave")
        MANAGE = "manage", _("Manage")
        RELEASE = "release", _("Agree at the old address")
        RECEIVE = "receive", _("Agree at the new address")

    # With these, somebody is written to who may know nothing of it.
    ASKING = (Purpose.CONFIRM, Purpose.RECEIVE)

    purpose = models.CharField(max_length=8, choices=Purpose)
    digest = models.BinaryField(max_length=32, unique=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="tokens")
    subscriptions = models.ManyToManyField(Subscription, related_name="tokens")
    # It outlives the change: it also counts how often its address was written to.
    change = models.ForeignKey("AddressChange", null=True, on_delete=models.SET_NULL, related_name="tokens")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="leave", expires_at=None)
                | (~Q(purpose="leave") & Q(expires_at__isnull=False)),
                name="token_expires_unless_it_leaves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @classmethod
    def issue(
        cls,
        subscriber: Subscriber,
        purpose: str,
        subscriptions: Iterable[Subscription] = (),
        lives: timedelta | None = None,
        **fields,
    ) -> "tuple[Token, str]":
        """Store a new token; return it and its secret, which is nowhere else.

        lives: how long it is good; None: for ever.
        """
        secret = new_token()
        expires_at = None if lives is None else timezone.now() + lives
        token = cls.objects.create(
            subscriber=subscriber, purpose=purpose, digest=hash_token(secret), expires_at=expires_at, **fields
        )
        token.subscriptions.set(subscriptions)
        return token, secret

    @property
    def is_good(self) -> bool:
        """Whether its link would do something: not used yet, and not expired."""
        return self.used_at is None and self.expires_at is not None and self.expires_at > timezone.now()
