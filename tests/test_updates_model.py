"""Each confirmed subscription gets each of its public updates exactly once, in the run of its pace, and
nothing before confirming or after leaving; each mailing once: whatever subscribers, editors and crashing
workers do, in any order."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from content.models import VoicesPage
from harmhub.mail.models import Mail
from harmhub.models import SiteSettings
from harmhub.sealing import address_digest
from newsletter import serving
from newsletter.issues import MAILING, TO_LISTS
from newsletter.managing import choose, pause
from newsletter.models import (
    Delivery,
    List,
    Mailing,
    Pace,
    SignUp,
    Subscriber,
    Subscription,
    Token,
    Update,
)
from newsletter.serving import Service
from newsletter.subscribing import confirm, erase, leave, work_off_sign_ups
from newsletter.timetable import last_slot
from newsletter.updating import begin_runs, find_and_release, newest_runs
from tests.factories import Tree, list_of
from tests.fixtures.following import Clock
from tests.fixtures.stateful import run_operations

pytestmark = pytest.mark.django_db
NUMBER = st.integers(0, 10**6)
OFTEN = [Pace.AT_ONCE, Pace.AT_ONCE, Pace.DAILY, Pace.WEEKLY]
READERS = [f"reader{number}@example.org" for number in range(3)]


class Crash(Exception):
    """A process that ends in the middle of its work."""


class Newsroom(RuleBasedStateMachine):
    """Readers who come and go, editors who publish, and a worker that may crash anywhere in a run."""

    tree: Tree

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clock = Clock()
        self.clock.run()
        pages = (None, self.tree.health, self.tree.harm_reduction, self.tree.justice)
        self.lists = [list_of(page, "en") for page in pages]
        health = self.tree.health
        self.lists.append(List.objects.kept(List(page=health, locale=health.locale, kind="voices")))
        self.proven: set[str] = set()  # who showed that the address is hers
        self.since: dict[str, int] = {}
        self.looked_at = 0  # up to which delivery
        self.made = self.changes = self.mailings = 0
        self.withdrawn: dict[str, int] = {}  # works, with the newest delivery when they were withdrawn

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(paces=st.lists(st.sampled_from(OFTEN), min_size=6, max_size=6))
    def begin(self, paces: list[Pace]) -> None:
        for number, pace in enumerate(paces):
            self.follow(number, number // 3 + number, pace)

    @rule(reader=NUMBER, followed=NUMBER, pace=st.sampled_from(list(Pace)))
    def follow(self, reader: int, followed: int, pace: Pace) -> None:
        """Sign up, and press the button in the mail that comes."""
        self.sign_up(reader, followed, pace)
        self.confirm(-1)

    @rule(reader=NUMBER, followed=NUMBER, pace=st.sampled_from(list(Pace)))
    def sign_up(self, reader: int, followed: int, pace: Pace) -> None:
        # As if some days had passed since she was asked last.
        Token.objects.update(created_at=F("created_at") - timedelta(days=1))
        wish = SignUp.objects.create(address=READERS[reader % 3], language="en", pace=pace)
        wish.lists.set([self.lists[followed % 5], self.lists[followed % 3]])
        work_off_sign_ups()

    @rule(which=NUMBER)
    def confirm(self, which: int) -> None:
        """Press the button behind one of the last links, for the first time or once more."""
        asked = Mail.objects.filter(purpose="newsletter-confirmation").order_by("created_at")
        if asked := list(asked)[-3:]:
            [secret] = re.findall(r"\?t=([\w-]+)", asked[which % len(asked)].told["text"])
            with self.beginning():
                self.proven |= {each.subscriber.address for each in confirm(secret)}

    @contextlib.contextmanager
    def beginning(self) -> Iterator[None]:
        """Note from which update on those may be told who begin to follow something within the block."""
        newest, before = Update.objects.newest(), self.followers()
        yield
        self.since |= dict.fromkeys(self.followers() - before, newest)

    def followers(self) -> set[str]:
        return {
            each.address
            for each in Subscriber.objects.filter(subscriptions__in=Subscription.objects.active())
        }

    @rule(reader=NUMBER, pace=st.sampled_from(list(Pace)))
    def change_pace(self, reader: int, pace: Pace) -> None:
        Subscription.objects.found_by(READERS[reader % 3]).update(pace=pace)

    @rule(reader=NUMBER, pauses=st.booleans())
    def pause_or_go_on(self, reader: int, pauses: bool) -> None:
        for subscriber in Subscriber.objects.filter(address_digest=address_digest(READERS[reader % 3])):
            pause(subscriber, 3 if pauses else 0)

    @rule(reader=NUMBER, chosen=st.lists(st.sampled_from(["", *OFTEN]), min_size=5, max_size=5))
    def choose_by_a_link(self, reader: int, chosen: list[str]) -> None:
        for subscriber in Subscriber.objects.filter(address_digest=address_digest(READERS[reader % 3])):
            with self.beginning():
                choose(subscriber, zip(self.lists, chosen, strict=True))
            self.proven.add(subscriber.address)

    @rule(reader=NUMBER)
    def be_erased(self, reader: int) -> None:
        for subscriber in Subscriber.objects.filter(address_digest=address_digest(READERS[reader % 3])):
            erase(subscriber)
            self.proven.discard(READERS[reader % 3])

    @rule(which=NUMBER, whole=st.booleans())
    def leave_by_a_mail(self, which: int, whole: bool) -> None:
        """Press a link in one of the mails, sent or still waiting."""
        mails = list(Mail.objects.filter(purpose__in=TO_LISTS).order_by("created_at"))
        if mails:
            newest = mails[-3:]
            links = re.findall(r"\?t=([\w-]+)(?:&section=(\d+))?", newest[which % len(newest)].told["text"])
            secret, number = links[which % len(links)]
            leave(secret, "" if whole else number)

    @rule(topic=NUMBER)
    def publish(self, topic: int) -> None:
        topics = [self.tree.health, self.tree.harm_reduction, self.tree.drug_checking, self.tree.justice]
        self.made += 1
        self.tree.voice(
            title=f"Work {self.made}",
            primary_topic=topics[topic % 4],
            published_on=timezone.localdate(self.clock.now),
        )

    @rule(topic=NUMBER, sent=st.sampled_from([True, False, False]))
    def publish_and_tell(self, topic: int, sent: bool) -> None:
        self.publish(topic)
        self.clock.pass_()
        self.nobody_waits_for_longer_than_her_pace()
        if sent:
            self.send(5)

    @rule(reader=NUMBER, topic=NUMBER)
    def come_back_later(self, reader: int, topic: int) -> None:
        """Be erased, miss something, and follow everything."""
        self.be_erased(reader)
        self.publish_and_tell(topic, False)
        self.follow(reader, 0, Pace.AT_ONCE)
        self.clock.run()

    @rule(which=NUMBER, told=st.booleans())
    def change(self, which: int, told: bool) -> None:
        """Publish a work anew; with a note of what has changed, or with the last one."""
        work = self.work(which)
        if work is None or work.title in self.withdrawn:
            return
        if told:
            self.changes += 1
            work.change_note = f"Change {self.changes}"
        work.first_published_at = timezone.now() - timedelta(days=1)
        work.save_revision().publish()

    def work(self, which: int) -> VoicesPage | None:
        return VoicesPage.objects.get(title=f"Work {which % self.made + 1}") if self.made else None

    @rule(which=NUMBER)
    def withdraw(self, which: int) -> None:
        """Unpublish a work for good, told or not."""
        work = self.work(which)
        if work and work.title not in self.withdrawn:
            work.unpublish()
            newest = Delivery.objects.order_by("-pk").first()
            self.withdrawn[work.title] = newest.pk if newest else 0

    @rule(chosen=st.lists(NUMBER, min_size=1, max_size=3))
    def write_a_mailing(self, chosen: list[int]) -> None:
        self.mailings += 1
        mailing = Mailing.objects.create(subject=f"Mailing {self.mailings}", body="<p>Words</p>", live=False)
        mailing.lists = [self.lists[number % 5] for number in chosen]
        mailing.save_revision().publish()
        mailing.refresh_from_db()
        wanted = {each.address for each in mailing.readers}
        self.clock.run()
        got = Mail.objects.filter(purpose=MAILING, created_at__gte=mailing.last_published_at)
        assert sorted(wanted) == sorted(mail.told["to"] for mail in got)

    @rule(which=NUMBER)
    def take_back(self, which: int) -> None:
        """Take back something that was not told yet."""
        self.publish(which)
        self.clock.run()
        waiting = list(Update.objects.unreleased().order_by("pk"))
        if waiting:
            VoicesPage.objects.get(pk=waiting[which % len(waiting)].item_id).unpublish()

    @rule(minutes=st.sampled_from([1, 11, 60, 60 * 24, 60 * 24 * 8]))
    def wait(self, minutes: int) -> None:
        self.clock.later(minutes=minutes)
        self.clock.run()
        self.nobody_waits_for_longer_than_her_pace()

    @rule(topic=NUMBER, calls=st.integers(1, 3))
    def publish_and_crash(self, topic: int, calls: int) -> None:
        """Serve who is due in small batches, and die in the middle of one."""
        self.publish(topic)
        self.clock.run()
        self.clock.later(minutes=11)
        left = calls

        def die_sometime(*given, real=Mail.queue_many, **named):
            nonlocal left
            left -= 1
            made = real(*given, **named)
            if left <= 0:
                raise Crash
            return made

        find_and_release(self.clock.now)
        begin_runs(self.clock.now)
        with pytest.MonkeyPatch.context() as patched, contextlib.suppress(Crash):
            patched.setattr(serving, "BATCH", 1)
            patched.setattr(Mail, "queue_many", die_sometime)
            for run in newest_runs():
                Service(run).serve()

    @rule(number=st.integers(1, 5))
    def send(self, number: int) -> None:
        for mail in Mail.objects.waiting().order_by("created_at")[:number]:
            mail.sent_at = timezone.now()
            mail.save(update_fields=["sent_at"])

    @invariant()
    def nobody_has_anything_twice(self) -> None:
        for reader in READERS:
            found = Counter(self.told(reader))
            assert not found or max(found.values()) == 1, (reader, found)

    @invariant()
    def nothing_waits_for_who_has_left(self) -> None:
        for delivery in Delivery.objects.filter(mail__in=Mail.objects.waiting()).select_related(
            "issue", "mail"
        ):
            numbers = {number for number, _ in delivery.issue.sections}
            active = Subscription.objects.active().filter(subscriber=delivery.subscriber_id)
            assert numbers <= {each.list_id for each in active}
            assert delivery.mail.edition_id == delivery.issue.edition_id

    @invariant()
    def nobody_gets_what_she_has_not_confirmed(self) -> None:
        for reader in set(READERS) - self.proven:
            assert not Mail.objects.to(reader).filter(purpose__in=TO_LISTS).exists()

    @invariant()
    def nobody_is_told_what_was_there_before_she_confirmed(self) -> None:
        new = Delivery.objects.filter(pk__gt=self.looked_at).select_related("subscriber", "issue")
        for delivery in new.order_by("pk"):
            told = [number for _, some in delivery.issue.sections for number in some]
            assert all(number > self.since[delivery.subscriber.address] for number in told)
            self.looked_at = delivery.pk

    @invariant()
    def nobody_is_told_of_what_was_withdrawn(self) -> None:
        for title, newest in self.withdrawn.items():
            for delivery in Delivery.objects.filter(pk__gt=newest).select_related("mail"):
                assert f"Voices: {title}\n" not in delivery.mail.told["text"] + "\n"

    def nobody_waits_for_longer_than_her_pace(self) -> None:
        """After a run that nothing cut short, each pace has had its hour, and whoever has it was told."""
        site, zone = SiteSettings(), ZoneInfo(settings.TIME_ZONE)
        newest = {run.pace: run for run in newest_runs()}
        assert newest[Pace.AT_ONCE].place == Update.objects.last_place()
        for pace in set(Pace) - {Pace.AT_ONCE}:
            hour = last_slot(pace, self.clock.now, zone, site.updates_hour, site.updates_weekday)
            assert newest[pace].slot == hour
        for subscription in Subscription.objects.active().filter(subscriber__paused_until=None):
            assert not missed(subscription, newest[subscription.pace].place)

    def told(self, reader: str) -> list[tuple[str, str]]:
        """Return the works in the mails to a reader, each with its note, and the mailings."""
        texts = [mail.told["text"] for mail in Mail.objects.to(reader).filter(purpose__in=TO_LISTS)]
        said = r"^(?:Voices: (Work .*)(?:\nUpdated: (.*))?|(MAILING .*))$"
        return [
            (work or mailing, note) for text in texts for work, note, mailing in re.findall(said, text, re.M)
        ]

    def settle(self) -> None:
        """Wait until every pace has had its day; then nobody may miss anything."""
        Subscriber.objects.update(paused_until=None)
        for _ in range(3):
            self.clock.later(days=20)
            self.clock.run()
        self.nobody_has_anything_twice()
        for subscription in Subscription.objects.active():
            assert not missed(subscription, Update.objects.last_place())


def missed(subscription: Subscription, place: int) -> list[Update]:
    """Return the updates up to a place in the order that a subscription should have had, and has not."""
    released = Update.objects.filter(place__range=(1, place), pk__gt=subscription.starts_after)
    released = released.filter(item__in=subscription.list.works.values("item"))
    had = subscription.subscriber.deliveries.values_list("issue__sections", flat=True)
    got = {number for sections in had for _, some in sections for number in some}
    return [each for each in released if each.pk not in got]


def test_each_subscription_gets_each_work_once_after_hundreds_of_random_operations(tree: Tree):
    run_operations(Newsroom, tree, steps=20)
