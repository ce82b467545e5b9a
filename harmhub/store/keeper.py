"""Hears of changes in the database, drops the pages that showed what changed, and takes new pages in.

Triggers write a row for each change, in its transaction, and NOTIFY wakes the keeper; nothing depends on
the wake-up alone. Each reading brings PostgreSQL's snapshot along, and the next one asks for what could not
be seen in it: every change comes once, and none is missed, however long a transaction stays open.

A page is taken in only after a reading that began when its rendering had ended, and showed no change to it
since before its rendering began. So what was rendered before a change is never kept after it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import select
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import connection as django_connection
from wagtail.models import Site

from harmhub.store.index import Change, Gone, Index, discard_index
from harmhub.store.parts import Part, Parts
from harmhub.store.shelf import Shelf, StoredPage
from harmhub.store.shown import EVERYTHING, Changes, Shown

logger = logging.getLogger(__name__)

CHANNEL = "harmhub_change"
PULSE = 0.5  # seconds between readings, woken or not
RETRY = 0.25  # seconds between tries to connect
KEPT_DAYS = 7  # as long as changes stay in the database
MOST_CHANGES = 50_000  # are read at once, some 20 MB; after an import of more it is cheaper to begin anew
NO_ROOM = "a page cannot be stored"
# What could not be seen in a snapshot (PostgreSQL's pg_snapshot, as text); nothing where none is known. Rows
# of transactions that are still to come were put here with a backup of another server.
CHANGES = """
SELECT tag, place FROM harmhub_change
WHERE xact >= pg_snapshot_xmin(%(since)s::pg_snapshot)::text::bigint
    AND xact < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    AND NOT pg_visible_in_snapshot(xact::text::xid8, %(since)s::pg_snapshot)
LIMIT %(most)s
"""
# Which database it is: another one, or one whose changes were emptied or put back from a backup, has another
# file. One whose files were put back, all of them, lacks the newest change that was seen in it.
READ = f"""
SELECT (SELECT oid FROM pg_database WHERE datname = current_database())
        || ' ' || pg_relation_filenode('harmhub_change') AS which,
    pg_current_snapshot()::text AS now,
    (SELECT id || ' ' || extract(epoch FROM at) FROM harmhub_change ORDER BY id DESC LIMIT 1) AS newest,
    EXISTS (
        SELECT FROM harmhub_change WHERE id = split_part(%(newest)s, ' ', 1)::bigint
            AND extract(epoch FROM at)::text = split_part(%(newest)s, ' ', 2)
    ) AS has_newest,
    change.tag, change.place
