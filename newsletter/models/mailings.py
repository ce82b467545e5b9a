"""Mailings: mails that editors write themselves to the subscribers of some lists."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.fields import RichTextField
from wagtail.locks import BaseLock
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    PreviewableMixin,
    ReferenceIndex,
    Revision,
    RevisionMixin,
    WorkflowMixin,
    WorkflowState,
)

from harmhub.publishing import Row, UnfinishedError, faults_of
from newsletter.models.lists import List
from newsletter.models.subscribers import Subscriber, Subscription
from newsletter.models.updates import DELAY

# Who published within so long after the time that was set is taken for the schedule.
PROMPT = timedelta(minutes=5)
# What is counted while it is sent, and never part of a draft.
SENDING = ("begun_at", "ended_at", "settled_at", "mails", "sent", "refused", "withdrawn", "left")


class SentLock(BaseLock):
    """Keeps everybody from changing a mailing that is on its way."""

    def for_user(self, user: AbstractBaseUser) -> bool:
        """Return that it applies to everybody."""
        return True

    def get_message(self, user: AbstractBaseUser) -> str:
        """Return what is said above the form."""
        return _("This mail has gone out. It cannot be changed any more.")


class MailingQuerySet(models.QuerySet["Mailing"]):
    """Mailings by where they stand."""

    def due(self, now: datetime) -> Self:
        """Return those whose time has come: at once where the schedule published them at the time that was
        set, else some minutes after somebody did. One that was published further ahead was published under a
        wrong clock."""
        published = self.filter(live=True, begun_at=None, last_published_at__isnull=False)
        waited = Q(last_published_at__lte=now - DELAY) | Q(last_published_at__gt=now + DELAY)
        by_schedule = Q(
            go_live_at__lte=F("last_published_at"), go_live_at__gt=F("last_published_at") - PROMPT
        )
        return published.filter(waited | by_schedule)

    def with_states(self) -> Self:
        """Return them with what it takes to say where each stands, looked up for all of them at once."""
        ours = Revision.objects.filter(
            content_type=ContentType.objects.get_for_model(self.model),
            object_id=Cast(OuterRef("pk"), models.CharField()),
            approved_go_live_at__isnull=False,
        )
        states = WorkflowState.objects.active().select_related("current_task_state__task")
        found = self.select_related("latest_revision")
        return found.annotate(scheduled_at=Subquery(ours.values("approved_go_live_at")[:1])).prefetch_related(
            Prefetch("_workflow_states", queryset=states, to_attr="_current_workflow_states")
        )

    def on_their_way(self) -> Self:
        """Return those for which not all mails are written yet."""
        return self.filter(begun_at__isnull=False, ended_at=None)

    def that_use(self, used: models.Model) -> Self:
        """Return those that point at something as they were published last: at a document, by a link."""
        found = ReferenceIndex.get_references_to(used)
        found = found.filter(base_content_type=ContentType.objects.get_for_model(self.model))
        return self.filter(pk__in=[int(number) for number in found.values_list("object_id", flat=True)])

    def unsettled(self) -> Self:
        """Return those of which some mails may still be neither sent nor given up."""
        return self.filter(ended_at__isnull=False, settled_at=None)


class Mailing(
    WorkflowMixin, PreviewableMixin, DraftStateMixin, LockableMixin, RevisionMixin, ClusterableModel
):
    """A mail of an editor's own to the subscribers of some lists. To publish it is to send it."""

    subject = models.CharField(gettext_lazy("subject"), max_length=120)
    body = RichTextField(
        gettext_lazy("text"), features=["h3", "bold", "italic", "link", "document-link", "ul", "ol"]
    )
    lists = ParentalManyToManyField(List, verbose_name=gettext_lazy("to the lists"), related_name="mailings")
    begun_at = models.DateTimeField(gettext_lazy("sent"), null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    mails = models.PositiveIntegerField(gettext_lazy("mails"), default=0, editable=False)
    # These three count once it is settled; before, the mails themselves are asked.
    sent = models.PositiveIntegerField(default=0, editable=False)
    refused = models.PositiveIntegerField(default=0, editable=False)
    withdrawn = models.PositiveIntegerField(default=0, editable=False)
    left = models.PositiveIntegerField(default=0, editable=False)

    objects = MailingQuerySet.as_manager()

    preview_modes = [
        ("html", gettext_lazy("Mail")),
        ("text", gettext_lazy("Mail without pictures and styles")),
        ("discreet", gettext_lazy("Mail to who asks for discretion")),
    ]

    class Meta:
        verbose_name = gettext_lazy("mailing")
        verbose_name_plural = gettext_lazy("mailings")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject or _("Mailing without a subject")

    @property
    def goes_at(self) -> datetime | None:
        """When it goes out; None: nobody has published it, or it has gone."""
        if self.begun_at:
            return None
        if self.live and (published := self.last_published_at):
            is_prompt = self.go_live_at and timedelta(0) <= published - self.go_live_at < PROMPT
            return published if is_prompt else published + DELAY
        return self.scheduled_for

    @property
    def scheduled_for(self) -> datetime | None:
        """When it is to be published by itself."""
        if "scheduled_at" in self.__dict__:  # of with_states()
            return self.__dict__["scheduled_at"]
        revision = self.scheduled_revision
        return revision.approved_go_live_at if revision else None

    @property
    def language(self) -> str:
        """The language of its lists, which is its own; "" where it has none yet."""
        first = self.lists.first()
        return first.locale.language_code if first else ""

    @property
    def wanted(self) -> QuerySet[Subscription]:
        """The subscriptions that it goes to."""
        found = Subscription.objects.active().filter(list__in=[each.pk for each in self.lists.all()])
        return found.filter(confirmed_at__lte=self.begun_at) if self.begun_at else found

    @property
    def readers(self) -> QuerySet[Subscriber]:
        """Who would get it now."""
        return Subscriber.objects.writable().filter(Exists(self.wanted.filter(subscriber=OuterRef("pk"))))

    @transaction.atomic
    def begin(self, now: datetime | None = None) -> None:
        """Have it sent from now on, if it is published; now: only if it is due then. One that was begun
        already stays."""
        locked = Mailing.objects.select_for_update().filter(pk=self.pk, live=True, begun_at=None)
        if mailing := (locked.due(now) if now else locked).first():
            mailing.begun_at = timezone.now()
            mailing.save(update_fields=["begun_at"])
        self.refresh_from_db(fields=SENDING)

    def faults(self) -> list[str]:
        """Return what keeps it from being sent as it is."""
        lists = list(self.lists.all())
        languages = {each.locale_id for each in lists}
        missing = [] if lists else [str(self._meta.get_field("lists").verbose_name)]
        mixed = [_("lists in several languages")] if len(languages) > 1 else []
        return faults_of(self) + missing + mixed

    @transaction.atomic
    def publish(self, revision: Revision, *args: Any, **kwargs: Any) -> None:
        """Publish a revision, now or at its time. UnfinishedError: it lacks something, or has gone out."""
        gone = [_("it has gone out already")] if self.has_gone() else []
        mailing = revision.as_object()
        if faults := gone or mailing.faults():
            raise UnfinishedError(mailing, faults)
        if self.live and mailing.go_live_at and mailing.go_live_at > timezone.now():
            # Else what was published before would go meanwhile, at its own time.
            self.unpublish(log_action=False)
            revision = Revision.objects.get(pk=revision.pk)
        super().publish(revision, *args, **kwargs)

    def has_gone(self) -> bool:
        """Return whether it is on its way. In the caller's transaction, until whose end it does not begin."""
        locked = Mailing.objects.select_for_update().get(pk=self.pk)
        for name in (*SENDING, "live"):
            setattr(self, name, getattr(locked, name))
        return locked.begun_at is not None

    def get_lock(self) -> BaseLock | None:
        """Return what keeps it from being changed."""
        return SentLock(self) if self.begun_at else super().get_lock()

    def with_content_json(self, content: dict) -> "Mailing":
        """Return it with the content of a revision, which knows nothing of its sending."""
        mailing = super().with_content_json(content)
        for name in SENDING:
            setattr(mailing, name, getattr(self, name))
        return mailing

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """Return it as a mail."""
        from newsletter.mailing_text import sample  # which needs the models

        texts = sample(self, is_discreet=mode_name == "discreet")
        if mode_name == "text":
            return HttpResponse(texts["text"], content_type="text/plain; charset=utf-8")
        return HttpResponse(texts["html"])


class MailingItem(Row):
    """A work that a mailing shows."""

    mailing = ParentalKey(Mailing, on_delete=models.CASCADE, related_name="items")
    item = models.ForeignKey(
        "content.ContentItem", models.CASCADE, related_name="+", verbose_name=gettext_lazy("work")
    )

    class Meta(Row.Meta):
        verbose_name = gettext_lazy("work")
        verbose_name_plural = gettext_lazy("works")
