"""Child processes forked from one parent that has Django loaded: Django starts once for all of them."""

import contextlib
import ctypes
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PAUSE = 1  # seconds before a child that died again is started again; after its first death, none
MANY_DEATHS, A_SHORT_TIME = 5, 60  # times, seconds: a child that dies so often is given up
GRACE = 9  # seconds that a child may take to end


class ChildKeepsDyingError(Exception):
    """A child died too often to be started once more; the text is one sentence."""


@dataclass
class Child:
    """One process: its name in messages, and its work, which does not return while all is well."""

    name: str
    work: Callable[[], object]
    pid: int = 0
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Fork and run the work in the child, which dies with this process however this process ends."""
        if threading.active_count() > 1:
            raise RuntimeError("Forking a process that has threads loses their locks; end the threads first.")
        parent = os.getpid()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            self._run(parent)

    def _run(self, parent: int) -> NoReturn:
        status = 1
        try:
            os.setsid()  # Ctrl-C reaches the parent only, which then ends its children in order
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.register_at_fork(after_in_child=die_with_parent)
            die_with_parent(parent)
            self.work()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except OSError as problem:  # no room, no right: the place in the code would tell nothing
            sys.stderr.write(f"{self.name}: {problem}\n")
        except BaseException:  # nothing may return into the parent's code
            traceback.print_exc()
        finally:
            os._exit(status)

    def finish(self) -> int:
        """Wait for the end of a child that does one thing; return its exit status."""
        _, ended = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(ended)

    def has_died(self) -> bool:
        """Tell whether the running child has ended, and reap it."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0
            self.deaths.append(time.monotonic())
            return True
        return False

    def recent_deaths(self) -> int:
        return sum(time.monotonic() - moment < A_SHORT_TIME for moment in self.deaths)


def tend(children: list[Child], say: Callable[[str], None]) -> NoReturn:
    """Keep the started children running until a signal handler raises, or ChildKeepsDyingError."""
    while True:
        _wait_for_a_death(children)
        for child in children:
            if child.has_died():
                deaths = child.recent_deaths()
                if deaths >= MANY_DEATHS:
                    raise ChildKeepsDyingError(f"{child.name} keeps dying; its last messages above say why.")
                say(f"{child.name} has died and is started again.")
                time.sleep(PAUSE * (deaths - 1))
                child.start()


def end(children: list[Child]) -> None:
    """Ask the children to end; kill those that have not done so after GRACE seconds, with their own."""
    running = [child for child in children if child.pid]
    for child in running:
        os.kill(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for child in running:
        while not child.has_died():
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
            time.sleep(0.02)


def _wait_for_a_death(children: list[Child]) -> None:
    poll = select.poll()
    with contextlib.ExitStack() as ends:
        for child in children:
            if not child.pid:  # it ended as soon as it was started
                return
            try:
                end = os.pidfd_open(child.pid)
            except ProcessLookupError:  # it is gone already, and was not ours to reap
                return
            ends.callback(os.close, end)
            poll.register(end, select.POLLIN)
        poll.poll()


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel end this process when the one that forked it ends, even by kill -9 (Linux).

    Where the parent's process id is given, also end at once if that one ended before this was called.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)
