"""What management commands say at a terminal when they cannot go on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


@pytest.mark.parametrize(
    "asked", [["pages", "export", "mirror"], ["check_search"], ["check_listing", "--mend"]], ids=" ".join
)
def test_command_without_a_database_ends_with_one_clear_sentence(asked: list[str], tmp_path: Path):
    away = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(
        [*MANAGE, *asked], env=away, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert re.fullmatch(r"The database cannot be asked now: [^\n]+\n", done.stderr)
    assert not list(tmp_path.iterdir())


def test_command_whose_reader_has_seen_enough_ends_quietly():
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes) as nobody:
        done = subprocess.run([*MANAGE, "help"], stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def test_command_that_has_nowhere_to_print_ends_as_well_as_others():
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *MANAGE]
    done = subprocess.run([*closed, "help", "pages"], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
