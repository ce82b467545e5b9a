"""``make bench``: what a topic page with 1,000 items costs, beside the smallest that could be; what readers
get in the second after a change; what the project weighs beside Wagtail's starter project; what it takes to
write and hand over mails; and what becomes of listings, search and publishing with 1,000, 100,000 and a
million items (``SIZE=1k``: only 1,000).

Rendered anew, its CPU is compared with that of the smallest Django view; stored, its requests per second with
those of the smallest WSGI application that sends the same bytes. All run on the same server with the same
options. CPU is that of the web server's processes and PostgreSQL, not of the client, at four connections.
The two of a pair are measured in turn, in several rounds; the median is printed. Requests a second need wrk.
"""

import contextlib
import http.client
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings_test")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from harmhub import embedded_postgres  # noqa: E402
from tests.bench import cpu, crowd, scale, sending, starter, telling, updates  # noqa: E402
from tests.bench.table import Row, Table  # noqa: E402
from tests.factories import ImageFactory, Tree, copies  # noqa: E402
from tests.fixtures import nginx  # noqa: E402
from tests.fixtures.site import GRANIAN, Site, free_port, running_site, wait_for  # noqa: E402

ITEMS, CONNECTIONS = 1_000, 4
PAUSE = 0.03  # seconds before a page is asked for after a change
COPIES = 328  # of an item of each kind; the other items are made one by one
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Effort:
    """How often things are measured. races: of a second, in which requests are counted; many: where little
    is between the two that race."""

    rounds: int
    races: int
    many: int


WHOLE, DAILY = Effort(rounds=3, races=5, many=15), Effort(rounds=2, races=2, many=5)
STATIC = "access_log off; gzip off; gzip_static on; sendfile on; tcp_nopush on;"  # as we ship it
TOPIC = "/topics/health/harm-reduction/"


def main(*sizes: str) -> None:
    """Measure and print. sizes: of the sites on which listings, search and publishing are measured."""
    setup_test_environment()
    logging.disable(logging.INFO)  # a line for each request would bury the figures
    table = Table()
    with server():
        small = sizes == ("1k",)
        effort = DAILY if small else WHOLE
        pages(table, effort)
        updates.measure(table, 1_000 if small else 100_000)
        telling.measure(table, 40 if small else 100)
        sending.handing_over(table, effort.rounds)
        sending.faults(table, *((1_000, 10, 10) if small else (20_000, 50, 30)))
        scale.importing(table)
        grown = scale.measure(list(sizes or scale.SIZES))
    scale.report(table, grown)
    table.report()


def pages(table: Table, effort: Effort) -> None:
    """Measure the topic page, rendered anew and stored."""
    with running_site(quiet=True) as site:
        with site.orm():
            fill()
            site.query("VACUUM ANALYZE")
            queries = count_queries()
        table.add(Row("1", f"queries of a topic page, {ITEMS} items", str(queries), "", queries, most=8))
        rendered_anew(table, site, effort)
        stored(table, site, effort)
        behind_nginx(table, site, effort)
        crowd.after_publishing(table, site, TOPIC)
        starter.compare(table, site)
        crowd.on_many_pages(table, site, 500 if effort is DAILY else 5_000)
        with tempfile.NamedTemporaryFile("w") as site.says:
            site.kill_web()
            site.processes = 2  # as `make run` has it
            site.start_web()
            crowd.on_a_dropped_page(table, site, TOPIC, Path(site.says.name))


def rendered_anew(table: Table, site: Site, effort: Effort) -> None:
    """Compare the CPU of a topic page that is not stored with that of a bare view."""
    name, session = f"localhost:{site.port}", {"Cookie": f"{settings.SESSION_COOKIE_NAME}=none"}

    def spent() -> float:
        return cpu.of_tree(site.web.pid) + postgres_cpu()

    with yardstick("bare") as (pid, port):
        rounds = [
            (
                cost(lambda: cpu.of_tree(pid), port, "localhost", "/", 2_000),
                asked_seldom(pid, port),
                after_a_change(site, spent),
                # With a query, a page neither comes from the store nor goes into it.
                cost(spent, site.port, name, f"{TOPIC}?now", 400),
                # To those with a session, nothing that was kept is shown.
                cost(spent, site.port, name, TOPIC, 60, session),
            )
            for _ in range(effort.rounds)
        ]
    bare, seldom, *pages = (median(figures) for figures in zip(*rounds, strict=True))
    beside = f"bare Django view {bare * 1000:.2f} ms"
    rows = (
        ("one item changed, and stored", beside, 2, 0, 25),
        ("the same", f"bare view, as seldom {seldom * 1000:.2f} ms", 2, 1, None),
        ("all parts at hand", beside, 3, 0, 25),
        ("made from nothing", beside, 4, 0, None),
    )
    for said, other, place, of, most in rows:
        ratio, page = median(figures[place] / figures[of] for figures in rounds), pages[place - 2]
        table.add(Row("1", f"CPU of a topic page, {said}", f"{page * 1000:.2f} ms", other, ratio, most))


