"""Whether the time of an answer tells if an address is known: of one that follows something, or was erased,
beside one that nobody has heard of."""

import random
import time
from statistics import median

from django.test import Client
from django.utils import timezone

from harmhub.sealing import address_digest
from newsletter.models import Pace, Subscriber
from newsletter.subscribing import begin, erase
from tests.bench.table import Row, Table
from tests.factories import Tree, list_of
from tests.fixtures import databases

FORMS = {"sign-up": "/newsletter/", "fresh link": "/newsletter/link/"}


def measure(table: Table, rounds: int) -> None:
    """Ask in turn for each kind of address, each time by another client and for another address."""
    with databases.copied("telling") as name, databases.using(name):
        tree, dice = Tree(), random.Random(1)
        for what, path in FORMS.items():
            times: dict[str, list[float]] = {"new": [], "known": [], "erased": []}
            for number in range(rounds):
                for kind in dice.sample(list(times), len(times)):
                    address = f"{what[:5]}-{kind}-{number}@example.org"
                    if kind != "new":
                        _follow(tree, address, erased=kind == "erased")
                    times[kind].append(_seconds(path, address, number))
            new = median(times["new"])
            for kind in ("known", "erased"):
                took = median(times[kind])
                beside, ratio = f"new address {new * 1000:.2f} ms", took / new
                said = f"answer to a {what}, {kind} address"
                table.add(Row("up", said, f"{took * 1000:.2f} ms", beside, max(ratio, 1 / ratio), most=1.1))


def _follow(tree: Tree, address: str, *, erased: bool) -> None:
    subscriber = Subscriber.objects.create(
        address=address, address_digest=address_digest(address), language="en"
    )
    subscription = subscriber.subscriptions.create(list=list_of(tree.health))
    begin(subscription, Pace.DAILY, timezone.now())
    if erased:
        erase(subscriber)


def _seconds(path: str, address: str, number: int) -> float:
    client = Client(headers={"sec-fetch-site": "same-origin"})
    started = time.perf_counter()
    answer = client.post(path, {"email": address}, REMOTE_ADDR=f"198.51.100.{number}")
    taken = time.perf_counter() - started
    assert answer.status_code == 200, answer.status_code
    return taken