FROM (VALUES (1)) AS once LEFT JOIN ({CHANGES}) AS change ON true
"""  # noqa: S608 (a constant)

TIED = "tied:"  # begins a change to whatever pages show that they are tied to something
MOST_TIED = 1_000  # are asked for at once, in some tenths of a second; after an import of more all pages go
MEANT = """
SELECT DISTINCT harmhub_tied_tags(key, locale)
FROM unnest(%(keys)s::uuid[], %(locales)s::integer[]) AS something (key, locale)
"""


@dataclass(frozen=True)
class Offered:
    """What a rendering made, on its way to be kept. era, since: the keeper's before it. shown: by the whole
    page. made: parts of it that were not at hand. page: None where only the parts are to be kept.
    decided: called when the page is there, or is not to be."""

    era: int
    since: str
    shown: Shown
    made: list[tuple[Hashable, Part]]
    address: str = ""
    page: StoredPage | None = None
    decided: Callable[[], None] = lambda: None


class Keeper(threading.Thread):
    """One thread in each web process.

    ``since``: the snapshot of the last reading, of the past to whatever is rendered from now on; None while
    changes cannot be heard of, when nothing may be taken in. ``era``: counts how often hearing began anew,
    perhaps of another database: what was rendered in an earlier one is not taken in.
    ``began``: set when what changed before was dropped, or that turned out to be impossible now.
    ``gone``: called with the address of each page that is dropped.
    """

    def __init__(self, pages: Shelf, gone: Gone | None = None):
        super().__init__(name="page store", daemon=True)
        self.pages = pages
        self._gone = gone
        self.parts = Parts()
        self.since: str | None = None
        self.era = 0
        self.began = threading.Event()
        self._offered: queue.SimpleQueue[Offered] = queue.SimpleQueue()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._index: Index | None = None
        self._database: str | None = None  # as this process read it last; others may have noticed before
        self._told = ""
        self._tidied = 0.0

    def offer(self, offered: Offered) -> None:
        """Have a page and its parts taken in, if they are still true."""
        self._offered.put(offered)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b".")

    def run(self) -> None:
        """Keep the store until the process ends."""
        while True:
            try:
                with psycopg.connect(**_parameters()) as database:
                    database.execute(f"LISTEN {CHANNEL}")
                    database.add_notify_handler(lambda notify: None)
                    while True:
                        self._keep(database)
                        if self._told != NO_ROOM:
                            self._told = ""
                        select.select([database.fileno(), self._woken], [], [], PULSE)
            except psycopg.Error as problem:
                self._pause("changes cannot be heard of", problem)
            except (OSError, sqlite3.Error) as problem:
                self._pause("the page store cannot be used", problem)
            except Exception as problem:  # a thread that ends would leave old pages standing
                self._pause("the page store failed", problem)

    def _pause(self, what: str, problem: Exception) -> None:
        self.since = None
        self._begin_era()  # what is read next may begin where another process has left off
        if self._told != what:
            logger.error("%s: %s", what, type(problem).__name__)
            self._told = what
        if not isinstance(problem, psycopg.Error):
            # Nobody may get a page that could not be dropped. What is left is looked through afterwards.
            self.pages.is_open = False
            self._close()
            if type(problem) is sqlite3.DatabaseError:  # damaged; the others are of the moment
                with contextlib.suppress(OSError):
                    discard_index(self.pages)
        self.began.set()
        time.sleep(RETRY)

    def _begin_era(self) -> None:
        self.era += 1
        self.parts.clear()

    def _open(self) -> Index:
        if self._index and not self._index.is_there():
            self._close()
        if self._index is None:
            self._index = Index(self.pages, self._gone)
        return self._index

    def _close(self) -> None:
        if self._index:
            with contextlib.suppress(sqlite3.Error):
                self._index.close()
        self._index = None

    def _keep(self, database: psycopg.Connection) -> None:
        """Do all that there is to do now."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 65_536)
        index = self._open()
        self._hear(database, index)
        self._take_in(database, index)
        if time.monotonic() > self._tidied + PULSE:  # what is stored again meanwhile needs no tidying
            index.tidy()
            self._tidied = time.monotonic()
        self.pages.is_open = True
        self.began.set()

    def _hear(self, database: psycopg.Connection, index: Index) -> None:
        """Drop what has changed since the last reading, of this process or, at first, of any other."""
        told, newest = index.fact("since"), index.fact("newest") or "0 0"
        since = self.since or told
        rows = database.execute(READ, {"since": since, "newest": newest, "most": MOST_CHANGES + 1}).fetchall()
        which, now, now_newest, has_newest = f"{rows[0][0]} {_boot()}", *rows[0][1:4]
        oldest = time.time() - (KEPT_DAYS - 1) * 86_400
        known = told is not None and index.fact("database") == which and self._database in (None, which)
        known = known and since is not None and _end(since) <= _end(now) and len(rows) <= MOST_CHANGES
        known = known and (has_newest or float(newest.split()[1]) < oldest)  # older ones are deleted
        noted = float(index.fact("at") or 0)
        if not (known and noted > oldest):
            self._begin_era()
            Site.clear_site_root_paths_cache()
            index.clear()
            index.note(since=now, database=which, newest=now_newest or "0 0", at=str(time.time()))
        self._database = which
        heard = [(tag, where) for *_, tag, where in rows if tag is not None]
        new = _spelled_out(database, heard) if known else []
        if new:
            changed = Changes(new)
            if EVERYTHING in changed.tags:
                # Wagtail forgets where sites begin on the machine of the change alone, and before its commit.
                Site.clear_site_root_paths_cache()
            self.parts.drop(changed)
            index.drop(new)
        if known and (new or noted < time.time() - 600):
            with contextlib.suppress(sqlite3.Error):  # no room: what is noted later is read once more
                index.note(since=now, newest=now_newest or "0 0", at=str(time.time()))
        self.since = now

    def _take_in(self, database: psycopg.Connection, index: Index) -> None:
        offered: list[Offered] = []
        with contextlib.suppress(queue.Empty):
            while len(offered) < 100:
                each = self._offered.get_nowait()
                if each.era == self.era:
                    offered.append(each)
                else:
                    each.decided()
        if offered:
            try:
                self._decide(database, index, offered)
            finally:  # whatever became of them: nobody is to wait for it
                for each in offered:
                    each.decided()

    def _decide(self, database: psycopg.Connection, index: Index, offered: list[Offered]) -> None:
        written = [(each, self._written(index, each)) for each in offered]
        changes_since = {}
        for since in {each.since for each in offered}:
            rows = database.execute(CHANGES, {"since": since, "most": MOST_CHANGES + 1}).fetchall()
            too_many = len(rows) > MOST_CHANGES
            changes_since[since] = Changes([(EVERYTHING, None)] if too_many else _spelled_out(database, rows))
        for each, number in written:
            changes = changes_since[each.since]
            for key, part in each.made:
                if not part.shown.is_touched_by(changes):
                    self.parts.add(key, part)
            if number is not None:
                if each.shown.is_touched_by(changes):
                    index.forget(number)
                else:
                    index.reveal(number)

    def _written(self, index: Index, offered: Offered) -> int | None:
        """Write a page that is not there yet; return its number, or None where there is none, or no room."""
        if offered.page is None:
            return None
        try:
            return index.add(offered.address, offered.page, offered.shown)
        except (OSError, sqlite3.Error) as problem:
            if self._told != NO_ROOM:
                logger.error("%s: %s", NO_ROOM, type(problem).__name__)
                self._told = NO_ROOM
            return None


