"""Updates: the works that subscribers are told of, the runs that tell them, and what each of them got.

Works are released in an order, and each subscription remembers up to which place in it it was served. So what
somebody has not got yet is known after any crash, and nothing is told twice.
"""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from content.models import Entry
from content.models.entries import EVERYWHERE, EntryQuerySet
from harmhub.mail.models import Edition, Mail
from harmhub.sealing import hash_token
from newsletter.models.lists import List
from newsletter.models.paces import Pace
from newsletter.models.subscribers import Subscriber, Subscription, SubscriptionQuerySet

# A work that is published under an older date is no news: somebody brings in an archive.
FRESH = timedelta(days=14)
# In which a slip can be taken back.
DELAY = timedelta(minutes=10)
NOT_TOLD = 0  # the place of works that were there before anybody could be told of them


def public_works() -> EntryQuerySet:
    """Return the entries of all works that are public now, in all languages, each once."""
    return Entry.objects.current().filter(page=EVERYWHERE)


class UpdateQuerySet(models.QuerySet["Update"]):
    """Updates by where they stand."""

    def unreleased(self) -> "UpdateQuerySet":
        """Return those that wait for their time."""
        return self.filter(place=None)

    def public(self) -> "UpdateQuerySet":
        """Return those whose work everybody may see now."""
        return self.filter(Exists(public_works().filter(item=OuterRef("item"))))

    def wanted(self) -> "UpdateQuerySet":
        """Return those of public works whose editors want just that told."""
        new = Q(note="", item__tell_subscribers=True)
        return self.public().filter(new | ~Q(note="") & Q(note=F("item__change_note")))

    def to_come(self) -> "UpdateQuerySet":
        """Return those that go out by themselves, and those that are held; none that is about to be
        forgotten, as its work was taken back. ``is_wanted``: whether it could go now."""
        wanted = Exists(Update.objects.wanted().filter(pk=OuterRef("pk")))
        return self.unreleased().annotate(is_wanted=wanted).filter(Q(goes_at=None) | Q(is_wanted=True))

    def newest(self) -> int:
        """Return the number of the one that was found last."""
        return self.aggregate(last=Max("pk"))["last"] or 0

    def ripe(self, now: datetime) -> "UpdateQuerySet":
        """Return those whose time has come. One that goes further ahead was found by a wrong clock."""
        return self.unreleased().filter(Q(goes_at__lte=now) | Q(goes_at__gt=now + 2 * DELAY))

    def last_place(self) -> int:
        """Return the place of the newest that was released."""
        return self.aggregate(last=Max("place"))["last"] or NOT_TOLD


class Update(models.Model):
    """One work of which subscribers are told, once; or, with a note, one change of it."""

    # Without a constraint: an editor who deletes a work that is just being found must not be refused.
    item = models.ForeignKey(
        "content.ContentItem",
        models.CASCADE,
        db_constraint=False,
        related_name="updates",
        verbose_name=_("work"),
    )
    note = models.CharField(_("what has changed"), max_length=140, blank=True, default="", db_default="")
    found_at = models.DateTimeField(_("found"), default=timezone.now, editable=False)
    # None: until somebody lets it go.
    goes_at = models.DateTimeField(_("goes at"), null=True)
    place = models.BigIntegerField(_("place"), null=True, editable=False, db_index=True)

    objects = UpdateQuerySet.as_manager()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["item", "note"], name="update_once_a_change")]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_waiting(self) -> bool:
        """Whether it has not gone out yet."""
        return self.place is None

    def hold(self) -> None:
        """Keep it back until somebody lets it go."""
        self._set(goes_at=None)

    def send_now(self) -> None:
        """Let it go at once; also one that was held back."""
        self._set(goes_at=timezone.now())

    def drop(self) -> None:
        """Never tell it."""
        self._set(place=NOT_TOLD)

    def _set(self, **fields: object) -> None:
        # In one statement: the job may be letting it go right now.
        Update.objects.unreleased().filter(pk=self.pk).update(**fields)
        self.refresh_from_db()


class Run(models.Model):
    """One time at which the subscribers of a pace are served. slot: when it was due. place: up to which
    update."""

    pace = models.CharField(_("pace"), max_length=8, choices=Pace)
    slot = models.DateTimeField(_("due"))
    place = models.BigIntegerField(_("place"))
    begun_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    mails = models.PositiveIntegerField(_("mails"), default=0, editable=False)

    class Meta:
        verbose_name = _("run of updates")
        verbose_name_plural = _("runs of updates")
        ordering = ["-slot", "-pk"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["pace", "slot"], name="run_once_a_slot")]

    def __str__(self) -> str:
        return f"{self.pk}"


class Issue(models.Model):
    """What one mail says: for each list, by its number, the numbers of updates; or a mailing to these lists.

    sections: ``[[list, [update, ...]], ...]``. It outlives the text that was made of it.
    """

    run = models.ForeignKey(Run, models.CASCADE, null=True, related_name="issues")
    mailing = models.ForeignKey("newsletter.Mailing", models.PROTECT, null=True, related_name="issues")
    language = models.CharField(max_length=12)
    is_discreet = models.BooleanField(default=False)
    sections = models.JSONField()
    edition = models.ForeignKey(Edition, models.SET_NULL, null=True, related_name="+")
    is_forgotten = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(run=None) | Q(mailing=None), name="issue_of_run_or_mailing")
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    def forget(self) -> None:
        """Keep the lists, and not what was told of them."""
        self.sections, self.is_forgotten = [[number, []] for number, _ in self.sections], True
        self.mailing = None
        self.save(update_fields=["sections", "mailing", "is_forgotten"])


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, found by the secret in their mail."""

    def opened_by(self, secret: str) -> "DeliveryQuerySet":
        """Return the one whose mail holds this secret, or none."""
        return self.filter(digest=hash_token(secret))


class Delivery(models.Model):
    """An issue on its way to a subscriber, or there. The secret in its mail leaves the lists that it served,
    and nothing else; it never expires."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="deliveries")
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="deliveries")
    mail = models.ForeignKey(Mail, models.SET_NULL, null=True, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def subscriptions(self) -> SubscriptionQuerySet:
        """The subscriptions that it served, as far as they are still there."""
        lists = {number for number, _updates in self.issue.sections}
        theirs = Subscription.objects.filter(subscriber=self.subscriber_id)
        # A list that she has no more may go on in another language.
        others = lists - set(theirs.values_list("list", flat=True))
        renamed = List.objects.in_any_language(others).exclude(pk__in=lists)
        return theirs.filter(Q(list__in=lists) | Q(list__in=renamed))
