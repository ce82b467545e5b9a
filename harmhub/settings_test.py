"""Settings of the tests: the real ones, with fixed secrets, own folders, and a server kept between runs."""

import atexit
import contextlib
import os
import shutil
import tempfile
import zlib
from pathlib import Path

import environ

# Of this process alone, whatever DATA_DIR says: tests share no counters, and never touch a site's files.
_data = tempfile.mkdtemp(prefix="harmhub-test-")
os.chmod(_data, 0o711)  # noqa: S103 (as `make run` makes it; the folders inside are closed)
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["DATA_DIR"] = _data
os.environ["SECRET_KEY"] = "only-for-tests-" + "k" * 40
os.environ["SEALING_KEYS"] = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMzI="
os.environ["PUBLIC_URL"] = "http://testserver"
os.environ.pop("EMAIL_URL", None)

from harmhub.settings import *  # noqa: E402, F403
from harmhub.settings import BASE_DIR, DATABASES, STATIC_ROOT, STORAGES, embedded_postgres  # noqa: E402

CHECKOUT = "checkout"  # the file that names the folder whose tests use the server


def _server_folder() -> Path:
    """Return where the embedded server of the tests keeps its files: in memory, where there is room.

    A database has a thousand of them, so that copying one on a disk takes ten times as long.
    """
    memory = Path("/dev/shm")  # noqa: S108 (the folder in it is the user's own)
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < 2 * 1024**3:
        return BASE_DIR / ".data" / "tests"
    folder = memory / f"harmhub-{os.getuid()}-{zlib.crc32(str(BASE_DIR).encode()):08x}"
    folder.mkdir(mode=0o711, exist_ok=True)
    (folder / CHECKOUT).write_text(str(BASE_DIR))
    for note in memory.glob(f"harmhub-{os.getuid()}-*/{CHECKOUT}"):
        with contextlib.suppress(FileNotFoundError):  # another process of the tests does the same
            if not Path(note.read_text()).exists():  # nobody comes back to these 300 MB
                shutil.rmtree(note.parent, ignore_errors=True)
    return folder


# The embedded server of the tests, or None where DATABASE_URL names another.
TEST_SERVER = None if os.environ.get("DATABASE_URL") else _server_folder()
if TEST_SERVER:
    DATABASES["default"] |= environ.Env.db_url_config(embedded_postgres.database_url(TEST_SERVER))
# Threads of a pool would outlive the databases that tests drop; the server under test has its pool.
DATABASES["default"]["OPTIONS"].pop("pool", None)

# Nobody: tests bring a name server of their own.
DNS_SERVER = ("127.0.0.1", 9)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nothing is collected for tests: the test client asks for no static file, and the server under test collects
# its own.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir()
# Each test client would look through all files that a site under test has collected meanwhile.
WHITENOISE_AUTOREFRESH = True
# The running site writes Wagtail's indexes, as do tests that ask for it.
TASKS = {"default": {"BACKEND": "tests.fixtures.tasks.WithoutIndexing"}}
# Nobody needs one, where it is not what is tested: tests log in without.
SECOND_FACTOR_FOR = []