def asked_seldom(pid: int, port: int) -> float:
    """Return the CPU seconds that a request costs an application that is asked as seldom as the topic page
    after a change: processors and their memory have turned to other work meanwhile, which makes the same
    request several times as dear as one of many in a row."""
    client, requests = http.client.HTTPConnection("127.0.0.1", port), 50
    start = cpu.of_threads(pid)
    for _ in range(requests):
        get(client, "localhost", "/")
        time.sleep(PAUSE)
    client.close()
    return (cpu.of_threads(pid) - start) / requests


def after_a_change(site: Site, spent: Callable[[], float]) -> float:
    """Return the CPU seconds that a topic page costs after a change to one of its items: what the change and
    the hearing of it cost is taken off."""
    client = http.client.HTTPConnection("127.0.0.1", site.port)
    newest = f"SELECT id FROM wagtailcore_page WHERE url_path = '/home{TOPIC}'"
    newest = (
        f"SELECT item_id FROM content_entry WHERE page_id = ({newest}) ORDER BY published_on DESC LIMIT 1"
    )
    host, changes = f"localhost:{site.port}", 25

    def change(number: int) -> None:
        before = stored_at()
        site.query(
            f"UPDATE content_contentitem SET summary = 'Summary {number}.' WHERE page_ptr_id = ({newest})"
        )
        wait_for(lambda: not before or stored_at() != before, 5, "The page is not dropped.")
        time.sleep(PAUSE)  # what is not stored cannot be seen to be dropped

    def stored_at() -> int:
        with contextlib.suppress(FileNotFoundError):  # dropped just now
            for file in settings.DATA_DIR.glob(f"pages/*/pages{TOPIC}index.json"):
                return file.stat().st_mtime_ns
        return 0

    figures = []
    for asks in (True, False):
        start = spent()
        for number in range(changes):
            change(number)
            if asks:
                get(client, host, TOPIC)
                wait_for(stored_at, 5, "The page is not stored.")
        figures.append(spent() - start)
    client.close()
    return (figures[0] - figures[1]) / changes


def stored(table: Table, site: Site, effort: Effort) -> None:
    """Compare how often a second the stored topic page is served with the smallest application."""
    if not shutil.which("wrk"):
        print("stored page: not measured; install wrk (Debian's package wrk)")
        return
    address = f"http://localhost:{site.port}{TOPIC}"
    page, headers = b"", []
    for _ in range(10):
        with urllib.request.urlopen(address) as answer:
            page = answer.read()
            # A server writes these itself; the last was only for urllib, which asks for one page.
            own = {"server", "date", "connection"}
            headers = [each for each in answer.headers.items() if each[0] not in own]
        time.sleep(0.1)
    essential = [header for header in headers if header[0] in {"content-type", "content-length"}]
    with tempfile.NamedTemporaryFile() as file:
        file.write(page)
        file.flush()
        for said, sent in (("same headers", headers), ("two headers", essential)):
            os.environ |= {"BENCH_PAGE": file.name, "BENCH_HEADERS": json.dumps(sent)}
            with yardstick("smallest") as (_, port):
                other = f"http://localhost:{port}{TOPIC}"
                rounds = [(rate(other), rate(address)) for _ in range(effort.many)]
            beside = f"smallest application {median(app for app, _ in rounds):,.0f}"
            add_rates(table, f"stored page a second, Python, {said}", beside, rounds)


