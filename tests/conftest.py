"""What all tests share.

A test asks for a database with ``@pytest.mark.django_db``. With ``transaction=True`` (or ``live_server``) the
database is made anew afterwards instead of emptied: Wagtail's root page, site and locale are always there.
``site_server`` is the whole site as real processes, ``smtp_sink`` a mail server, ``page`` a real Chromium.
"""

import contextlib
import copy
import gc
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template.base import Template
from django.template.context import Context
from django.test import TransactionTestCase
from django.test.signals import template_rendered
from django.utils import translation
from xdist.scheduler import LoadFileScheduling

from harmhub import embedded_postgres
from harmhub.mail import sending
from harmhub.mail.domains import Domains
from tests.factories import Tree
from tests.fixtures import databases
from tests.fixtures.site import Site, running_site
from tests.fixtures.smtp import SmtpSink

pytest_plugins = [
    "tests.fixtures.door",
    "tests.fixtures.following",
    "tests.fixtures.inbox",
    "tests.fixtures.mails",
    "tests.fixtures.managing",
    "tests.fixtures.names",
    "tests.fixtures.replying",
    "tests.fixtures.room",
    "tests.fixtures.runs",
    "tests.fixtures.staff",
    "tests.fixtures.stored",
    "tests.fixtures.writing",
]

# Playwright runs an event loop in the tests' thread, in which Django would refuse to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# The Tree in every test's database, made once, as Python knows it.
_trees: list[Tree] = []

# No durability and no cleaning: these data live as long as the tests. The rest is as in `make run`.
UNSAFE_BUT_QUICK = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")


# Pages, forms and templates are many objects that live as long as the tests. Looking through them for garbage
# again and again is a seventh of the time of all tests.
gc.set_threshold(100_000, 20, 100)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the garbage collector pass over all that was loaded until now."""
    gc.collect()
    gc.freeze()


# What takes longest begins first, so that all processes end together; these even before the browser tests:
# Playwright leaves an event loop, with which asyncio.run() fails.
BEFORE_BROWSERS = ("test_demo", "test_mail_jobs", "test_pictures", "test_run")
# By one process each, because they share a running site (or one of `make run`), and so that all processes
# end together: those of the page store, those of what stands around it, those that look at the admin in a
# browser, and with all other browsers those that ask for pages.
STORE = (
    *("test_page_store", "test_page_store_changes", "test_page_store_near", "test_page_store_faults"),
    *("test_page_store_meanwhile", "test_page_store_times"),
)
AROUND = ("test_page_store_unseen", "test_page_stores", "test_nginx", "test_varnish")
SITE = ("test_mirror", "test_bad_input", "test_worker")
DESK = (
    *("test_admin", "test_contact_desk", "test_door", "test_inbox"),
    *("test_mail_dns", "test_newsletter_desk"),
)
RUN = ("test_demo", "test_run")
# By one process, because it reads the long forms of the admin once.
FORMS = (
    *("test_editing", "test_editing_odd", "test_editors", "test_event_times", "test_page_addresses"),
    "test_previews",
)
LONG = (
    *("test_updates_model", "test_newsletter_sign_up", "test_contact_faults", "test_newsletter_mailed_links"),
    *("test_mail_faults", "test_entries", "test_listing", "test_login", *FORMS),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first."""

    def place(item: pytest.Item) -> int:
        if item.path.parent.name == "browser":
            return 1
        found = (BEFORE_BROWSERS, (), STORE + AROUND + SITE, LONG)
        return next((number for number, names in enumerate(found) if item.path.stem in names), len(found))

    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("browser")
    items.sort(key=place)


