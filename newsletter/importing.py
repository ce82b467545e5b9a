"""What would become of addresses that somebody brings along: the dry run of an import, which changes nothing.

Who must not be written to, or has left, comes back by her own sign-up and no other way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail.models import Page

from harmhub.sealing import address_digest, readable
from newsletter.models import Import, List, Subscriber, Subscription, Suppression, Token
from newsletter.models.lists import WHAT
from newsletter.models.subscribers import MOST_CONFIRMATIONS
from topics.models import ProgramPage

LOOKED_AT = 2_000  # addresses in one look of the dry run


class Outcome(models.TextChoices):
    """What becomes of an address and a list."""

    NEW = "new", _("New")
    THERE = "there", _("Subscribed already: nothing changes")
    ASKED = "asked", _("Asked to confirm lately: not asked again")
    LEFT = "left", _("Left this list: comes back by her own sign-up only")
    SUPPRESSED = "suppressed", _("Not to be written to: left, erased, refused or complained")
    GONE = "gone", _("The list is not there any more")


@dataclass(frozen=True)
class Wish:
    """What one line says, as it lies in ``Import.content``: list and wording by their numbers there."""

    list: int
    pace: str
    wording: int
    day: str


@dataclass
class Candidate:
    """An address with its wishes."""

    address: str
    language: str
    wishes: list[Wish]
    digest: bytes = b""

    @classmethod
    def of(cls, row: list) -> "Candidate":
        """Return what a row of ``Import.content`` says."""
        address, language, wishes = row
        return cls(address, language, [Wish(*each) for each in wishes], address_digest(address))


@dataclass
class Standing:
    """What is known of some addresses at this moment, looked up for all of them at once.

    lists: those of the import, saved or not; None where one is gone.
    """

    lists: list[List | None]
    asks: bool
    suppressed: set[bytes] = field(default_factory=set)
    subscriptions: dict[tuple[bytes, int | None], Subscription] = field(default_factory=dict)
    active: set[bytes] = field(default_factory=set)  # those with any list
    asked: set[int] = field(default_factory=set)  # subscriptions
    written_to: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, candidates: Iterable[Candidate], lists: list[List | None], *, asks: bool) -> "Standing":
        """Look up what is known of these."""
        found = cls(lists, asks)
        digests = [each.digest for each in candidates]
        suppressed = Suppression.objects.filter(address_digest__in=digests)
        found.suppressed = {bytes(each) for each in suppressed.values_list("address_digest", flat=True)}
        known = Subscriber.objects.filter(address_digest__in=digests).values_list("pk", "address_digest")
        people = {number: bytes(digest) for number, digest in known}
        for each in Subscription.objects.filter(subscriber__in=people):
            digest = people[each.subscriber_id]
            found.subscriptions[digest, each.list_id] = each
            if each.is_active:
                found.active.add(digest)
        if asks:
            found._look_up_mails(people)
        return found

    def _look_up_mails(self, people: Mapping[int, bytes]) -> None:
        """Look up who was asked by a mail that is still good, and who was written to as often as may be."""
        sent = Token.objects.filter(subscriber__in=people)
        asking = sent.filter(purpose=Token.Purpose.CONFIRM).good()
        through = Token.subscriptions.through.objects.filter(token__in=asking.values("pk"))
        self.asked = set(through.values_list("subscription", flat=True))
        now = timezone.now()
        for span, most in MOST_CONFIRMATIONS.items():
            lately = sent.filter(purpose__in=Token.ASKING, created_at__gt=now - span, created_at__lte=now)
            counted = lately.order_by().values("subscriber").annotate(number=Count("pk"))
            often = counted.filter(number__gte=most).values_list("subscriber", flat=True)
            self.written_to |= {people[number] for number in often}

    def outcome(self, candidate: Candidate, wish: Wish) -> Outcome:
        """Return what becomes of a wish."""
        if candidate.digest in self.suppressed:
            return Outcome.SUPPRESSED
        wanted = self.lists[wish.list]
        if wanted is None:
            return Outcome.GONE
        there = self.subscriptions.get((candidate.digest, wanted.pk))
        if there and there.is_active:
            return Outcome.THERE
        if there and there.left_at:
            return Outcome.LEFT
        if self.asks and (candidate.digest in self.written_to or (there and there.pk in self.asked)):
            return Outcome.ASKED
        return Outcome.NEW


def dry_run(planned: Import) -> Counter[str]:
    """Return how many lines would have which outcome now. cryptography.fernet.InvalidToken: the file cannot
    be opened."""
    content = readable(planned.content)
    lists = [each and (_saved(each) or each) for each in lists_in(content)]
    counts: Counter[str] = Counter()
    for start in range(0, len(content["readers"]), LOOKED_AT):
        candidates = [Candidate.of(row) for row in content["readers"][start : start + LOOKED_AT]]
        standing = Standing.of(candidates, lists, asks=planned.asks)
        counts.update(standing.outcome(each, wish).value for each in candidates for wish in each.wishes)
    return counts


def lists_in(content: dict) -> list[List | None]:
    """Return the lists that ``Import.content`` names, not saved; None for one whose page, program or tag has
    gone since."""
    there = lambda model, number: number is None or model.objects.filter(pk=number).exists()  # noqa: E731
    found = [List(**dict(zip(WHAT, key, strict=True))) for key in content["lists"]]
    return [
        each
        if there(Page, each.page_id) and there(ProgramPage, each.program_id) and there(Tag, each.tag_id)
        else None
        for each in found
    ]


def _saved(wanted: List) -> List | None:
    return List.objects.filter(**{name: getattr(wanted, name) for name in WHAT}).first()
