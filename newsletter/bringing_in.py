"""Bringing addresses in that somebody has from elsewhere, with the proof that their owners agreed.

The worker does it, some hundred addresses in a transaction, which also notes how far it has come: so an
import that is killed goes on where it was, and one that is done again adds nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import cached_property
from wagtail.log_actions import log

from harmhub.mail.composing import compose_edition, new_mark
from harmhub.mail.models import Edition, Mail
from harmhub.sealing import Unreadable, hash_token, new_token, readable
from newsletter.importing import Candidate, Outcome, Standing, Wish, lists_in
from newsletter.links import leaving_headers, link, sender_of
from newsletter.models import (
    EVERYBODY,
    Consent,
    Import,
    List,
    Subscriber,
    Subscription,
    Tally,
    Token,
    Update,
)
from newsletter.subscribing import CONFIRMABLE_FOR, IMPORTED, correct, names_of

BATCH = 200  # addresses in one transaction
CONFIRMATION = "newsletter-confirmation"

Wishes = list[tuple[Subscription, Wish]]


def start(pk: int, user: Any) -> bool:
    """Have the worker do an import; a second time it is no other. Return whether it was this call that began
    it. In the caller's transaction."""
    waiting = Import.objects.filter(pk=pk, started_at=None)
    begun = bool(waiting.update(started_at=timezone.now(), user=user))
    if begun:
        planned = Import.objects.defer("content").get(pk=pk)
        log(
            planned,
            "newsletter.import",
            user=user,
            data={"lists": planned.list_names, "addresses": planned.readers},
        )
    return begun


