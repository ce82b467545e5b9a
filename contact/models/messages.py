"""A message of a reader, sealed, and what happens to it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from contact.references import key_digest, new_key, new_reference
from harmhub import mail
from harmhub.models import SiteSettings
from harmhub.sealing import SealedTextField, address_digest
from topics.models import TopicPage

# The clock may be a day ahead for a while: what must not go early waits a day longer, and what must not stay
# longer goes a day sooner.
CLOCK_MARGIN = timedelta(days=1)
KEPT_AFTER_CLOSING = timedelta(days=90) + CLOCK_MARGIN
KEPT_AT_MOST = timedelta(days=365) - CLOCK_MARGIN
KEPT_IN_QUARANTINE = timedelta(days=30) + CLOCK_MARGIN


class MessageQuerySet(models.QuerySet):
    """The words for messages."""

    def seen_by(self, user: Any) -> "MessageQuerySet":
        """Return the messages that somebody may see, of those who may see messages at all: who is in the team
        of their topic. Where neither a topic above nor the site names a team, everybody is."""
        if user.is_superuser:
            return self
        above = TopicPage.objects.annotate(
            below=ExpressionWrapper(OuterRef("topic__path"), models.CharField())
        ).filter(below__startswith=F("path"), team__isnull=False)
        site = SiteSettings.objects.filter(site__is_default_site=True).values_list("team", flat=True).first()
        nearest = Subquery(above.order_by("-depth").values("team")[:1], models.IntegerField())
        teams = user.groups.values("pk")
        found = self.annotate(its_team=Coalesce(nearest, Value(site, models.IntegerField())))
        return found.filter(Q(its_team=None) | Q(its_team__in=teams))

    def opened_by(self, reference: str, secret: str) -> "MessageQuerySet":
        """Return the one message that this reference and this secret open together, or none."""
        return self.filter(secret_digest=key_digest(reference, secret))

    def unacknowledged(self) -> "MessageQuerySet":
        """Return the messages whose readers are still to be told by mail that they arrived."""
        return self.filter(acknowledged_at=None, quarantined_at=None, answer_by=Message.AnswerBy.MAIL)

    def new(self) -> "MessageQuerySet":
        """Return the open messages that nobody has taken or answered."""
        return self.open().filter(assigned_to=None, answered_at=None)

    def waiting(self) -> "MessageQuerySet":
        """Return the open messages whose reader waits for an answer."""
        return self.open().filter(Q(answered_at=None) | Q(answered_at__lt=F("heard_at")))

    def answered(self) -> "MessageQuerySet":
        """Return the open messages that were answered since their readers wrote last."""
        return self.open().filter(answered_at__gte=F("heard_at"))

    def of(self, user: Any) -> "MessageQuerySet":
        """Return the open messages that somebody has taken."""
        return self.open().filter(assigned_to=user.pk)

    def open(self) -> "MessageQuerySet":
        """Return the messages that wait for somebody."""
        return self.filter(closed_at=None, quarantined_at=None)

    def closed(self) -> "MessageQuerySet":
        """Return the messages that are dealt with."""
        return self.exclude(closed_at=None).filter(quarantined_at=None)

    def quarantined(self) -> "MessageQuerySet":
        """Return the messages held back as probable spam."""
        return self.exclude(quarantined_at=None)

    def of_address(self, address: str) -> "MessageQuerySet":
        """Return the messages with this e-mail address, however it is written."""
        return self.filter(address_digest=address_digest(address))

    def found_by(self, words: str) -> "MessageQuerySet":
        """Return the messages with this reference or e-mail address. The text is sealed."""
        words = words.strip()
        if "@" in words:
            return self.of_address(words)
        letters = words.upper().replace("-", "").replace(" ", "")
        return self.filter(reference=f"{letters[:4]}-{letters[4:8]}") if len(letters) == 8 else self.none()

    def due_to_be_forgotten(self) -> "MessageQuerySet":
        """Return what must go: 90 days after closing, 30 days after quarantine, and anything a year old.

        Ages are of the database's clock. While that clock is up to a day ahead, nothing goes before its
        90 or 30 days are over.
        """
        return self.filter(
            Q(closed_at__lt=Now() - KEPT_AFTER_CLOSING)
            | Q(quarantined_at__lt=Now() - KEPT_IN_QUARANTINE)
            | Q(received_at__lt=Now() - KEPT_AT_MOST)
        )


class Message(models.Model):
    """What a reader sent through a contact box. Text, name and address are sealed in the row."""

    class Reason(models.TextChoices):
        """Why a message was held back."""

        TRAP = "trap", _("Filled in a field that people do not see")
        LINKS = "links", _("Many links")
        EDITOR = "editor", _("Marked by an editor")

    class AnswerBy(models.TextChoices):
        """How its reader wants to be answered. What is sent by mail stands on the site, too."""

        SITE = "site", _("On this site, with reference and key")
        MAIL = "mail", _("By e-mail")

    reference = models.CharField(
        _("reference"), max_length=9, unique=True, default=new_reference, editable=False
    )
    topic = models.ForeignKey(
        "topics.TopicPage",
        verbose_name=_("topic"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="messages",
    )
    language = models.CharField(_("language"), max_length=12)
    text = SealedTextField(_("message"))
    name = SealedTextField(_("name"), default="")
    address = SealedTextField(_("e-mail address"), default="")
    address_digest = models.BinaryField(null=True, editable=False)
    answer_by = models.CharField(_("answer by"), max_length=4, choices=AnswerBy, default=AnswerBy.SITE)
    is_discreet = models.BooleanField(_("discreet"), default=False)
    # Opens it for its reader, together with the reference. Only a keyed hash is stored.
    secret_digest = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assigned to"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    # When its reader wrote last, and when she was answered last.
    heard_at = models.DateTimeField(_("last heard"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)
    notified_at = models.DateTimeField(_("people told"), null=True, editable=False)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    quarantined_at = models.DateTimeField(_("held back"), null=True, editable=False)
    quarantine_reason = models.CharField(_("held back because"), max_length=8, blank=True, choices=Reason)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-received_at", "-pk"]
        default_permissions = ("view", "change")
        permissions = [("export_message", "Can export messages")]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="message_newest_first"),
            models.Index(fields=["address_digest"], name="message_by_address"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quarantined_at=None, quarantine_reason="")
                | (Q(quarantined_at__isnull=False) & ~Q(quarantine_reason="")),
                name="message_held_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        # Wagtail's log keeps this text for ever: it must hold no word of the reader.
        return self.reference

    @property
    def state(self) -> str:
        """The state in one word, for people."""
        if self.quarantined_at:
            return gettext("Held back")
        if self.closed_at:
            return gettext("Closed")
        if self.answered_at and self.answered_at >= self.heard_at:
            return gettext("Answered")
        return gettext("Waiting") if self.assigned_to_id or self.answered_at else gettext("New")

    def issue_secret(self) -> str:
        """Set a new key by which its reader opens it, and return it; it is nowhere else. Not saved."""
        secret = new_key()
        self.secret_digest = key_digest(self.reference, secret)
        return secret

    @property
    def recipients(self) -> list[str]:
        """Who is told: the people of the topic or of one that it lies under, else those of the site."""
        if self.topic and (found := self.topic.contact_recipients):
            return found
        site = (self.topic and self.topic.get_site()) or Site.objects.filter(is_default_site=True).first()
        return SiteSettings.for_site(site).contact_recipients if site else []

    def tell_people(self) -> None:
        """Post one notice to each recipient, once: topic and reference, never a word of the reader."""
        if not self.notified_at and self._post_notices("contact-notice"):
            self.notified_at = timezone.now()
            self.save(update_fields=["notified_at"])

    def tell_of_more(self) -> None:
        """Post one notice to each recipient, as above, that the reader has written again."""
        self._post_notices("contact-further")

    def _post_notices(self, template: str) -> bool:
        recipients = self.recipients
        context = {
            "reference": self.reference,
            "topic": self.topic.title if self.topic else "",
            "inbox": mail.public_url(reverse("message:inspect", args=[self.pk])),
        }
        for recipient in recipients:
            mail.post(purpose="contact-notice", to=recipient, template=template, context=context)
        return bool(recipients)

    def close(self) -> None:
        """Say that nothing more is to be done; the message is forgotten 90 days later."""
        self.closed_at = self.closed_at or timezone.now()
        self.save(update_fields=["closed_at"])

    def reopen(self) -> None:
        """Put a closed message back among the open ones."""
        self.closed_at = None
        self.save(update_fields=["closed_at"])

    def quarantine(self) -> None:
        """Hold the message back as spam; it is forgotten 30 days later."""
        self.quarantined_at, self.quarantine_reason = timezone.now(), self.Reason.EDITOR
        self.save(update_fields=["quarantined_at", "quarantine_reason"])

    def restore(self) -> None:
        """Take the message out of quarantine, and tell the people of the topic if nobody told them yet."""
        self.quarantined_at, self.quarantine_reason = None, ""
        self.save(update_fields=["quarantined_at", "quarantine_reason"])
        self.tell_people()
