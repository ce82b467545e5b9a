"""Bar 7: memory and start beside Wagtail's starter project, as ``wagtail start`` makes it."""

import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings

from tests.bench import cpu
from tests.bench.table import Row, Table
from tests.fixtures.site import GRANIAN, Site, free_port, wait_for

ROUNDS = 2


def compare(table: Table, site: Site) -> None:
    """Compare the memory of a web worker, and the time of ``manage.py check``.

    Ours has sent thousands of pages when it is measured, and then, started anew, has shown a form to log in,
    as the starter project has.
    """
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([Path(sys.executable).with_name("wagtail"), "start", "starter", name], check=True)
        theirs = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        ours = os.environ | {"DJANGO_SETTINGS_MODULE": "harmhub.settings_test"}
        rounds = [(_check(settings.BASE_DIR, ours), _check(Path(name), theirs)) for _ in range(ROUNDS)]
        port = free_port()
        command = [sys.executable, *GRANIAN, "--port", str(port), "starter.wsgi:application"]
        environment = theirs | {"DJANGO_SETTINGS_MODULE": "starter.settings.dev"}
        process = subprocess.Popen(
            command, cwd=name, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: _shows_its_form(port), 30, "The starter project does not answer.")
            theirs_takes, busy = _memory(process.pid), _memory(site.web.pid)
        finally:
            process.terminate()
            process.wait()
    site.kill_web()
    site.start_web()
    assert _shows_its_form(site.port, "/admin/login/")
    beside = f"Wagtail's starter {theirs_takes:.0f} MB"
    for said, takes in (("just started", _memory(site.web.pid)), ("after thousands of pages", busy)):
        what = f"memory of a web worker, {said}"
        table.add(Row("7", what, f"{takes:.0f} MB", beside, takes / theirs_takes, most=1.2))
    mine, starter = (statistics.median(figures) for figures in zip(*rounds, strict=True))
    beside = f"Wagtail's starter {starter:.2f} s"
    table.add(Row("7", "CPU of manage.py check", f"{mine:.2f} s", beside, mine / starter, most=1.2))


def _memory(pid: int) -> float:
    """Return the resident memory of the largest process below one, in MB."""
    found = [0.0]
    for process in cpu.below(pid):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        found += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")]
    return max(found)


def _shows_its_form(port: int, path: str = "/django-admin/login/") -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(client), contextlib.suppress(OSError):
        client.request("GET", path, headers={"Host": f"localhost:{port}"})
        return client.getresponse().status == 200
    return False


def _check(folder: Path, environment: dict[str, str]) -> float:
    """Return the CPU seconds of a check; other work on the machine does not count."""
    before = os.times()
    command = [sys.executable, "manage.py", "check"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
