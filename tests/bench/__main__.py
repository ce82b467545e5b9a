"""``make bench``: what a topic page with 1,000 items costs, as a multiple of the smallest Django view on the
same server.

CPU is that of the web server's processes and PostgreSQL, not of the client, at four connections, warm; the
two are measured in turn, three rounds each, and the median is printed.
"""

import contextlib
import http.client
import logging
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings_test")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from harmhub import embedded_postgres  # noqa: E402
from tests.bench import cpu  # noqa: E402
from tests.factories import ImageFactory, Tree, copies  # noqa: E402
from tests.fixtures.site import free_port, running_site, wait_for  # noqa: E402

ITEMS, CONNECTIONS, ROUNDS = 1_000, 4, 3
COPIES = 320  # of an item of each kind; the other items are made one by one
TOPIC = "/topics/health/harm-reduction/"


def main() -> None:
    """Measure and print."""
    setup_test_environment()
    logging.disable(logging.INFO)  # a line for each request would bury the figures
    with server(), running_site(quiet=True) as site:
        with site.orm():
            fill()
            site.query("VACUUM ANALYZE")
            queries = count_queries()
        with bare_server() as (bare_pid, bare_port):
            rounds = [
                (
                    cost(lambda: cpu.of_tree(bare_pid), bare_port, "localhost", "/", 2_000),
                    cost(
                        lambda: cpu.of_tree(site.web.pid) + postgres_cpu(),
                        site.port,
                        f"localhost:{site.port}",
                        TOPIC,
                        200,
                    ),
                )
                for _ in range(ROUNDS)
            ]
    bare, topic = (statistics.median(figures) for figures in zip(*rounds, strict=True))
    ratios = sorted(page / yardstick for yardstick, page in rounds)
    print(f"topic page, {ITEMS} items: {queries} queries (at most 8)")
    print(f"CPU a request: bare view {bare * 1000:.2f} ms, topic page {topic * 1000:.2f} ms")
    print(f"ratio: {statistics.median(ratios):.1f} (rounds {ratios[0]:.1f} to {ratios[-1]:.1f}; goal: 25)")


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
def bare_server() -> Iterator[tuple[int, int]]:
    """Run the bare view on the same server, with the same options as the site; give its process and port."""
    port = free_port()
    options = "--interface wsgi --workers 1 --blocking-threads 4 --log-level warning"
    options += f" --host 127.0.0.1 --port {port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *options.split(), "tests.bench.bare:application"]
    )
    try:
        wait_for(lambda: answers(port), 20, "The bare view does not answer.")
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


def cost(spent: Callable[[], float], port: int, host: str, path: str, requests: int) -> float:
    """Return the CPU seconds that one request costs the server, over many requests on four connections."""
    hammer(port, host, path, CONNECTIONS * 5)
    before = spent()
    hammer(port, host, path, requests)
    return (spent() - before) / requests


def hammer(port: int, host: str, path: str, requests: int) -> None:
    """Send requests, shared among the connections, and read every answer."""

    def one_connection() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(requests // CONNECTIONS):
            get(client, host, path)
        client.close()

    threads = [threading.Thread(target=one_connection) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def get(client: http.client.HTTPConnection, host: str, path: str) -> None:
    """Ask for a page and read it; the answer must be 200."""
    client.request("GET", path, headers={"Host": host})
    answer = client.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


if __name__ == "__main__":
    main()
