"""What the pages of a shelf show, so that a change drops those that show it.

An SQLite database beside the files, which only keepers and the command ``pages`` open. All processes of a
machine share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from harmhub.store.shelf import Shelf, StoredPage, addresses_in
from harmhub.store.shown import EVERYTHING, Shown

INDEX = "index.sqlite3"
SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT UNIQUE, until REAL);
CREATE TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY, address TEXT);
CREATE TABLE IF NOT EXISTS tags (tag TEXT, page INTEGER, PRIMARY KEY (tag, page)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spans (stream TEXT, oldest TEXT, newest TEXT, page INTEGER);
CREATE INDEX IF NOT EXISTS spans_of_stream ON spans (stream);
CREATE INDEX IF NOT EXISTS tags_of_page ON tags (page);
CREATE INDEX IF NOT EXISTS spans_of_page ON spans (page);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
"""
MOST_PAGES = 20_000  # on disk: addresses are many where there is much work
ONE_BY_ONE = 8_000  # pages that can go so within a second on a slow machine; where it is more, all go
TIDIED = 200  # pages whose remains are removed at once: some 50 ms, in which nothing else is heard
LOCK_SECONDS = 10  # that another process may take

Change = tuple[str, str | None]  # a tag, and the place in the listing that the tag names
Gone = Callable[[str], object]


