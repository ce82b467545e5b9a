"""Tells a cache in front (Varnish, or another that takes PURGE) of pages that were dropped."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from urllib.parse import quote

from django.conf import settings
from wagtail.contrib.frontend_cache.utils import purge_urls_from_cache

from harmhub.store.shelf import GLANCE

logger = logging.getLogger(__name__)

# When a page is purged after it was dropped, in seconds. First, when no process has it at hand any more; once
# more, when a cache that was fetching it then over a slow line has surely stored it.
DELAYS = (2 * GLANCE, 5)


class Purger(threading.Thread):
    """One thread in each web process. A cache that does not answer delays nothing but other purges."""

    def __init__(self) -> None:
        super().__init__(name="purging", daemon=True)
        self._dropped: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._due: list[tuple[float, set[str]]] = []

    @classmethod
    def begun(cls) -> Purger:
        """Return one that runs."""
        purger = cls()
        purger.start()
        return purger

    def purge(self, address: str) -> None:
        """Have an address purged soon."""
        self._dropped.put(address)

    def run(self) -> None:
        """Purge until the process ends."""
        while True:
            self._gather()
            while self._due and self._due[0][0] <= time.monotonic():
                urls = self._due.pop(0)[1]
                try:
                    purge_urls_from_cache(sorted(urls))
                except Exception as problem:  # a thread that ends would leave old pages standing
                    logger.error("pages could not be purged: %s", type(problem).__name__)

    def _gather(self) -> None:
        """Wait until something is due, or dropped."""
        urls = set()
        with contextlib.suppress(queue.Empty):
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            urls.add(self._dropped.get(timeout=wait))
            while len(urls) < 1_000:
                urls.add(self._dropped.get_nowait())
        if urls:
            whole = {f"{settings.PUBLIC_URL}{quote(address)}" for address in urls}
            self._due += [(time.monotonic() + delay, whole) for delay in DELAYS]
            self._due.sort(key=lambda each: each[0])
