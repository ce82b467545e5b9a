"""A message of a reader, sealed, and what happens to it."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Case, Count, ExpressionWrapper, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, Greatest, Least, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from contact.models.keys import is_sealed
from contact.models.teams import nearest, of_teams, team_of
from contact.promise import overdue_before, promised_for
from contact.references import key_digest, new_key, new_reference
from harmhub import mail
from harmhub.days import today
from harmhub.mail.models import Mail
from harmhub.models import SiteSettings, nobody
from harmhub.sealing import SealedTextField, address_digest
from topics.models.topics import MESSAGES_KEPT_DAYS

# The clock may be a day ahead for a while: what must not go early waits a day longer, and what must not stay
# longer goes a day sooner.
CLOCK_MARGIN = timedelta(days=1)
A_DAY = timedelta(days=1)
NOTICE = "contact-notice"  # the purpose of the mails that tell people of messages
KEPT_AT_MOST = timedelta(days=365) - CLOCK_MARGIN
KEPT_IN_QUARANTINE = timedelta(days=30) + CLOCK_MARGIN
# A slip can be taken back; then nobody is to be answered any more.
ADDRESS_KEPT_AFTER_CLOSING = timedelta(days=1) + CLOCK_MARGIN
# At least a day before it is deleted, and a week before its year is over while it is open.
WARNED_BEFORE, WARNED_BEFORE_THE_YEAR = timedelta(days=2), timedelta(days=8)

# Each by what is written in the row. "new" and "waiting" overlap: a new one waits.
_OPEN, _UNANSWERED = Q(closed_at=None, quarantined_at=None), Q(answered_at=None)
STATES = {
    "new": _OPEN & _UNANSWERED & Q(assigned_to=None),
    "waiting": _OPEN & (_UNANSWERED | Q(answered_at__lt=F("heard_at"))),
    "answered": _OPEN & Q(answered_at__gte=F("heard_at")),
    "open": _OPEN,
    "closed": Q(closed_at__isnull=False, quarantined_at=None),
    "quarantined": Q(quarantined_at__isnull=False),
}
# A double waits for what is answered to its main message.
SETTLED = Q(closed_at__isnull=False) & (Q(double_of=None) | Q(double_of__closed_at__isnull=False))


class MessageQuerySet(models.QuerySet):
    """The words for messages."""

    def seen_by(self, user: Any) -> "MessageQuerySet":
        """Return the messages that somebody may see, of those who may see messages at all: who is in the team
        of their topic. Where neither a topic above nor the site names a team, everybody is."""
        return of_teams(self, user, "topic__path", kept="last_team")

    def counts(self, user: Any) -> dict[str, int]:
        """Return how many there are in each state, and of somebody's own ("mine"), in one query."""
        mine = {"mine": STATES["open"] & Q(assigned_to=user.pk)}
        return self.order_by().aggregate(
            **{name: Count("pk", filter=state) for name, state in (STATES | mine).items()}
        )

    def opened_by(self, reference: str, secret: str) -> "MessageQuerySet":
        """Return the one message that this reference and this secret open together, or none."""
        return self.filter(secret_digest=key_digest(reference, secret))

    def unacknowledged(self) -> "MessageQuerySet":
        """Return the messages whose readers are still to be told by mail that they arrived."""
        return self.filter(acknowledged_at=None, quarantined_at=None, answer_by=Message.AnswerBy.MAIL)

    def new(self) -> "MessageQuerySet":
        """Return the open messages that nobody has taken or answered."""
        return self.filter(STATES["new"])

    def waiting(self) -> "MessageQuerySet":
        """Return the open messages whose reader waits for an answer."""
        return self.filter(STATES["waiting"])

    def overdue(self) -> "MessageQuerySet":
        """Return the waiting messages whose readers should have been answered before today."""
        return self.waiting().filter(heard_at__lt=overdue_before())

    def answered(self) -> "MessageQuerySet":
        """Return the open messages that were answered since their readers wrote last."""
        return self.filter(STATES["answered"])

    def of(self, user: Any) -> "MessageQuerySet":
        """Return the open messages that somebody has taken."""
        return self.open().filter(assigned_to=user.pk)

    def open(self) -> "MessageQuerySet":
        """Return the messages that wait for somebody."""
        return self.filter(STATES["open"])

    def closed(self) -> "MessageQuerySet":
        """Return the messages that are dealt with."""
        return self.filter(STATES["closed"])

    def quarantined(self) -> "MessageQuerySet":
        """Return the messages held back as probable spam."""
        return self.filter(STATES["quarantined"])

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

    def with_times(self) -> "MessageQuerySet":
        """Add ``forget_at``, from when a message is to be forgotten: as many days after it was closed as its
        topic says (a double: after both were), 30 days after quarantine, and before it is a year old,
        whichever comes first.

        Ages are of the database's clock. While that clock is up to a day ahead, nothing goes before its days
        are over.
        """
        days = Coalesce(nearest(F("messages_kept_days"), OuterRef("topic__path")), MESSAGES_KEPT_DAYS)
        kept = ExpressionWrapper(days * Value(A_DAY), models.DurationField())
        settled = Case(When(SETTLED, then=Greatest("closed_at", "double_of__closed_at")))
        after_closing = ExpressionWrapper(settled + kept + CLOCK_MARGIN, models.DateTimeField())
        as_spam = ExpressionWrapper(F("quarantined_at") + KEPT_IN_QUARANTINE, models.DateTimeField())
        at_last = ExpressionWrapper(F("received_at") + KEPT_AT_MOST, models.DateTimeField())
        return self.annotate(forget_at=Least(after_closing, as_spam, at_last))

    def due_to_be_forgotten(self) -> "MessageQuerySet":
        """Return what must go: its time is over, and its people were told a day ago, so that no slip in a
        topic's number of days deletes at once. A year is the most, whoever was told."""
        told = Q(warned_at__lt=Now() - A_DAY) | Q(received_at__lt=Now() - KEPT_AT_MOST)
        return self.with_times().filter(told, forget_at__lt=Now())

    def due_to_be_warned_of(self) -> "MessageQuerySet":
        """Return what will go soon, or should have gone, and nobody was told; each with
        ``goes_at``, when it does."""
        soon = Q(forget_at__lt=Now() + WARNED_BEFORE)
        open_for_a_year = Q(closed_at=None, quarantined_at=None, forget_at__lt=Now() + WARNED_BEFORE_THE_YEAR)
        found = self.with_times().filter(soon | open_for_a_year, warned_at=None)
        in_time = found.filter(received_at__gte=Now() - KEPT_AT_MOST)
        return in_time.annotate(goes_at=Greatest("forget_at", Now() + A_DAY))

    def forget_addresses(self) -> int:
        """Wipe the addresses of messages that were closed two days ago (doubles: both); return how many."""
        long_ago = Now() - ADDRESS_KEPT_AFTER_CLOSING
        main_too = Q(double_of=None) | Q(double_of__closed_at__lt=long_ago)
        closed = self.filter(main_too, closed_at__lt=long_ago)
        return closed.exclude(address_digest=None).update(
            address="", address_digest=None, answer_by=Message.AnswerBy.SITE
        )


