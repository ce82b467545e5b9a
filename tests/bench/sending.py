"""Handing mails over: how much of the time is the server's, and what becomes of them when all breaks."""

import contextlib
import os
import random
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from pathlib import Path
from statistics import median

from django.conf import settings
from django.utils import timezone

from harmhub.mail.composing import build
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.models import Pace, Run, Subscriber, Subscription, Update
from newsletter.subscribing import leave
from newsletter.updating import find_and_release
from tests.bench.table import Row, Table
from tests.factories import Tree, list_of
from tests.fixtures import databases
from tests.fixtures.site import free_port, wait_for

MAILS = 2_000  # of which the time is taken; of few, the beginning would be much of it
# A process that serves the newest run and sends what is due until nothing is.
SENDER = """
import sys, time, django
django.setup()
from harmhub.mail.sending import send_due_mail
from newsletter.models import Run
from newsletter.serving import Service
if "serve" in sys.argv:
    Service(Run.objects.latest("pk")).serve()
begun = time.monotonic()
print(send_due_mail(), time.monotonic() - begun, flush=True)
"""


@dataclass
class Post:
    """A mail server, and what it was told so far."""

    port: int
    file: Path

    def lines(self, word: str) -> list[str]:
        """Return the addresses of the lines that begin with a word."""
        found = (line.rpartition(" ") for line in self.file.read_text().splitlines())
        return [address for said, _, address in found if said == word]


@contextlib.contextmanager
def post_office(odds: int = 0, module: str = "") -> Iterator[Post]:
    """Run a mail server; odds: with how many of a thousand mails something goes wrong. module: another's."""
    with tempfile.TemporaryDirectory() as folder:
        post = Post(free_port(), Path(folder) / "said")
        command = [sys.executable, "-m", "tests.bench.sink", str(post.port), str(post.file), str(odds)]
        if module:
            handler = "aiosmtpd.handlers.Sink"
            command = [sys.executable, "-m", module, "-n", "-c", handler, "-l", f"127.0.0.1:{post.port}"]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR)
        try:
            wait_for(lambda: _answers(post.port), 10, "The mail server does not start.")
            yield post
        finally:
            process.kill()
            process.wait(10)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def sender(post: Post, name: str, *words: str, lease: int = 30) -> subprocess.Popen:
    """Start a process that sends what is due. lease: seconds for which it holds what it claimed."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "harmhub.settings",
        "DATABASE_URL": databases.url(name),
        "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
        "MAIL_LEASE_SECONDS": str(lease),
    }
    command = [sys.executable, "-c", SENDER, *words]
    return subprocess.Popen(
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def fill(subscribers: int) -> None:
    """Have so many subscribers of one topic with news, and a run that is due."""
    tree, now = Tree(), timezone.now()
    find_and_release(now - timedelta(days=1))
    followed = list_of(tree.harm_reduction)
    addresses = [f"reader{number}@example.org" for number in range(subscribers)]
    made = Subscriber.objects.bulk_create(
        (Subscriber(address=each, address_digest=address_digest(each), language="en") for each in addresses),
        batch_size=2_000,
    )
    Subscription.objects.bulk_create(
        (Subscription(subscriber=each, list=followed, pace=Pace.DAILY, confirmed_at=now) for each in made),
        batch_size=5_000,
    )
    for number in range(10):
        tree.voice(title=f"Work {number}", published_on=timezone.localdate())
    find_and_release(now - timedelta(minutes=20))
    find_and_release(now)
    Run.objects.create(pace=Pace.DAILY, slot=now, place=Update.objects.last_place())


def handing_over(table: Table, rounds: int) -> None:
    """Compare the sender with the smallest loop that sends the same mails over one connection: to aiosmtpd,
    as anybody's tests have it, and to our own mail server, which does next to nothing."""
    with databases.copied("sending") as name, databases.using(name):
        fill(MAILS)
        with post_office() as post:
            sender(post, name, "serve").communicate()
        mails = Mail.objects.select_related("edition")
        messages = [build(mail.told).message(policy=policy.SMTP).as_bytes() for mail in mails]
        for what, least in (("aiosmtpd", 0.6), ("a server that does nothing", None)):
            with post_office(module="aiosmtpd" if least else "") as post:
                raced = [(_ours(post, name), _smallest(post, messages)) for _ in range(rounds)]
            ours, smallest = (median(figures) for figures in zip(*raced, strict=True))
            ratio = median(ours / smallest for ours, smallest in raced)
            beside = f"smallest loop {smallest:.0f}, to {what}"
            table.add(Row("up", "mails handed over a second", f"{ours:.0f}", beside, ratio, least=least))


