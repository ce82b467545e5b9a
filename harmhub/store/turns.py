"""Turns: of the web processes of a machine that share a store, one renders a page at a time."""

from __future__ import annotations

import contextlib
import fcntl
import zlib
from typing import IO


class Turns:
    """The turns of one process: a byte of a file for each address, locked while the process renders it.

    Locks of POSIX (fcntl) belong to a process and end with it, however it ends. Two addresses that share a
    byte wait for each other, which is seldom and does no harm. file: open for writing, and in this process
    once.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def take(self, address: str) -> bool:
        """Return whether it is this process's turn to render a page; also where nothing can be locked."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, zlib.crc32(address.encode()))
        except (BlockingIOError, PermissionError):  # POSIX lets a system say either
            return False
        except (OSError, ValueError):
            return True
        return True

    def end(self, address: str) -> None:
        """Leave the page to the other processes."""
        with contextlib.suppress(OSError, ValueError):
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, zlib.crc32(address.encode()))