class OneSite(LoadFileScheduling):
    """Has each file done by one process, and those of a group by the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        name = Path(file).stem
        if file.startswith("tests/browser/"):
            return "desk" if name in DESK else "site"
        groups = {"store": STORE, "around": AROUND, "site": SITE, "run": RUN, "forms": FORMS}
        return next((group for group, names in groups.items() if name in names), file)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes share the tests: one more than there are cores, as tests wait, too.

    With more than nine, all wait for the longest group.
    """
    return min((os.cpu_count() or 2) + 1, 9)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSite:
    """Return who shares the tests among processes."""
    return OneSite(config, log)


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The embedded server of the tests, up for the session; nothing where DATABASE_URL names a server."""
    if not settings.TEST_SERVER:
        yield
        return
    with embedded_postgres.running(settings.TEST_SERVER):
        with databases.maintenance() as server:
            for name in UNSAFE_BUT_QUICK:
                server.execute(f"ALTER SYSTEM SET {name} = off")
            server.execute("SELECT pg_reload_conf()")
        yield


@pytest.fixture(scope="session")
def django_db_setup(database_server, django_test_environment, django_db_blocker) -> Iterator[None]:
    """Give this process a database with a Tree: a copy of one that nobody touches, to be made anew from."""
    with contextlib.ExitStack() as session, pytest.MonkeyPatch.context() as patched:
        session.enter_context(django_db_blocker.unblock())
        pristine = session.enter_context(databases.copied("pristine"))
        with databases.using(pristine):
            _trees.append(Tree())
        name = session.enter_context(databases.copied("own", pristine))
        session.enter_context(databases.using(name))
        # Django empties every table after a transactional test, root page included.
        patched.setattr(TransactionTestCase, "_fixture_teardown", lambda case: databases.restore(pristine))
        session.enter_context(django_db_blocker.block())
        yield


def _noted(template: Template, context: Context) -> str:
    """Render, and tell the test client of whole templates only: ``response.context`` is that of the page."""
    if context.template is template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(scope="session", autouse=True)
def _contexts_of_pages_only(django_test_environment) -> Iterator[None]:
    """Keep no copy of the context of each of the hundreds of parts of a page of the admin, as Django's test
    client would: that is a tenth of the time of such a test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Template, "_render", _noted)
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Forget between tests what lies outside the database: cached site roots, rate limits, written mails, and
    the language of the last request."""
    yield
    cache.clear()
    sending.DOMAINS = Domains()
    translation.deactivate()
    for folder in ("limits", "mail"):
        shutil.rmtree(settings.DATA_DIR / folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _within_one_hour() -> None:
    """Begin no test in the last seconds of an hour: counters begin anew with the hour, days with midnight."""
    while time.time() % 3600 > 3600 - 15:
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def _listings_follow_at_once(request: pytest.FixtureRequest) -> None:
    """Have listings follow each statement: a test in a transaction never comes to its end."""
    if not request.node.get_closest_marker("django_db") and "db" not in request.fixturenames:
        return
    request.getfixturevalue("_django_db_helper")
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS content_entries_follow IMMEDIATE")


@pytest.fixture
def words_follow_at_once(db) -> None:
    """Have search follow each statement: a test in a transaction never comes to its end."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS content_words_follow IMMEDIATE")


@pytest.fixture
def indexes(settings) -> None:
    """Have saves write Wagtail's search index and reference index, as they do with the real settings."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """A mail server that keeps what it gets and can refuse or be down; see tests.fixtures.smtp."""
    sink = SmtpSink()
    sink.start()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def running_site_server(django_db_setup, django_db_blocker) -> Iterator[Site]:
    with django_db_blocker.unblock(), running_site() as site, django_db_blocker.block():
        yield site


@pytest.fixture
def site_server(running_site_server: Site, django_db_blocker) -> Iterator[Site]:
    """The running site, one for the session, so its rows stay from test to test; its mails are forgotten.

    A killed web server or worker is up again for the next test. See tests.fixtures.site.
    """
    site = running_site_server
    site.mail.clear()
    with django_db_blocker.unblock():
        yield site
    if site.web is None:
        site.start_web()
    if site.worker is None:
        site.start_worker()


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: tests name whole addresses. (Playwright's own fixture is of a kind that pytest deprecates.)"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Drive the Chromium that `make test` found; without one, fail in CI and skip elsewhere."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "No Chromium: `make test` finds or installs one."
        )
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking"
    arguments = [*quiet.split(), "--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return browser_type_launch_args | {"executable_path": found, "args": arguments}


@pytest.fixture
def tree(db) -> Tree:
    """A small site with the topics Health, Harm Reduction and Drug Checking; see tests.factories.

    Its pages are in the database of every test but those that ask for a ``bare_database``.
    """
    return copy.deepcopy(_trees[0])


@pytest.fixture
def bare_database(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A database for one test as `migrate` leaves it, with Wagtail's welcome page and no Tree."""
    with django_db_blocker.unblock(), databases.copied("bare") as name, databases.using(name):
        yield
