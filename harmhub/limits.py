"""How often one client may use a form, and that a form sent twice is one submission.

The counters lie outside the database, in one SQLite file per hour under ``DATA_DIR/limits`` (mode 0700).
Clients are known there by an HMAC of their address under a random key that lives in the same file; a file
older than the previous hour is deleted. Nothing derived from an address leaves these files. When they cannot
be written, a line is logged and the submission goes through: no message is lost because a counter failed.
"""

import fcntl
import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

logger = logging.getLogger(__name__)

HOUR = 3600
REMEMBERED = 600  # seconds for which a repeat is known as one
PATIENCE = 5  # seconds a repeat waits for the first; then losing it would be worse than storing it twice
SLOTS = 256
_TABLES = """
CREATE TABLE IF NOT EXISTS secret (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tries (form TEXT, client BLOB, number INTEGER NOT NULL, UNIQUE (form, client));
CREATE TABLE IF NOT EXISTS seen (mark BLOB PRIMARY KEY, at REAL NOT NULL);
"""
_COUNT = "INSERT INTO tries VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"
_GIVE_BACK = "UPDATE tries SET number = number - 1 WHERE form = ? AND client = ? AND number > 0"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_trusted(peer: str) -> bool:
    """Return whether this peer (an address, or the word for a Unix socket) is one of
    ``settings.TRUSTED_PROXIES``."""
    address = _address(peer)
    if address is None:
        return (peer or "unix") in settings.TRUSTED_PROXIES  # granian gives no address for a Unix socket
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def client_address(meta: dict[str, str]) -> str:
    """Return who is asking: the peer, or, when the peer is a trusted proxy, the right-most forwarded address
    that is not one.

    Anybody can write addresses into X-Forwarded-For; only what a trusted proxy has appended is believed.
    """
    chain = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    client = meta.get("REMOTE_ADDR", "")
    while chain and is_trusted(client) and _address(chain[-1]) is not None:
        client = chain.pop()
    return client


