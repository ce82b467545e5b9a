"""A database that keeps readers waiting: a table that is locked, a server that does not answer any more."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings

from tests.fixtures import databases
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for

pytestmark = pytest.mark.django_db
PAGE = "/newsletter/"  # which is never stored
LONG = 10  # seconds; a limit for busy machines


@pytest.fixture
def reader(site_server: Site) -> Iterator[Reader]:
    reader = Reader(site_server)
    assert reader.get(PAGE)[0] == 200
    yield reader
    wait_for(lambda: reader.get(PAGE)[0] == 200, 20, "The site does not answer any more.")


def test_a_reader_does_not_wait_for_a_lock(reader: Reader):
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        other.execute("LOCK TABLE wagtailcore_site IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        # For who may have a session nothing is at hand, whatever tests were before.
        status, headers, _body = reader.get(PAGE, Cookie=f"{settings.SESSION_COOKIE_NAME}={'a' * 32}")
        assert (status, "retry-after" in headers) == (503, True)
        assert time.monotonic() - began < LONG
        other.rollback()


def test_a_reader_does_not_wait_for_sessions_that_hang(reader: Reader):
    with reader.site.sessions_stopped():
        began = time.monotonic()
        assert reader.get(PAGE)[0] in {200, 503}  # by a new session, where there is a server that gives one
        assert time.monotonic() - began < LONG
