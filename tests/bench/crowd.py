"""Bars 5 and 6: what readers get in the second after a change."""

import contextlib
import selectors
import socket
import time
from pathlib import Path

from django.conf import settings

from content.models import VoicesPage
from harmhub.store.index import MOST_PAGES, Index
from harmhub.store.shelf import Shelf
from harmhub.store.shown import Shown
from tests.bench.table import Row, Table
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for

CLIENTS = 500


def after_publishing(table: Table, site: Site, topic: str) -> None:
    """Publish a correction of the newest article while pages are stored; see when it shows, and what went."""
    reader = Reader(site)
    with site.orm():
        newest = VoicesPage.objects.order_by("-published_on", "-pk").first()
        assert newest
    shown = f"newest-{newest.pk}"
    with site.orm():
        newest.summary = f"Before {shown}."
        newest.save_revision().publish()
        address = newest.url
    reader.settle()
    reader.warm(topic, "/", "/topics/", "/voices/", "/events/", "/people/", f"{topic}events/", address)
    bodies = {path: reader.get(path)[2] for path in reader.stored}
    start = time.monotonic()
    with site.orm():
        newest.summary = f"After {shown}."
        newest.save_revision().publish()
    committed = time.monotonic()
    wait_for(lambda: f"After {shown}".encode() in reader.get(topic)[2], 10, "The old page stands.")
    seconds = time.monotonic() - committed
    reader.settle()
    gone = set(bodies) - reader.stored - {topic}
    wrong = [path for path in gone if shown.encode() not in bodies[path] and path != address]
    old = [path for path in set(bodies) - gone - {topic} if f"Before {shown}".encode() in reader.get(path)[2]]
    publishing = f"published in {(committed - start) * 1000:.0f} ms"
    table.add(
        Row("5", "seconds from the commit to the new page", f"{seconds:.3f} s", publishing, seconds, most=1)
    )
    beside = f"{len(gone)} of {len(bodies)} were dropped"
    table.add(Row("5", "pages that still show the old state", str(len(old)), beside, len(old), most=0))
    table.add(Row("5", "pages dropped that do not show it", str(len(wrong)), beside, len(wrong), most=0))


def on_many_pages(table: Table, site: Site, number: int) -> None:
    """Change something that very many stored pages show; see when the last of them is gone. The pages are
    copies of one, put into the store as web processes do."""
    reader = Reader(site)
    reader.warm("/")
    shelf = Shelf(reader.folder)
    page = shelf.get("/")
    assert page
    with contextlib.closing(Index(shelf)) as index:
        for each in range(number):
            index.reveal(index.add(f"/topics/many/since/2026-01-01-{each}/", page, Shown({"many"})))
    addresses = [address for address in shelf.addresses() if "/many/" in address]
    assert len(addresses) == number
    start = time.monotonic()
    site.query("SELECT harmhub_changed('many')")
    wait_for(lambda: not any(map(shelf.holds, addresses)), 60, "Some pages stand.")
    seconds = time.monotonic() - start
    what = f"seconds to drop all of {number:,} pages"
    table.add(Row("5", what, f"{seconds:.3f} s", f"of {MOST_PAGES:,} at most", seconds, most=1))


def on_a_dropped_page(table: Table, site: Site, topic: str, log: Path) -> None:
    """Have many clients ask at once for a page that was just dropped.

    log: what the web server says, a line for each page that Django makes.
    """
    Reader(site).warm(topic)
    request = f"GET {topic} HTTP/1.1\r\nHost: localhost:{site.port}\r\nConnection: close\r\n\r\n".encode()
    crowd = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(CLIENTS)]
    stored = next(settings.DATA_DIR.glob(f"pages/*/pages{topic}index.json"))
    site.query("SELECT harmhub_changed('all')")
    wait_for(lambda: not stored.exists(), 5, "The page is not dropped.")
    before = _rendered(log, topic)
    asked, taken, failed = {}, [], 0
    with selectors.DefaultSelector() as waiting:
        for client in crowd:
            client.setblocking(False)
            waiting.register(client, selectors.EVENT_READ, bytearray())
            asked[client] = time.monotonic()
            client.send(request)
        while waiting.get_map():
            for key, _ in waiting.select(timeout=30):
                client: socket.socket = key.fileobj  # type: ignore[assignment]
                part = client.recv(65_536)
                key.data.extend(part)
                if not part:
                    taken.append(time.monotonic() - asked[client])
                    failed += not (key.data.startswith(b"HTTP/1.1 200") and key.data.endswith(b"</html>\n"))
                    waiting.unregister(client)
                    client.close()
    made = _rendered(log, topic) - before
    slowest = sorted(taken)[int(CLIENTS * 0.99)]
    who = f"{CLIENTS} clients at once"
    table.add(Row("6", "renderings of a page just dropped", str(made), who, made, most=1))
    table.add(
        Row("6", "seconds to the whole page, 99 of 100 clients", f"{slowest:.3f} s", who, slowest, most=1)
    )
    table.add(Row("6", "answers that are no whole page", str(failed), who, failed, most=0))


def _rendered(log: Path, topic: str) -> int:
    return log.read_text().count(f"GET {topic} 200")
