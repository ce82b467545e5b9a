"""``setup.sh`` without a fit Python: one clear sentence each. That it works is seen whenever tests run."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

# What a machine has that has no Python.
TOOLS = ("cat", "cmp", "cp", "dirname", "mkdir", "rm", "touch")
# Says that it is new enough for uv and too old for us, and makes an environment whose uv can fetch nothing.
OLD_PYTHON = """#!/bin/sh
case "$*" in
*"(3, 8)"*) echo "$0" ;;
*"(3, 12)"*) exit 1 ;;
"-m venv"*)
    mkdir -p .venv/tool/bin
    printf '#!/bin/sh\\nexit 1\\n' >.venv/tool/bin/uv
    printf '#!/bin/sh\\n[ "$4" != get ]\\n' >.venv/tool/bin/python
    chmod +x .venv/tool/bin/uv .venv/tool/bin/python
    ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout on a machine without Python; ``bin`` is all of its path."""
    (tmp_path / "bin").mkdir()
    for name in (*TOOLS, "chmod"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    for name in ("setup.sh", ".python-version", "requirements.txt", "requirements-uv.txt"):
        shutil.copy(settings.BASE_DIR / name, tmp_path)
    return tmp_path


def add(machine: Path, name: str, script: str) -> None:
    program = machine / "bin" / name
    program.write_text(script)
    program.chmod(0o755)


def failure_of(machine: Path) -> str:
    """Return what setup.sh says on the way to its failure."""
    done = subprocess.run(
        ["/bin/sh", "setup.sh", "run"],
        cwd=machine,
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("python", [None, "#!/bin/sh\nexit 127\n"], ids=["none", "a broken one"])
def test_without_a_python_setup_says_what_to_install(machine, python):
    if python:
        add(machine, "python3", python)
    said = failure_of(machine)
    assert said == (
        "No Python with its venv module was found: "
        "install python3.13 and python3-venv (or uv), then try again.\n"
    )


def test_with_too_old_a_python_and_no_other_to_fetch_setup_says_what_to_install(machine):
    add(machine, "python3", OLD_PYTHON)
    said = failure_of(machine)
    assert said == (
        "Python is too old here and no newer one could be fetched: install Python 3.12, 3.13 or 3.14.\n"
    )
