"""The queue: one row for each mail. Nothing that says who writes to whom lies in it in plain."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from harmhub.sealing import SealedJSONField, address_digest, readable
from harmhub.waking import wake_after_commit

# We never put off or hold a mail for longer than an hour. What is further ahead than this was written under a
# wrong clock. The rest is for clocks that differ, and for rows that change while a query runs.
FURTHEST_AHEAD = timedelta(hours=2)


def lease() -> timedelta:
    """Return for how long a sender holds the mail that it claimed (``MAIL_LEASE_SECONDS``).

    Longer than a mail can take on an open connection, where each answer is waited for at most 20 s. When a
    sender was killed, its mail goes out after this time.
    """
    return timedelta(seconds=settings.MAIL_LEASE_SECONDS)


# Mails to one reader come first: a confirmation must not wait until an update is out. Not so one on which the
# server hung up (its answer is a word, no number), in case it is what drives the server away. All others go
# in the order of ``due()``. A mail that has just been sent is claimed still, as this statement sees it. A
# crash of the whole database may forget what was recorded within its last moments, and such mails go out once
# more: to wait for the disk would cost each mail more than all the rest.
# In the order in which the model declares them, as Django asks for them.
CLAIMED = ("id", "purpose", "language", "content", "edition_id", "recipient", "created_at", "attempts",
           "claimed_until", "last_answer")  # fmt: skip
CLAIM = f"""
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true)), recorded AS (
    UPDATE mail_mail SET sent_at = %(now)s, claimed_until = NULL, attempts = attempts + 1, last_answer = ''
    WHERE id = %(sent)s AND sent_at IS NULL AND failed_at IS NULL
), first AS (
    SELECT mail_mail.id FROM mail_mail, quick
    WHERE sent_at IS NULL AND failed_at IS NULL AND edition_id IS NULL
        AND (claimed_until IS NULL OR claimed_until <= %(now)s OR claimed_until > %(far)s)
        AND due_at <= %(now)s AND last_answer < 'A' COLLATE "C"
    ORDER BY due_at, id LIMIT 1 FOR UPDATE OF mail_mail SKIP LOCKED
), other AS (
    SELECT mail_mail.id FROM mail_mail, quick
    WHERE sent_at IS NULL AND failed_at IS NULL AND NOT EXISTS (SELECT FROM first)
        AND (claimed_until IS NULL OR claimed_until <= %(now)s OR claimed_until > %(far)s)
        AND (due_at <= %(now)s OR due_at > %(far)s)
        AND (edition_id IS NULL OR NOT %(single)s)
    ORDER BY due_at, id LIMIT 1 FOR UPDATE OF mail_mail SKIP LOCKED
), next AS (SELECT id FROM first UNION ALL SELECT id FROM other)
UPDATE mail_mail SET claimed_until = %(until)s FROM next WHERE mail_mail.id = next.id
RETURNING mail_mail.id, {", ".join(CLAIMED[1:])}
"""  # noqa: S608


class Edition(models.Model):
    """What one mail to many says, stored once. Each mail adds its address, and its own secret in the place of
    the mark. Nothing here says to whom it goes."""

    content = models.JSONField(editable=False)
    mark = models.CharField(max_length=43, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"

    def for_reader(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ``composing.build`` makes a message of. own: ``to``, ``secret``, ``headers``."""
        told = json.loads(json.dumps(self.content).replace(self.mark, own["secret"]))
        return told | {"to": own["to"], "headers": told["headers"] | own["headers"]}


class Checkpoint(models.Model):
    """When mail was sent last, as far as this database knows; one row."""

    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at}"