def work_off(pk: int, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Do what is left of an import, batch by batch."""
    planned = Import.objects.get(pk=pk)
    work = Work(planned, readable(planned.content))
    while not should_stop() and work.do_some():
        pass


class Work:
    """The doing of one import, with what its batches share."""

    def __init__(self, planned: Import, content: dict) -> None:
        self.planned = planned
        self.content, self.rows = content, content["readers"]
        self._editions: dict[tuple, int] = {}  # numbers alone: there may be many texts

    @transaction.atomic
    def do_some(self) -> bool:
        """Do one batch; return whether there may be more. Who is being erased or is leaving is waited for."""
        planned = Import.objects.select_for_update().defer("content").get(pk=self.planned.pk)
        if planned.finished_at:
            return False
        rows = self.rows[planned.position : planned.position + BATCH]
        lists = [each and List.objects.kept(each) for each in lists_in(self.content)]
        candidates = [Candidate.of(row) for row in rows]
        batch = Batch(planned, candidates, lists, self.content["wordings"], self._edition)
        counts = Counter(planned.counts) + batch.do()
        planned.counts, planned.position = dict(counts), planned.position + len(rows)
        if planned.position >= len(self.rows):
            self._finish(planned)
        planned.save(update_fields=["counts", "position", "finished_at"])
        return planned.finished_at is None

    def _finish(self, planned: Import) -> None:
        planned.finished_at = timezone.now()
        Import.objects.filter(pk=planned.pk).update(content=None)
        told = {"lists": planned.list_names, "counts": planned.counts, "refused": planned.refused}
        log(planned, "newsletter.imported", user=planned.user, data=told)

    def _edition(self, subscriber: Subscriber, subscriptions: list[Subscription]) -> int:
        """Return the number of the text for who gets these lists; of all who get the same, the same."""
        numbers = tuple(sorted(each.list_id for each in subscriptions))
        said = (subscriber.language, subscriber.is_discreet, numbers)
        if said not in self._editions:
            self._editions[said] = _composed(subscriber, subscriptions, asks=self.planned.asks).pk
        return self._editions[said]


def _composed(subscriber: Subscriber, subscriptions: list[Subscription], *, asks: bool) -> Edition:
    language, mark = subscriber.language, new_mark()
    numbers = {each.list_id for each in subscriptions}
    named = Subscription.objects.filter(pk__in=[each.pk for each in subscriptions]).named()
    with translation.override(language):
        context: dict[str, object] = {"lists": names_of(named)}
    if asks:
        context["confirm_url"] = link("newsletter:confirm", mark, language)
    else:
        context["leave_url"] = link("newsletter:leave", mark, language)
        context["manage_url"] = link("newsletter:ask_for_link", mark, language)
    return compose_edition(
        template=CONFIRMATION if asks else IMPORTED,
        context=context,
        language=language,
        headers={} if asks else leaving_headers(numbers.pop() if len(numbers) == 1 else "updates", mark),
        mark=mark,
        sender=sender_of(subscriber.is_discreet, language),
    )


@dataclass
class Batch:
    """Some addresses, brought in within the caller's transaction."""

    planned: Import
    candidates: list[Candidate]
    lists: list[List | None]
    wordings: list[str]
    edition: Callable[[Subscriber, list[Subscription]], int]
    now: datetime = field(default_factory=timezone.now)

    def do(self) -> Counter[str]:
        """Bring them in; return how many wishes had which outcome."""
        subscribers, made = self._locked()
        # Only now: what somebody did who had locked one of them before us counts.
        standing = self._standing()
        counts: Counter[str] = Counter()
        welcome: dict[Subscriber, Wishes] = defaultdict(list)
        for candidate in self.candidates:
            for wish in candidate.wishes:
                outcome, chosen = standing.outcome(candidate, wish), self.lists[wish.list]
                counts[outcome.value] += 1
                if outcome == Outcome.NEW and chosen:
                    subscriber = subscribers[candidate.digest]
                    there = standing.subscriptions.get((candidate.digest, chosen.pk))
                    blank = Subscription(subscriber=subscriber, list=chosen)
                    welcome[subscriber].append((there or blank, wish))
        firsts = [each for each in welcome if bytes(each.address_digest) not in standing.active]
        self._correct(firsts)
        self._save([pair for pairs in welcome.values() for pair in pairs])
        self._tally(welcome, len(firsts))
        self._write_to(welcome)
        # Made for who turned out to be suppressed meanwhile.
        Subscriber.objects.filter(address_digest__in=made, subscriptions=None, tokens=None).delete()
        return counts

    def _standing(self) -> Standing:
        return Standing.of(self.candidates, self.lists, asks=self.planned.asks)

    def _locked(self) -> tuple[dict[bytes, Subscriber], list[bytes]]:
        """Return the subscribers of all addresses, locked in the order that everybody keeps, by their
        digests, and the digests of those who were made. None is made for who is not to be brought in."""
        standing = self._standing()
        new = [
            each
            for each in self.candidates
            if any(standing.outcome(each, wish) == Outcome.NEW for wish in each.wishes)
        ]
        # Making comes before locking: whoever makes one of them meanwhile waits for us, holding nothing.
        Subscriber.objects.bulk_create(
            [
                Subscriber(address=each.address, address_digest=each.digest, language=each.language)
                for each in new
            ],
            ignore_conflicts=True,
        )
        theirs = Subscriber.objects.filter(address_digest__in=[each.digest for each in self.candidates])
        locked = theirs.order_by("pk").select_for_update()
        return {bytes(each.address_digest): each for each in locked}, [each.digest for each in new]

    def _correct(self, subscribers: Iterable[Subscriber]) -> None:
        """Take address and language of the file for right, where nobody has proved others."""
        told = {each.digest: each for each in self.candidates}
        for each in subscribers:
            said = told[bytes(each.address_digest)]
            if (each.address, each.language) != (said.address, said.language):
                correct(each, said.address, said.language, is_discreet=each.is_discreet)

    def _save(self, pairs: Wishes) -> None:
        """Store the subscriptions: asked for, or, as their owners have confirmed elsewhere, counting from
        now on, so that nothing is told that was published before."""
        newest, last = Update.objects.newest(), Update.objects.last_place()
        for subscription, wish in pairs:
            subscription.pace, subscription.asked_at = wish.pace, self.now
            if not self.planned.asks:
                subscription.confirmed_at = self.now
                subscription.starts_after, subscription.served_to = newest, last
        fields = ["pace", "asked_at", "confirmed_at", "starts_after", "served_to"]
        there = [each for each, _wish in pairs if each.pk]
        Subscription.objects.bulk_create([each for each, _wish in pairs if not each.pk])
        Subscription.objects.bulk_update(there, fields)
        if not self.planned.asks:
            followed = List.objects.filter(pk__in={each.list_id for each, _wish in pairs}, was_followed=False)
            followed.update(was_followed=True)
            self._note_consent(pairs)

    def _note_consent(self, pairs: Wishes, tokens: Mapping[int, Token] | None = None) -> None:
        """Store what each agreed to. tokens: by which they are asked to confirm, where they are; then it
        counts from their own confirmation."""
        Consent.objects.bulk_create(
            Consent(
                subscription=subscription,
                token=tokens[subscription.subscriber_id] if tokens else None,
                wording=self.wordings[wish.wording] + (f" ({wish.day})" if tokens else ""),
                list_name=self.names[subscription.list_id],
                pace=wish.pace,
                day=None if tokens else date.fromisoformat(wish.day),
                imported_at=None if tokens else self.now,
            )
            for subscription, wish in pairs
        )

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the lists."""
        named = List.objects.filter(pk__in=[each.pk for each in self.lists if each]).named()
        return {each.pk: each.name for each in named}

    def _tally(self, welcome: Mapping[Subscriber, Wishes], firsts: int) -> None:
        what = "signed_up" if self.planned.asks else "imported"
        by_list = Counter(each.list_id for pairs in welcome.values() for each, _wish in pairs)
        for number, count in [*by_list.items(), (EVERYBODY, firsts)]:
            if count:
                Tally.objects.add(what, [number], self.now, by=count)

    def _write_to(self, welcome: Mapping[Subscriber, Wishes]) -> None:
        """Post one mail to each: the question, or the welcome where it is wanted. Its secret is a token's."""
        asks = self.planned.asks
        if not asks and not self.planned.welcomes:
            return
        secrets = {subscriber.pk: new_token() for subscriber in welcome}
        purpose = Token.Purpose.CONFIRM if asks else Token.Purpose.LEAVE
        expires_at = self.now + CONFIRMABLE_FOR if asks else None
        made = Token.objects.bulk_create(
            Token(purpose=purpose, digest=hash_token(secrets[each.pk]), subscriber=each, created_at=self.now,
                  expires_at=expires_at)
            for each in welcome
        )  # fmt: skip
        tokens = {each.subscriber_id: each for each in made}
        through = Token.subscriptions.through
        through.objects.bulk_create(
            through(token=tokens[subscriber.pk], subscription=each)
            for subscriber, pairs in welcome.items()
            for each, _wish in pairs
        )
        if asks:
            self._note_consent([pair for pairs in welcome.values() for pair in pairs], tokens)
        typed = {each.digest: each.address for each in self.candidates}
        readers = []
        for subscriber, pairs in welcome.items():
            address = subscriber.address
            if isinstance(address, Unreadable):  # its key is missing, but the file names it
                address = typed[bytes(subscriber.address_digest)]
            edition = self.edition(subscriber, [each for each, _wish in pairs])
            readers.append((edition, subscriber.language, address, secrets[subscriber.pk]))
        Mail.queue_many(CONFIRMATION if asks else IMPORTED, readers)
