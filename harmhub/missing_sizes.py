"""Sizes of pictures that a page would show and that nobody has made yet.

Whoever renders a page makes them, and waits. Within ``noting()`` they are left out and noted instead, for
jobs that make them one by one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Missing = list[tuple[int, list[str]]]  # numbers of pictures, and sizes in the words of Wagtail's filters

_missing: ContextVar[Missing | None] = ContextVar("missing", default=None)


class NotNowError(OSError):
    """A size is missing, and was noted."""


@contextmanager
def noting() -> Iterator[Missing]:
    """Note what is missing in a block, and make none of it."""
    missing: Missing = []
    token = _missing.set(missing)
    try:
        yield missing
    finally:
        _missing.reset(token)


def note(image: int, sizes: list[str]) -> None:
    """Note sizes of a picture. NotNowError: they were noted, and are not to be made."""
    missing = _missing.get()
    if missing is not None and sizes:
        missing.append((image, sizes))
        raise NotNowError
