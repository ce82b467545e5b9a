"""A run: who is due, what each of them has not got yet, and the mails.

Some hundred subscribers at a time are served in one transaction: their mails are written and the place up to
which they were served is moved, both or neither. So a run that is killed goes on where it was.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, QuerySet
from django.utils import timezone

from newsletter.issues import UPDATES, write
from newsletter.models import Delivery, Issue, List, Run, Subscriber, Subscription, Update
from newsletter.models.subscribers import SubscriptionQuerySet
from newsletter.posting import BATCH, Written, locked, mail_to, tell_of
from newsletter.showing import Shown, works_of

Sections = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class News:
    """One update that was released: its own number and place, and its work."""

    update: int
    place: int
    item: int


@dataclass
class Service:
    """The service of one run, with what all its subscribers share. should_stop: asked between batches."""

    run: Run
    should_stop: Callable[[], bool] = lambda: False
    _lowest: int = 0
    _served_up_to: int = 0  # the number of a subscriber
    _unreadable: set[int] = field(default_factory=set)
    _rank: dict[int, int] = field(default_factory=dict)  # of lists, in the order of sections
    _shown: Shown = field(default_factory=lambda: Shown({}))
    _by_list: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    _written: dict[tuple[str, bool, Sections], Written | None] = field(default_factory=dict)
    _news: dict[int, News] = field(default_factory=dict)  # by the numbers of updates

    def serve(self) -> None:
        """Serve all who are due, in batches; note the end when nobody is left."""
        due = Subscription.objects.due(self.run.pace, self.run.place)
        due.suppressed().update(served_to=self.run.place)
        lowest = due.awake().aggregate(lowest=Min("served_to"))["lowest"]
        if lowest is not None:
            self._lowest = lowest
            self._look_up()
            quiet = self._shown.lists.keys() - self._by_list.keys()
            self._due.filter(list__in=quiet).update(served_to=self.run.place)
            while not self.should_stop() and self._serve_some():
                pass
            tell_of(self._unreadable)
        if self.run.ended_at is None and not self._waiting().exists():
            self.run.ended_at = timezone.now()
            Run.objects.filter(pk=self.run.pk).update(ended_at=self.run.ended_at)

    @property
    def _due(self) -> SubscriptionQuerySet:
        """The subscriptions to serve. One that becomes due meanwhile and lacks what was not looked up is for
        the next time."""
        return Subscription.objects.due(self.run.pace, self.run.place).filter(served_to__gte=self._lowest)

    def _look_up(self) -> None:
        """Look up what was released after a place, as far as it is public now, list by list."""
        lists = List.objects.followed().named().in_bulk()
        self._shown = Shown(lists)
        ordered = sorted(lists.values(), key=lambda each: (each.page_id is None, each.name, each.pk))
        self._rank = {each.pk: rank for rank, each in enumerate(ordered)}
        released = Update.objects.filter(place__gt=self._lowest, place__lte=self.run.place)
        rows = released.order_by("place").values_list("pk", "place", "item_id")
        self._news = {row[0]: News(*cast(tuple[int, int, int], row)) for row in rows}
        by_item = defaultdict(list)
        for news in self._news.values():
            by_item[news.item].append(news)
        for number, items in works_of(lists.values(), by_item.keys()).items():
            found = [news for item in items for news in by_item[item]]
            self._by_list[number] = sorted(found, key=lambda news: news.place)

    def _waiting(self) -> QuerySet[Subscriber]:
        """Return the subscribers who are due and may be written to now."""
        readable = Subscriber.objects.writable().exclude(pk__in=self._unreadable)
        return readable.filter(Exists(self._due.filter(subscriber=OuterRef("pk"))))

    @transaction.atomic
    def _serve_some(self) -> bool:
        """Serve one batch; return whether there was anybody. Who is just leaving is passed over."""
        # In the order of an index: to look for who is left among all takes longer each time.
        turn = self._due.filter(subscriber__gt=self._served_up_to).order_by("subscriber")
        numbers = list(turn.values_list("subscriber", flat=True).distinct()[:BATCH])
        if not numbers:
            return False
        self._served_up_to = numbers[-1]
        subscribers = locked(numbers, self._unreadable)
        due: dict[int, list[Subscription]] = defaultdict(list)
        # By the range: hundreds of numbers would take longer to send than to look up.
        for subscription in self._due.filter(subscriber__gte=numbers[0], subscriber__lte=numbers[-1]):
            # Whose list became one in another language meanwhile is for the next time.
            if subscription.list_id in self._shown.lists:
                due[subscription.subscriber_id].append(subscription)
        had = self._had(numbers)
        served, readers = [], []
        for subscriber in subscribers:
            served += due[subscriber.pk]
            sections = self._sections(due[subscriber.pk], had[subscriber.pk])
            if sections and (written := self._issue(subscriber, sections)):
                readers.append((subscriber, written))
        mails = mail_to(readers, UPDATES)
        Run.objects.filter(pk=self.run.pk).update(mails=F("mails") + mails)
        Subscription.objects.filter(pk__in=[each.pk for each in served]).update(served_to=self.run.place)
        return True

    def _had(self, numbers: list[int]) -> dict[int, set[int]]:
        """Return what each of these subscribers, in order, was told of what was released since: by whatever
        list, at whatever pace."""
        had: dict[int, set[int]] = defaultdict(set)
        since = Delivery.objects.filter(
            subscriber__gte=numbers[0], subscriber__lte=numbers[-1], issue__run__place__gt=self._lowest
        )
        for subscriber, sections in since.values_list("subscriber", "issue__sections"):
            had[subscriber].update(update for _, updates in sections for update in updates)
        return had

    def _sections(self, due: list[Subscription], had: set[int]) -> Sections:
        """Return what a subscriber has not got yet, each update under the first of her lists that has it;
        those of the whole organisation come last."""
        sections = []
        for each in sorted(due, key=lambda each: self._rank.get(each.list_id, len(self._rank))):
            updates = [
                news.update
                for news in self._by_list.get(each.list_id, ())
                if news.update not in had
                and news.place > each.served_to
                and news.update > each.starts_after  # found while this was wished for
            ]
            had.update(updates)
            if updates:
                sections.append((each.list_id, tuple(reversed(updates))))
        return tuple(sections)

    def _issue(self, subscriber: Subscriber, sections: Sections) -> Written | None:
        """Write what a mail of these sections says; of all mails with the same, the same. None: nothing."""
        said = (subscriber.language, subscriber.is_discreet, sections)
        if said not in self._written:
            language, is_discreet, _ = said
            issue = Issue(run=self.run, language=language, is_discreet=is_discreet, sections=sections)
            edition = write(issue, self._shown)
            self._written[said] = Written.of(issue, edition) if edition else None
        return self._written[said]