class Index:
    """What the pages of a shelf show. For one thread; other processes have their own over the same file.

    gone: called with the address of each page that is removed.
    OSError, sqlite3.Error: it cannot be used (disk full, folder gone).
    """

    def __init__(self, shelf: Shelf, gone: Gone | None = None):
        self.shelf = shelf
        self._gone = gone
        shelf.folder.mkdir(parents=True, exist_ok=True)
        self._path = shelf.folder / INDEX
        with _alone_in(shelf.folder):
            self._db = sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)
            self._file = os.stat(self._path).st_ino
            self._db.execute("PRAGMA journal_mode = WAL")
            # Not written through to the disk: the keeper drops all pages after a start of the machine.
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def is_there(self) -> bool:
        """Return whether the file is still the one that was opened."""
        with contextlib.suppress(OSError):
            return os.stat(self._path).st_ino == self._file
        return False

    @contextlib.contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def fact(self, name: str) -> str | None:
        """Return what was noted under a name."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return row and row[0]

    def note(self, **facts: str) -> None:
        """Note something under a name."""
        with self._alone() as db:
            db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def add(self, address: str, page: StoredPage, shown: Shown) -> int:
        """Write a page and what it shows; return its number. It is not there before ``reveal()``."""
        with self._alone() as db:
            self._remove(
                db, db.execute("SELECT id, address FROM pages WHERE address = ?", [address]).fetchall()
            )
            if db.execute("SELECT count(*) FROM pages").fetchone()[0] >= MOST_PAGES:
                # Older parts of listings go first: who follows them all shall not push out what is read.
                oldest = "SELECT id, address FROM pages ORDER BY address LIKE '%/since/%' DESC, id LIMIT ?"
                self._remove(db, db.execute(oldest, [MOST_PAGES // 10]).fetchall())
            number = db.execute(
                "INSERT INTO pages (address, until) VALUES (?, ?) RETURNING id", [address, shown.until]
            ).fetchone()[0]
            db.executemany("INSERT INTO tags VALUES (?, ?)", ((tag, number) for tag in shown.tags))
            db.executemany(
                "INSERT INTO spans VALUES (?, ?, ?, ?)",
                ((span.stream, span.oldest, span.newest, number) for span in shown.spans),
            )
            self.shelf.write(address, page)
        return number

    def reveal(self, number: int) -> bool:
        """Have a page be there, unless it was dropped meanwhile; return whether it is."""
        with self._alone() as db:
            row = db.execute("SELECT address FROM pages WHERE id = ?", [number]).fetchone()
            if row:
                self.shelf.reveal(row[0])
            return bool(row)

    def forget(self, number: int) -> None:
        """Remove one page."""
        with self._alone() as db:
            self._remove(db, db.execute("SELECT id, address FROM pages WHERE id = ?", [number]).fetchall())

    def drop(self, changes: Iterable[Change]) -> list[str]:
        """Remove the pages that show what has changed; return their addresses. Where there are too
        many for a second, all others go with them."""
        changes = set(changes)
        if any(tag == EVERYTHING for tag, _ in changes):
            addresses = self.addresses()
            self.clear()
            return addresses
        found: set[tuple[int, str]] = set()
        with self._alone() as db:
            for tag, where in changes:
                found.update(
                    db.execute(
                        "SELECT id, address FROM pages WHERE id IN (SELECT page FROM tags WHERE tag = ?"
                        " UNION SELECT page FROM spans WHERE stream = ? AND oldest <= ? AND newest >= ?)",
                        [tag, tag, where or "", where or ""],
                    )
                )
            if len(found) <= ONE_BY_ONE:
                self._remove(db, found)
        if len(found) > ONE_BY_ONE:
            self.clear()
        return sorted(address for _, address in found)

    def drop_due(self) -> None:
        """Remove the pages that are no longer true by now."""
        due = "SELECT id, address FROM pages WHERE until <= ?"
        if self._db.execute(f"{due} LIMIT 1", [time.time()]).fetchone():
            with self._alone() as db:
                self._remove(db, db.execute(due, [time.time()]).fetchall())

    def clear(self) -> None:
        """Remove all pages, known or not."""
        with self._alone() as db:
            aside = self.shelf.withdraw_all()
            for table in ("pages", "tags", "spans", "gone"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (a constant)
        tell_all(aside, self._gone)
        # To remove thousands of files takes seconds, in which changes would not be heard.
        threading.Thread(target=self.shelf.sweep, args=[aside], daemon=True).start()

    def tidy(self) -> None:
        """Remove some of what is left of pages that were removed."""
        gone = "SELECT id, address FROM gone LIMIT ?"
        if self._db.execute(gone, [1]).fetchone() is None:
            return
        with self._alone() as db:
            pages = db.execute(gone, [TIDIED]).fetchall()
            for _, address in pages:
                # What is being written at the same address is another page's.
                if not db.execute("SELECT 1 FROM pages WHERE address = ?", [address]).fetchone():
                    self.shelf.tidy(address)
            for table, column in (("tags", "page"), ("spans", "page"), ("gone", "id")):
                numbers = ([number] for number, _ in pages)
                db.executemany(f"DELETE FROM {table} WHERE {column} = ?", numbers)  # noqa: S608

    def addresses(self) -> list[str]:
        """Return the addresses of all pages."""
        return [row[0] for row in self._db.execute("SELECT address FROM pages ORDER BY address")]

    def _remove(self, db: sqlite3.Connection, pages: Collection[tuple[int, str]]) -> None:
        """Have pages not be there any more. They may be thousands, and have a second: the rest is for
        ``tidy()``."""
        for _, address in pages:
            self.shelf.withdraw(address)
            if self._gone:
                self._gone(address)
        db.executemany("INSERT INTO gone VALUES (?, ?)", pages)
        db.executemany("DELETE FROM pages WHERE id = ?", ([number] for number, _ in pages))


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep others out of this block for a folder: of two who make a database at once, SQLite has one fail."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # the disk is another machine's, which knows no locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def discard_index(shelf: Shelf) -> None:
    """Remove a damaged index. The next one knows nothing, so all pages go with it."""
    for file in shelf.folder.glob(f"{INDEX}*"):
        file.unlink(missing_ok=True)


def tell_all(folder: Path, gone: Gone | None) -> None:
    """Call ``gone`` with the address of each page in a folder, known to an index or not."""
    if gone:
        for address in addresses_in(folder):
            gone(address)


def hold(folder: Path, gone: Gone | None = None) -> IO[str]:
    """Mark a folder as in use until the returned file is closed, and remove its siblings that nobody uses.

    gone: called with the address of each page in those.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "in-use").open("w")
    fcntl.flock(lock, fcntl.LOCK_SH)
    for other in folder.parent.iterdir():
        if other != folder:
            with contextlib.suppress(OSError), (other / "in-use").open("w") as theirs:
                fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
                tell_all(other / "pages", gone)
                shutil.rmtree(other)
    return lock
