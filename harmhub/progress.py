"""How far a command is, on one line of a terminal that is written again and again."""

import time
from types import TracebackType
from typing import Self

from django.core.management.base import OutputWrapper

WIDTH = 60
BETWEEN = 0.2  # seconds; a terminal that is written to all the time holds up the work


class Progress:
    """A line that tells how much is done, while a ``with`` block runs. Where there is no terminal, nothing is
    told. out: the command's ``stderr``."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out, self._is_seen = out, out.isatty()
        self._begun = time.monotonic()
        self._told_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def tell(self, done: int, of: int) -> None:
        """Say how many are done, of how many, and how long the rest will take if it goes on like this."""
        now = time.monotonic()
        if self._is_seen and done and now - self._told_at >= BETWEEN:
            self._told_at = now
            self._write(f"{done} of {of}, about {_span((now - self._begun) / done * (of - done))} left")

    def clear(self) -> None:
        """Empty the line, for what is to stand there."""
        if self._told_at:
            self._write("")
            self._told_at = 0.0

    def _write(self, line: str) -> None:
        self._out.write(f"\r{line:{WIDTH}}\r", style_func=str, ending="")


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