def _ours(post: Post, name: str) -> float:
    number = Mail.objects.update(sent_at=None, claimed_until=None, attempts=0, due_at=timezone.now())
    sent, seconds = sender(post, name).communicate()[0].split()
    assert int(sent) == number
    return number / float(seconds)


def _smallest(post: Post, messages: list[bytes]) -> float:
    begun = time.monotonic()
    with smtplib.SMTP("127.0.0.1", post.port) as smallest:
        for number, message in enumerate(messages):
            smallest.sendmail("updates@localhost", f"reader{number}@example.org", message)
    return len(messages) / (time.monotonic() - begun)


def faults(table: Table, subscribers: int, kills: int, lease: int) -> None:
    """Have two processes serve and send while they are killed again and again, the mail server does all it
    should not, and some readers leave; count what arrived."""
    dice = random.Random(2)
    with databases.copied("faults") as name, databases.using(name), post_office(odds=10) as post:
        fill(subscribers)
        begun = time.monotonic()
        senders = [sender(post, name, "serve", lease=lease) for _ in range(2)]
        gone: dict[str, int] = {}
        killed = 0
        while _is_unfinished():
            time.sleep(dice.uniform(0.2, 1.5))
            for place, process in enumerate(senders):
                if process.poll() is not None:
                    senders[place] = sender(post, name, "serve", lease=lease)
            if killed < kills and post.lines("took"):
                victim = dice.randrange(2)
                senders[victim].send_signal(signal.SIGKILL)
                senders[victim].wait(10)
                killed += 1
                senders[victim] = sender(post, name, "serve", lease=lease)
            if len(gone) < kills:
                gone |= _leave_one(dice, post)
            # What is to be tried again in a minute, or when a claim has lapsed, is tried now.
            now = timezone.now()
            Mail.objects.waiting().filter(due_at__gt=now, claimed_until=None).update(due_at=now)
        for process in senders:
            process.kill()
            process.wait(10)
        took = Counter(post.lines("took"))
        refused, lost_answers = set(post.lines("550")), len(post.lines("drop after"))
        wanted = {f"reader{number}@example.org" for number in range(subscribers)} - refused - gone.keys()
        seconds = time.monotonic() - begun
    missing = len(wanted - took.keys())
    doubled = sum(number - 1 for number in took.values())
    after = sum(1 for address, before in gone.items() if took[address] > before)
    who = f"{subscribers:,} readers, {killed} kills, {lost_answers} lost answers, {seconds:.0f} s"
    table.add(Row("up", "mails lost", str(missing), who, missing, most=0))
    table.add(
        Row(
            "up",
            "mails twice",
            str(doubled),
            "at most the kills and lost answers",
            doubled,
            most=killed + lost_answers,
        )
    )
    table.add(Row("up", "mails after leaving", str(after), f"{len(gone)} left", after, most=0))


def _is_unfinished() -> bool:
    return Run.objects.latest("pk").ended_at is None or Mail.objects.waiting().exists()


def _leave_one(dice: random.Random, post: Post) -> dict[str, int]:
    """Have somebody leave who has a mail that waits; return the address and how often she got it before."""
    waiting = Mail.objects.waiting().filter(claimed_until=None)
    mail = waiting.select_related("edition").order_by("pk")[dice.randrange(50) :].first()
    if mail is None:
        return {}
    address, secret = mail.content["to"], mail.content["secret"]
    leave(secret)
    # What was handed over before is not after; a sender may be just doing it.
    time.sleep(0.05)
    return {address: Counter(post.lines("took"))[address]}
