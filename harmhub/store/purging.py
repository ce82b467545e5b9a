"""Tells a cache in front (Varnish, or another that takes PURGE) of pages that were dropped."""

from __future__ import annotations

import atexit
import contextlib
import heapq
import logging
import queue
import socket
import threading
import time
from urllib.parse import quote, urlsplit

from django.conf import settings
from wagtail.contrib.frontend_cache.utils import purge_urls_from_cache

from harmhub.store.shelf import GLANCE

logger = logging.getLogger(__name__)

# When a page is purged after it was dropped, in seconds. First, when no process has it at hand any more; once
# more, when a cache that was fetching it then over a slow line has surely stored it.
DELAYS = (2 * GLANCE, 5)
RETRY = 5  # seconds until a cache that cannot be reached is tried again
ANSWER = 5  # seconds in which it takes a connection
KEPT = 600  # seconds that a cache keeps a page without being told; as long it is tried
MOST = 1_000  # addresses that are told in one go

Due = tuple[float, float, list[str]]  # when, until when it is of use, addresses


class Purger(threading.Thread):
    """One thread in each web process, so that a cache that does not answer holds nobody up."""

    def __init__(self) -> None:
        super().__init__(name="purging", daemon=True)
        self._dropped: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._due: list[Due] = []
        self._is_away = False

    @classmethod
    def begun(cls) -> Purger:
        """Return one that runs, and tells the rest at the end of the process."""
        purger = cls()
        purger.start()
        atexit.register(purger.finish)
        return purger

    def purge(self, address: str) -> None:
        """Have an address purged soon."""
        self._dropped.put(address)

    def run(self) -> None:
        """Purge until the process ends."""
        while True:
            try:
                self._gather(wait=True)
                if self._due and self._due[0][0] <= time.monotonic():
                    self._tell(heapq.heappop(self._due))
            except Exception as problem:  # a thread that ends would leave old pages standing
                logger.error("pages could not be purged: %s", type(problem).__name__)

    def finish(self) -> None:
        """Purge at once whatever is still to be purged."""
        self._gather(wait=False)
        if self._due:
            self._tell((0, 0, sorted({url for *_, urls in self._due for url in urls})))

    def _gather(self, *, wait: bool) -> None:
        """Take up what was dropped; wait for something to be dropped, or due."""
        urls: set[str] = set()
        with contextlib.suppress(queue.Empty):
            if wait:
                rest = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
                urls.add(self._url(self._dropped.get(timeout=rest)))
            while len(urls) < MOST:
                urls.add(self._url(self._dropped.get_nowait()))
        if urls:
            now = time.monotonic()
            for delay in DELAYS:
                heapq.heappush(self._due, (now + delay, now + KEPT, sorted(urls)))

    @staticmethod
    def _url(address: str) -> str:
        return f"{settings.PUBLIC_URL}{quote(address)}"

    def _tell(self, due: Due) -> None:
        _, until, urls = due
        cache = urlsplit(settings.WAGTAILFRONTENDCACHE["default"]["LOCATION"])
        port = cache.port or {"https": 443}.get(cache.scheme, 80)
        try:
            # Asked first: the backend would wait without end, and note the failure of each address.
            socket.create_connection((cache.hostname or "", port), timeout=ANSWER).close()
        except OSError as problem:
            if not self._is_away:
                logger.error("the cache in front cannot be told of changes: %s", type(problem).__name__)
            self._is_away = True
            if (again := time.monotonic() + RETRY) < until:
                heapq.heappush(self._due, (again, until, urls))
            return
        self._is_away = False
        purge_urls_from_cache(urls)