def client_key(request: HttpRequest, at: float | None = None) -> str | None:
    """Return 64 hexadecimal digits that stand for the client during this hour, or during the hour of a moment
    (Unix seconds), or None where clients cannot be told apart.

    None: an onion service, no counters because their folder is full or unwritable, or an hour whose counters
    are gone.
    """
    client = _client(request)
    hour = _hour() if at is None else int(at // HOUR)
    if client is None or (hour != _hour() and not _file(hour).exists()):
        return None
    try:
        with _opened(hour) as (_, key):
            return _mark(key, client).hex()
    except (OSError, sqlite3.Error) as error:
        return _failed(error, None)


def allow(form: str, request: HttpRequest, *, per_client: int, in_all: int) -> bool:
    """Count one try of this form in this hour. False: this client, or everybody together, has had enough for
    the hour.

    What a client tries over its own limit is not counted for all, so that one client cannot use up
    everybody's share.
    """
    client = _client(request)
    try:
        with _opened(_hour()) as (table, key):
            if client is not None and _count(table, form, _mark(key, client)) > per_client:
                return False
            return _count(table, form, b"") <= in_all
    except (OSError, sqlite3.Error) as error:
        return _failed(error, True)


def give_back(form: str, request: HttpRequest) -> None:
    """Take one counted try back, as if it had not happened: it turned out to be harmless."""
    client = _client(request)
    try:
        with _opened(_hour()) as (table, key):
            for mark in (b"",) if client is None else (b"", _mark(key, client)):
                table.execute(
                    _GIVE_BACK,
                    (form, mark),
                )
    except (OSError, sqlite3.Error) as error:
        _failed(error, None)


def tally(what: str, text: str = "") -> int:
    """Count once more this text (known by an HMAC, as clients are) under a name, and return how often it was
    counted in this hour; 0 where nothing can be counted."""
    try:
        with _opened(_hour()) as (table, key):
            return _count(table, what, _mark(key, text))
    except (OSError, sqlite3.Error) as error:
        return _failed(error, 0)


def tallied(what: str, text: str = "", *, hours_ago: Iterable[int] = (0, 1)) -> int:
    """Return how often this text was counted under a name, in this hour and the one before; older ones are
    forgotten."""
    try:
        return sum(_tallied(_hour() - each, what, text) for each in hours_ago)
    except (OSError, sqlite3.Error) as error:
        return _failed(error, 0)


def _tallied(hour: int, what: str, text: str) -> int:
    if not _file(hour).exists():
        return 0
    with _opened(hour) as (table, key):
        found = table.execute(
            "SELECT number FROM tries WHERE form = ? AND client = ?", (what, _mark(key, text))
        ).fetchone()
    return found[0] if found else 0


def minutes_to_wait() -> int:
    """Return the minutes (1 to 60) until the counters begin again."""
    return 60 - int(time.time() % HOUR // 60)


@contextmanager
def once(form: str, request: HttpRequest, text: str, page: str = "") -> Iterator[bool]:
    """Yield True for the first submission of this form and text by this client, False for a repeat within ten
    minutes.

    A repeat that comes while the first is still at work waits for it. An exception inside forgets the first,
    so that it can be repeated: keep the whole transaction inside. Where there are no client addresses,
    ``page`` stands for the client: what only one page with this form holds. Without it everything is a first.
    """
    client = _client(request) or page
    if not client:
        yield True
        return
    with ExitStack() as locks:
        try:
            hour = _hour()
            marks = _marks(hour, form, client, text)
            _lock(locks, marks.values())
            first = not any(_seen(at, mark) for at, mark in marks.items())
        except (OSError, sqlite3.Error) as error:
            marks, first = {}, _failed(error, True)
        yield first
        if first and marks:
            _remember(hour, marks[hour])


def _client(request: HttpRequest) -> str | None:
    """Return the text that stands for the client: its address (IPv6: the household's network), or None."""
    address = _address(client_address(request.META))
    if address is None:
        return None
    try:
        onion = request.get_host().lower().partition(":")[0].endswith(".onion")
    except DisallowedHost:
        onion = False
    # Tor hands its readers over from this machine. The same host name from elsewhere is somebody who wants no
    # limit.
    if onion and (address.is_loopback or is_trusted(str(address))):
        return None
    return str(ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address)


@cache
def _networks(entries: tuple[str, ...]) -> list[Network]:
    networks: list[Network] = []
    for entry in entries:
        with suppress(ValueError):
            networks.append(ipaddress.ip_network(entry, strict=False))
    return networks


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _hour() -> int:
    return int(time.time() // HOUR)


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "limits"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _file(hour: int) -> Path:
    return _folder() / f"{hour}.sqlite3"


@contextmanager
def _opened(hour: int) -> Iterator[tuple[sqlite3.Connection, bytes]]:
    """Open the file of an hour in one transaction; yield it and its key."""
    path = _file(hour)
    new = not path.exists()
    if new:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        _sweep(path.parent)
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as table:
        table.execute("PRAGMA synchronous = OFF")  # a counter lost with the machine is no loss
        table.execute("BEGIN IMMEDIATE")
        row = None if new else _key_row(table)
        if row is None:
            for statement in _TABLES.split(";"):
                table.execute(statement)
            table.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
            row = table.execute("SELECT key FROM secret").fetchone()
        yield table, row[0]
        table.execute("COMMIT")


def _key_row(table: sqlite3.Connection) -> tuple[bytes] | None:
    if not table.execute("SELECT 1 FROM sqlite_schema WHERE name = 'seen'").fetchone():
        return None
    return table.execute("SELECT key FROM secret").fetchone()


def sweep() -> None:
    """Delete what was counted in hours past."""
    _sweep(Path(settings.DATA_DIR) / "limits")


def _sweep(folder: Path) -> None:
    """Delete the files of all hours but this and the previous one; also those of hours to come: the clock was
    wrong."""
    kept = {f"{hour}.sqlite3" for hour in (_hour(), _hour() - 1)}
    for path in folder.glob("*.sqlite3*"):
        if path.name.removesuffix("-journal") not in kept:
            path.unlink(missing_ok=True)


def _mark(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, "\0".join(parts).encode(errors="replace"), hashlib.sha256)


def _count(table: sqlite3.Connection, form: str, mark: bytes) -> int:
    return table.execute(_COUNT, (form, mark)).fetchone()[0]


def _marks(hour: int, form: str, client: str, text: str) -> dict[int, bytes]:
    """Return the mark of this submission in each hour's file that may remember it, each under that hour's own
    key."""
    hours = [hour]
    if time.time() % HOUR < REMEMBERED and _file(hour - 1).exists():
        hours.append(hour - 1)
    marks = {}
    for each in hours:
        with _opened(each) as (_, key):
            marks[each] = _mark(key, form, client, text)
    return marks


def _lock(locks: ExitStack, marks: Iterable[bytes]) -> None:
    """Take the locks of these marks, waiting for whoever has them. Always in one order: nobody waits in a
    circle."""
    deadline = time.monotonic() + PATIENCE
    for slot in sorted({mark[0] % SLOTS for mark in marks}):
        handle = os.open(_folder() / f"slot-{slot:03}", os.O_CREAT | os.O_RDWR, 0o600)
        locks.callback(os.close, handle)
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)


def _seen(hour: int, mark: bytes) -> bool:
    with _opened(hour) as (table, _):
        row = table.execute("SELECT at FROM seen WHERE mark = ?", (mark,)).fetchone()
    # A time to come was written by a clock that ran ahead: it binds nobody.
    return row is not None and 0 <= time.time() - row[0] < REMEMBERED


def _remember(hour: int, mark: bytes) -> None:
    try:
        with _opened(hour) as (table, _):
            table.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (mark, time.time()))
    except (OSError, sqlite3.Error) as error:
        _failed(error, None)


def _failed[T](error: Exception, answer: T) -> T:
    logger.error(
        "The counters in DATA_DIR/limits cannot be used (%s); letting the request through.",
        type(error).__name__,
    )
    return answer
