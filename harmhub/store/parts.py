"""Parts of pages, kept in the memory of a web process until something that they show changes.

A page that is rendered anew differs little from the one before: one card is new, the rest of the cards, the
menu, the panel and the footer are the same. What was asked of the database for them, and the HTML that was
made of it, is kept under the same tags as whole pages, and dropped by the same changes. So a rendering asks
and makes what is new. Where changes cannot be heard of, and for editors, every page is made from nothing.
"""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language

from harmhub.store.shown import Changes, Shown, include, noting_part

MOST_BYTES = 16 * 1024 * 1024  # of all parts in memory


@dataclass(frozen=True)
class Part:
    """A value, with what it shows."""

    value: Any
    shown: Shown

    @property
    def size(self) -> int:
        """About how many bytes it takes: texts, pickles and shells by their length, the rest is small."""
        return 1_000 + (len(self.value) if isinstance(self.value, Sized) else 0)


class Parts:
    """The parts that one process keeps; of too many, those that were not used for longest are given away."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Part] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Part | None:
        """Return a part, unless it is no longer true."""
        with self._lock:
            part = self._kept.get(key)
            if part is None or part.shown.is_due():
                return None
            self._kept.move_to_end(key)
            return part

    def add(self, key: Hashable, part: Part) -> None:
        """Keep a part."""
        with self._lock:
            self._remove(key)
            self._kept[key] = part
            self._bytes += part.size
            while self._bytes > MOST_BYTES:
                self._remove(next(iter(self._kept)))

    def drop(self, changes: Changes) -> None:
        """Give away the parts that show what has changed."""
        with self._lock:
            for key in [key for key, part in self._kept.items() if part.shown.is_touched_by(changes)]:
                self._remove(key)

    def clear(self) -> None:
        """Give all parts away."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _remove(self, key: Hashable) -> None:
        if part := self._kept.pop(key, None):
            self._bytes -= part.size


@dataclass
class Rendering:
    """One rendering: where it finds parts, and those that it had to make. pieces: see ``shells``."""

    parts: Parts
    made: list[tuple[Hashable, Part]] = field(default_factory=list)
    pieces: list[tuple[Callable[..., list[str]], Sequence[Hashable], list[str]]] = field(default_factory=list)


_current: ContextVar[Rendering | None] = ContextVar("rendering", default=None)


@contextmanager
def using(parts: Parts | None) -> Iterator[Rendering | None]:
    """Have a block make its pages of parts where they are at hand; of none with None."""
    token = _current.set(None if parts is None else Rendering(parts))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def rendering() -> Rendering | None:
    """Return the rendering that goes on in this thread; None where a page is made of no parts."""
    return _current.get()


def kept[T](key: tuple, make: Callable[[], T]) -> T:
    """Return what ``make()`` returns, from memory where it is at hand. It may be shared between threads, so
    nobody may change it.

    key: all that the value depends on, but for the language and what is noted while it is made: what was
    fetched for the page before is to be noted anew, unless each change to it drops everything.
    """
    current = _current.get()
    if current is None:
        return make()
    key = (get_language(), *key)
    if part := current.parts.get(key):
        include(part.shown)
        return part.value
    with noting_part() as seen:
        value = make()
    if seen.is_whole:
        current.made.append((key, Part(value, seen)))
    return value


def kept_copy[T](key: tuple, make: Callable[[], T]) -> T:
    """Do as ``kept()`` with objects that are changed afterwards: each caller gets a copy of its own."""
    if _current.get() is None:
        return make()
    return pickle.loads(kept(key, lambda: pickle.dumps(make(), pickle.HIGHEST_PROTOCOL)))  # noqa: S301 (ours)


def at_hand(key: tuple) -> bool:
    """Return whether a part would be found."""
    current = _current.get()
    return current is not None and current.parts.get((get_language(), *key)) is not None