class Message(models.Model):
    """What a reader sent through a contact box. Text, name and address are sealed in the row."""

    class Reason(models.TextChoices):
        """Why a message was held back."""

        TRAP = "trap", _("Filled in a field that people do not see")
        LINKS = "links", _("Many links")
        REPEATED = "repeated", _("The same text came again and again")
        LOOKS = "looks", _("Looks like advertising")
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
    # Whose it was, where its topic was deleted: it is not everybody's for that.
    last_team = models.ForeignKey(
        "auth.Group", null=True, on_delete=models.SET(nobody), related_name="+", editable=False
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
    # The message that this one says again: what is answered there goes to this one's reader, too.
    double_of = models.ForeignKey(
        "self", verbose_name=_("double of"), null=True, on_delete=models.SET_NULL, related_name="doubles"
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    # When its reader wrote last, and when she was answered last.
    heard_at = models.DateTimeField(_("last heard"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)
    notified_at = models.DateTimeField(_("people told"), null=True, editable=False)
    receipt = models.ForeignKey(Mail, models.SET_NULL, null=True, related_name="+", editable=False)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, editable=False)
    # When the team was told that it will be deleted soon.
    warned_at = models.DateTimeField(null=True, editable=False)
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
            models.CheckConstraint(
                condition=Q(double_of=None) | ~Q(double_of=F("id")), name="message_no_double_of_itself"
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

    @property
    def promised_for(self) -> date | None:
        """The last day on which its reader is answered in time; None while she does not wait."""
        if self.closed_at or self.quarantined_at or (self.answered_at and self.answered_at >= self.heard_at):
            return None
        return promised_for(self.heard_at)

    @property
    def is_overdue(self) -> bool:
        """Whether that day is over."""
        return bool(self.promised_for and self.promised_for < today())

    @property
    def is_sealed(self) -> bool:
        """Whether its text lies sealed to a team, so that this site cannot show it."""
        return is_sealed(self.text)

    @property
    def days_kept(self) -> int:
        """For how many days it is kept after it was closed."""
        return self.topic.messages_kept if self.topic else MESSAGES_KEPT_DAYS

    @property
    def deleted_on(self) -> date | None:
        """The day from which it is deleted, if it is closed or held back; at the latest a year after it
        came."""
        if not self.closed_at and not self.quarantined_at:
            return None
        found = Message.objects.filter(pk=self.pk).with_times()
        return timezone.localdate(found.values_list("forget_at", flat=True)[0])

    def issue_secret(self) -> str:
        """Set a new key by which its reader opens it, and return it; it is nowhere else. Not saved."""
        secret = new_key()
        self.secret_digest = key_digest(self.reference, secret)
        return secret

    @property
    def team_number(self) -> int | None:
        """The number of the team of its topic or of one that it lies under (of a topic that is gone: the one
        it had), else of that of the site; None: everybody who may see messages."""
        return team_of(self.topic) if self.topic else self.last_team_id or team_of(None)

    @property
    def team(self) -> Group | None:
        """That team."""
        number = self.team_number
        return Group.objects.get(pk=number) if number else None

    @property
    def recipients(self) -> list[str]:
        """Who is told: the people of the topic or of one that it lies under, else those of the site."""
        if self.topic and (found := self.topic.contact_recipients):
            return found
        site = (self.topic and self.topic.get_site()) or Site.objects.filter(is_default_site=True).first()
        return SiteSettings.for_site(site).contact_recipients if site else []

    def tell_people(self) -> list[Mail]:
        """Post one notice to each recipient, once: topic and reference, never a word of the reader but what
        is sealed to a team's own key. Return the mails."""
        if self.notified_at or not (mails := self._post_notices("contact-notice", self.text)):
            return []
        self.notified_at = timezone.now()
        self.save(update_fields=["notified_at"])
        return mails

    def tell_of_more(self, text: str) -> list[Mail]:
        """Post one notice to each recipient, as above, that the reader wrote again: of all that she writes
        within an hour, one. Return the mails."""
        now = timezone.now()  # what lies ahead of it was written while the clock was wrong
        lately = self.turns.filter(kind="reader", written_at__range=(now - timedelta(hours=1), now))
        return [] if lately.count() > 1 else self._post_notices("contact-further", text)

    def _post_notices(self, template: str, text: str) -> list[Mail]:
        context = {
            "reference": self.reference,
            "topic": self.topic.title if self.topic else "",
            "inbox": mail.public_url(reverse("message:inspect", args=[self.pk])),
            "sealed": text if is_sealed(text) else "",
        }
        return [
            mail.post(purpose=NOTICE, to=recipient, template=template, context=context)
            for recipient in self.recipients
        ]

    def close(self) -> None:
        """Say that nothing more is to be done. The address is forgotten soon, the message later, as its topic
        says."""
        self.closed_at, self.warned_at = self.closed_at or timezone.now(), None
        self.save(update_fields=["closed_at", "warned_at"])

    def reopen(self) -> None:
        """Put a closed message back among the open ones."""
        self.closed_at = self.warned_at = None
        self.save(update_fields=["closed_at", "warned_at"])

    def quarantine(self) -> None:
        """Hold the message back as spam; it is forgotten 30 days later."""
        self.quarantined_at, self.quarantine_reason = timezone.now(), self.Reason.EDITOR
        self.warned_at = None
        self.save(update_fields=["quarantined_at", "quarantine_reason", "warned_at"])
        self.let_doubles_go()

    def let_doubles_go(self, seen: MessageQuerySet | None = None) -> None:
        """Have its doubles that nobody answered be messages of their own again, open: no answer to this one
        is to come. seen: but those of these messages."""
        unanswered = self.doubles.filter(answered_at=None)
        if seen is not None:
            unanswered = unanswered.exclude(pk__in=seen.order_by().values("pk"))
        unanswered.update(double_of=None, closed_at=None, warned_at=None)

    def restore(self) -> None:
        """Take the message out of quarantine, and tell the people of the topic if nobody told them yet."""
        self.quarantined_at, self.quarantine_reason, self.warned_at = None, "", None
        self.save(update_fields=["quarantined_at", "quarantine_reason", "warned_at"])
        self.tell_people()
