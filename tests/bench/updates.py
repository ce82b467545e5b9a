"""A run of updates: how long it takes to write the mails of many subscribers, and in how much memory."""

import json
import os
import random
import subprocess
import sys
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from harmhub.sealing import address_digest
from newsletter.models import Mailing, Pace, Run, Subscriber, Subscription, Update
from newsletter.updating import find_and_release
from tests.bench.table import Row, Table
from tests.factories import TopicFactory, Tree, copies, list_of
from tests.fixtures import databases

TOPICS, WORKS = 20, 200
# A process of its own, begun as a worker is: what it takes in memory is what a worker takes. Not ru_maxrss,
# which begins at what the process was that started it.
SERVING = """
import json, os, re, time
from harmhub.heap import give_memory_back
give_memory_back()
from newsletter.mailings import Sending
from newsletter.models import Mailing, Run
from newsletter.serving import Service
begun = time.monotonic()
if os.environ["BENCH_SERVES"] == "run":
    Service(Run.objects.latest("pk")).serve()
else:
    Sending(Mailing.objects.get()).send()
seconds = time.monotonic() - begun
most = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
print(json.dumps([seconds, int(most) / 1024]))
"""


def measure(table: Table, subscribers: int) -> None:
    """Serve so many subscribers, each of two of the topics."""
    with databases.copied("updates") as name, databases.using(name):
        _fill(subscribers)
        seconds, memory = _process("run", name)
        mails = Run.objects.latest("pk").mails
        who = f"{subscribers:,} subscribers"
        beside = f"{mails:,} mails, {WORKS} works"
        table.add(Row("up", f"a run for {who}", f"{seconds:.1f} s", beside, seconds, most=60))
        table.add(Row("up", "memory of its process", f"{memory:.0f} MB", who, memory, most=300))
        seconds, memory = _process("mailing", name)
        mails = Mailing.objects.get().mails
        table.add(Row("up", f"a mailing to {who}", f"{seconds:.1f} s", f"{mails:,} mails", seconds, most=60))
        table.add(Row("up", "memory of its process", f"{memory:.0f} MB", who, memory, most=300))


def _process(what: str, database: str) -> tuple[float, float]:
    """Serve in a process of its own; return its seconds and megabytes."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "harmhub.settings",
        "DATABASE_URL": databases.url(database),
        "BENCH_SERVES": what,
    }
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", SERVING]
    said = subprocess.run(
        command, env=environment, cwd=settings.BASE_DIR, check=True, stdout=subprocess.PIPE
    ).stdout
    seconds, memory = json.loads(said)
    return seconds, memory


def _fill(subscribers: int) -> None:
    tree, now, dice = Tree(), timezone.now(), random.Random(1)
    find_and_release(now - timedelta(days=1))
    topics = [TopicFactory(parent=tree.health, title=f"Topic {n}", slug=f"topic-{n}") for n in range(TOPICS)]
    lists = [list_of(topic) for topic in topics]
    addresses = [f"reader{number}@example.org" for number in range(subscribers)]
    made = Subscriber.objects.bulk_create(
        (
            Subscriber(address=address, address_digest=address_digest(address), language="en")
            for address in addresses
        ),
        batch_size=2_000,
    )
    Subscription.objects.bulk_create(
        (
            Subscription(subscriber=subscriber, list=each, pace=Pace.WEEKLY, confirmed_at=now)
            for subscriber in made
            for each in dice.sample(lists, 2)
        ),
        batch_size=5_000,
    )
    for topic in topics:
        work = tree.voice(primary_topic=topic, published_on=timezone.localdate())
        copies(work, WORKS // TOPICS - 1)
    find_and_release(now - timedelta(minutes=20))
    find_and_release(now)
    Run.objects.create(pace=Pace.WEEKLY, slot=now, place=Update.objects.last_place())
    mailing = Mailing.objects.create(subject="We have moved", body="<p>Come and see us.</p>", live=True)
    mailing.lists = lists
    mailing.begun_at = now
    mailing.save()
