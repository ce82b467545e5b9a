"""CPU time of processes and all their children, as Linux counts it."""

import contextlib
import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def of_tree(pid: int) -> float:
    """Return the CPU seconds of a process, of all processes below it, and of those below it that have
    ended."""
    total = 0.0
    for process in [pid, *below(pid)]:
        fields = _fields(process)
        if fields:
            own, ended = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
            total += (own + ended) / TICK
    return total


def of_threads(pid: int) -> float:
    """Return the CPU seconds of the threads that a process and those below it have now: to the microsecond,
    where ``of_tree()`` counts hundredths."""
    total = 0.0
    for process in [pid, *below(pid)]:
        for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(thread.read_text().split()[0]) / 1e9
    return total


def below(pid: int) -> list[int]:
    """Return the processes that descend from one."""
    parents = {
        int(path.name): fields[1]
        for path in Path("/proc").glob("[0-9]*")
        if (fields := _fields(int(path.name)))
    }
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if int(parent) in found} - found
        found, grown = found | more, bool(more)
    return sorted(found - {pid})


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