class Clock(threading.Thread):
    """Removes pages at their time, in each web process; a keeper may have to wait for the database.

    What cannot be removed is not served: readers of pages look at the time themselves. But a web server in
    front cannot.
    """

    def __init__(self, pages: Shelf, gone: Gone | None = None):
        super().__init__(name="page store clock", daemon=True)
        self._pages = pages
        self._gone = gone

    def run(self) -> None:
        """Go on until the process ends."""
        while True:
            with contextlib.suppress(Exception):  # the keeper sees to what is wrong, and says so
                self._watch()
            time.sleep(PULSE)

    def _watch(self) -> None:
        with contextlib.closing(Index(self._pages, self._gone)) as index:
            while index.is_there():
                index.drop_due()
                time.sleep(PULSE)


def _spelled_out(database: psycopg.Connection, told: list[Change]) -> list[Change]:
    """Return changes with the tags of the pages that are by now tied to what comes or goes
    (``tied:<locale>:<translation key>``): who wrote that did not see who tied them at the same time."""
    tied = {tag for tag, _ in told if tag.startswith(TIED)}
    if not tied:
        return told
    if len(tied) > MOST_TIED:
        return [(EVERYTHING, None)]
    _, locales, keys = zip(*(tag.split(":") for tag in tied), strict=True)
    rows = database.execute(MEANT, {"keys": list(keys), "locales": [int(locale) for locale in locales]})
    return [*(change for change in told if change[0] not in tied), *((tag, None) for (tag,) in rows)]


def _end(snapshot: str) -> int:
    """Return the number of the first transaction that had not begun at a snapshot."""
    return int(snapshot.split(":")[1])


def _boot() -> str:
    """Return another text after each start of the machine (Linux): the index is not written through to the
    disk, so what a crash left of it is not to be trusted."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _parameters() -> dict:
    given = {key: value for key, value in django_connection.get_connection_params().items() if key != "pool"}
    for name in ("context", "cursor_factory"):
        given.pop(name, None)
    alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2, "connect_timeout": 2}
    # Of a server that vanishes while it is asked: the system would wait for a quarter of an hour.
    alive["tcp_user_timeout"] = 5_000
    return given | alive | {"autocommit": True, "application_name": "harmhub page store"}