def behind_nginx(table: Table, site: Site, effort: Effort) -> None:
    """Compare how often a second nginx sends the stored topic page with the same bytes as a static file."""
    if not (nginx.NGINX and shutil.which("wrk")):
        print("stored page behind nginx: not measured; install nginx and wrk (Debian: nginx-light, wrk)")
        return
    port, front_asks = free_port(), {"Host": f"localhost:{site.port}"}
    told = site.manage("nginx", "location").splitlines()
    headers = "".join(line for line in told if line.startswith("add_header") and "$" not in line)
    page = next(settings.DATA_DIR.glob(f"pages/*/pages{TOPIC}index.html"))
    for said, sent in (("same headers", headers), ("no headers", "")):
        static = f"server {{ listen 127.0.0.1:{port}; root {page.parent}; {sent} {STATIC} }}"
        with nginx.nginx(site, static) as front:
            rounds = [
                (rate(f"http://localhost:{port}/"), rate(f"http://localhost:{front}{TOPIC}", front_asks))
                for _ in range(effort.races)
            ]
        beside = f"static file {median(file for file, _ in rounds):,.0f}"
        add_rates(table, f"stored page a second, nginx, {said}", beside, rounds)


def rate(address: str, headers: Mapping[str, str] = NONE) -> float:
    """Return how many requests a second are answered at 16 connections."""
    told = subprocess.run(
        [
            "wrk",
            *("--connections", "16", "--threads", "1", "--duration", "1s"),
            *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
            address,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "Non-2xx" not in told, told
    return float(told.split("Requests/sec:")[1].split()[0])


def add_rates(table: Table, what: str, beside: str, rounds: list[tuple[float, float]]) -> None:
    """Add a row of requests a second: of the yardstick, and of the stored page, in each round."""
    ours, ratio = median(page for _, page in rounds), median(page / other for other, page in rounds)
    table.add(Row("2", what, f"{ours:,.0f}", beside, ratio, least=0.9))


@contextlib.contextmanager
def server() -> Iterator[None]:
    """Have the embedded PostgreSQL up, unless DATABASE_URL names another."""
    with (
        embedded_postgres.running(settings.TEST_SERVER) if settings.TEST_SERVER else contextlib.nullcontext()
    ):
        yield


def fill() -> None:
    """Make the small site of the tests with 1,000 items on Harm Reduction, all kinds in turn, the newest with
    pictures."""
    tree, image = Tree(), ImageFactory()
    tree.harm_reduction.topic_people.create(person=tree.person)
    tree.harm_reduction.save()
    makers = (tree.voice, tree.event, tree.publication)
    made = [
        makers[place % 3](published_on=date(2026, 5, 1) - timedelta(days=place), image=image)
        for place in range(ITEMS - 3 * COPIES)
    ]
    for item in made[-3:]:
        copies(item, COPIES)


def count_queries() -> int:
    """Return the number of queries of one warm topic page."""
    client = Client(headers={"host": "testserver"})
    client.get(TOPIC)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(TOPIC).status_code == 200
    return len(queries)


@contextlib.contextmanager
def yardstick(name: str) -> Iterator[tuple[int, int]]:
    """Run an application of this folder on the same server, with the same options as the site; give its
    process and port."""
    port = free_port()
    command = [sys.executable, *GRANIAN, "--port", str(port), f"tests.bench.{name}:application"]
    # A session of its own, as the site has: the system shares processors out among sessions.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        wait_for(lambda: answers(port), 20, "The yardstick does not answer.")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Return whether anything answers at a port."""
    try:
        get(http.client.HTTPConnection("127.0.0.1", port), "localhost", "/")
    except OSError:
        return False
    return True


def postgres_cpu() -> float:
    """Return the CPU seconds of the embedded PostgreSQL; 0 where another one is used, which we cannot see."""
    if not settings.TEST_SERVER:
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
        folder = cursor.fetchone()[0]
    return cpu.of_tree(int(Path(folder, "postmaster.pid").read_text().split()[0]))


def cost(
    spent: Callable[[], float],
    port: int,
    host: str,
    path: str,
    requests: int,
    headers: Mapping[str, str] = NONE,
) -> float:
    """Return the CPU seconds that one request costs the server, over many requests on four connections."""
    hammer(port, host, path, CONNECTIONS * 5, headers)
    before = spent()
    hammer(port, host, path, requests, headers)
    return (spent() - before) / requests


def hammer(port: int, host: str, path: str, requests: int, headers: Mapping[str, str]) -> None:
    """Send requests, shared among the connections, and read every answer."""

    def one_connection() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(requests // CONNECTIONS):
            get(client, host, path, headers)
        client.close()

    threads = [threading.Thread(target=one_connection) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def get(client: http.client.HTTPConnection, host: str, path: str, headers: Mapping[str, str] = NONE) -> None:
    """Ask for a page and read it; the answer must be 200."""
    client.request("GET", path, headers={"Host": host, **headers})
    answer = client.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


if __name__ == "__main__":
    main(*sys.argv[1:])