class MailQuerySet(models.QuerySet["Mail"]):
    """Mails by where they stand."""

    def waiting(self) -> Self:
        """Return the mails that are neither sent nor given up."""
        return self.filter(sent_at=None, failed_at=None)

    def due(self) -> Self:
        """Return the waiting mails whose time has come and that no sender holds, the longest waiting first.

        A time further ahead than we ever set one is not believed: a mail must not wait a day because the
        clock once was a day ahead.
        """
        now = timezone.now()
        come = Q(due_at__lte=now) | Q(due_at__gt=now + FURTHEST_AHEAD)
        return self.unclaimed().filter(come).order_by("due_at", "pk")

    def unclaimed(self) -> Self:
        """Return the waiting mails that no sender holds."""
        now = timezone.now()
        free = Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_until__gt=now + FURTHEST_AHEAD)
        return self.waiting().filter(free)

    def claim(self, sent: "Mail | None" = None, *, single: bool = False) -> "Mail | None":
        """Return the next due mail, those to one reader first, held for the caller until its lease ends, or
        None. Commits.

        sent: a mail of which this is recorded by the way: sender and database then speak once for each mail.
        single: only of mails that are not to many. Rows that another sender is just claiming are passed over,
        so senders never wait for each other.
        """
        now = timezone.now()
        values: dict[str, Any] = {
            "now": now,
            "far": now + FURTHEST_AHEAD,
            "until": now + lease(),
            "sent": sent.pk if sent else None,
            "single": single,
        }
        with connection.cursor() as cursor:  # Django's raw() would take as long again as the query
            cursor.execute(CLAIM, values)
            row = cursor.fetchone()
        if row is None:
            return None
        mail = self.model.from_db(self.db, CLAIMED, row)
        mail.content = SealedJSONField().from_db_value(mail.content, None, connection)
        return mail

    def to(self, address: str) -> Self:
        """Return the mails to one address, as long as they are not forgotten."""
        return self.filter(recipient=address_digest(address))

    def sent(self) -> Self:
        """Return the mails that the server took."""
        return self.filter(sent_at__isnull=False)

    def failed(self) -> Self:
        """Return the mails that were given up."""
        return self.filter(failed_at__isnull=False)

    def bounced(self) -> Self:
        """Return the mails of which somebody said later that they did not arrive, or were not wanted."""
        return self.filter(bounce__isnull=False)

    def found_by(self, words: str) -> Self:
        """Return the mails to this address, or of this purpose. By address not those of the contact box: that
        somebody wrote there is for the team of the topic alone."""
        if "@" in words:
            return self.to(words.strip()).exclude(purpose__startswith="contact-")
        return self.filter(purpose__icontains="-".join(words.split()))

    def forget(self, before: datetime | Combinable) -> int:
        """Wipe recipient and texts of mails sent or given up before this time; return how many."""
        done = Q(sent_at__lt=before) | Q(failed_at__lt=before)
        return self.filter(done, forgotten_at=None).update(
            content=None, recipient=None, edition=None, forgotten_at=timezone.now()
        )


class Mail(models.Model):
    """One mail to one address, from its cause until it is forgotten. Its state is its timestamps."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("purpose"), max_length=40)
    language = models.CharField(_("language"), max_length=12)
    content = SealedJSONField(null=True, editable=False)
    edition = models.ForeignKey(Edition, models.PROTECT, null=True, editable=False, related_name="mails")
    recipient = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    due_at = models.DateTimeField(_("due"), default=timezone.now, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    failed_at = models.DateTimeField(_("given up"), null=True, editable=False)
    last_answer = models.CharField(_("last answer"), max_length=40, blank=True, editable=False)
    forgotten_at = models.DateTimeField(_("forgotten"), null=True, editable=False)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        default_permissions = ("view", "change")
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="mail_waiting", condition=Q(sent_at=None, failed_at=None)
            ),
            models.Index(
                fields=["due_at", "id"],
                name="mail_to_one_waiting",
                condition=Q(sent_at=None, failed_at=None, edition=None),
            ),
            models.Index(fields=["recipient"], name="mail_recipient", condition=Q(recipient__isnull=False)),
            models.Index(fields=["-created_at"], name="mail_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(failed_at=None), name="mail_not_both_sent_and_failed"
            ),
            models.CheckConstraint(
                condition=Q(content__isnull=False) | Q(forgotten_at__isnull=False),
                name="mail_has_content_until_forgotten",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} ({self.state})"

    @property
    def purpose_in_words(self) -> str:
        """The purpose for people: "Newsletter welcome"."""
        return self.purpose.replace("-", " ").capitalize()

    @classmethod
    def queue_many(cls, purpose: str, readers: Iterable[tuple[int, str, str, str]]) -> list[Self]:
        """Write a mail for each reader, told as number and language of an edition, address and secret, and
        wake the sender after the commit. Return the rows in the same order."""
        from harmhub.mail.tasks import send_due

        mails = [cls._of_edition(purpose, *reader) for reader in readers]
        cls.objects.bulk_create(mails)
        wake_after_commit(send_due)
        return mails

    @classmethod
    def _of_edition(cls, purpose: str, edition: int, language: str, to: str, secret: str) -> Self:
        from harmhub.mail.composing import own_headers

        mail = cls.prepare(purpose=purpose, to=to, language=language)
        mail.edition_id = edition
        mail._address({"to": to, "secret": secret, "headers": own_headers(mail)})
        return mail

    def _address(self, content: dict[str, Any]) -> None:
        """Set the content, with the address as mail servers know it; give up at once where there is none."""
        from harmhub.mail.composing import deliverable

        address = deliverable(content["to"])
        self.content = content | {"to": address or content["to"]}
        if not address:
            self.failed_at, self.last_answer = self.created_at, "no address"

    @classmethod
    def prepare(cls, *, purpose: str, to: str, language: str) -> Self:
        """Return a new mail to an address, not saved and without its content (see ``harmhub.mail.post``)."""
        return cls(purpose=purpose, language=language, recipient=address_digest(to))

    def queue(self, content: dict[str, Any]) -> Self:
        """Write the row with its content, as ``composing.compose`` makes it, and wake the sender after the
        commit. An address that no mail can be sent to gives the mail up at once. Return the row."""
        from harmhub.mail.tasks import send_due

        self._address(content)
        self.save(force_insert=True)
        wake_after_commit(send_due)
        return self

    def redirect(self, to: str) -> None:
        """Send a mail that is on its way to many to another address instead."""
        self.recipient = address_digest(to)
        self._address(readable(self.content) | {"to": to})
        self.save(update_fields=["recipient", "content", "failed_at", "last_answer"])

    @property
    def told(self) -> dict[str, Any]:
        """What ``composing.build`` makes the message of. cryptography.fernet.InvalidToken: it cannot be
        opened."""
        own = readable(self.content)
        return own if self.edition is None else self.edition.for_reader(own)

    @property
    def message_id(self) -> str:
        """The Message-ID (RFC 5322). It derives from the row, so that a repeat can be recognised."""
        return f"<mail-{self.id}@{urlsplit(settings.PUBLIC_URL).hostname}>"

    @property
    def state(self) -> str:
        """One word of where the mail stands, for people. It looks for a ``bounce``."""
        if bounce := getattr(self, "bounce", None):
            return bounce.get_kind_display()
        if self.sent_at:
            return gettext("sent")
        if self.failed_at:
            return gettext("given up")
        return gettext("refused for now") if self.attempts else gettext("waiting")

    @property
    def can_be_tried_again(self) -> bool:
        """Whether the mail was given up and still has its text."""
        return bool(self.failed_at and not self.forgotten_at)

    def try_again(self) -> bool:
        """Put a mail that was given up back into the queue, as if new; return whether it could be."""
        again = Mail.objects.failed().filter(pk=self.pk, forgotten_at=None)
        return bool(again.update(failed_at=None, attempts=0, due_at=timezone.now(), claimed_until=None))


class Bounce(models.Model):
    """What was said of a mail after it had been sent: that it did not arrive, or that it was not wanted."""

    class Kind(models.TextChoices):
        """What was said, from the least to the gravest."""

        SOFT = "soft", _("came back for now")
        HARD = "hard", _("came back for good")
        COMPLAINT = "complaint", _("complained about")

    mail = models.OneToOneField(Mail, models.CASCADE, primary_key=True, related_name="bounce")
    kind = models.CharField(max_length=9, choices=Kind)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.get_kind_display()

    def is_at_least(self, kind: str) -> bool:
        """Return whether this is as grave as that kind, or graver."""
        order = self.Kind.values
        return order.index(self.kind) >= order.index(kind)
