"""The page store of the running site: what is true until a time, and not after it."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.utils import timezone

from content.models import EventPage, InfoPage, VoicesPage
from tests.factories import Tree
from tests.fixtures import databases
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from tests.fixtures.stored import TOPIC, all_paths, change, path_of


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def before_it_ends(
    reader: Reader, prepare: Callable[[datetime], None], *paths: str, spare: float = 0
) -> tuple[datetime, dict[str, bytes]]:
    """Have something end soon, and the pages that show it stored before it does; return when it ends, and
    the pages until then.

    prepare: told when it shall end, sees to it. On a busy machine the pages may be stored too late, or less
    than ``spare`` seconds before: then it ends later, once more.
    """
    for seconds in (1.5, 4, 10, 30):
        ends = timezone.now() + timedelta(seconds=seconds)
        with reader.site.orm():
            prepare(ends)
        reader.settle()
        reader.warm(*paths)
        before = {path: reader.get(path)[2] for path in paths}
        if datetime.now(UTC) < ends - timedelta(seconds=spare):
            return ends, before
    pytest.fail("The pages are never stored in time.")


def test_event_that_ends_is_shown_as_past_at_its_time(reader: Reader, hub: Tree):
    with reader.site.orm():
        event = hub.event(title="Short")
    path = path_of(reader.site, event)

    def end(ends: datetime) -> None:
        EventPage.objects.filter(pk=event.pk).update(starts_at=ends - timedelta(hours=1), ends_at=ends)

    ends, before = before_it_ends(reader, end, path)
    wait_for(lambda: datetime.now(UTC) > ends + timedelta(seconds=1.1), 10, "")
    assert reader.get(path)[2] == reader.fresh(path) != before[path]


def test_year_whose_works_expire_one_by_one_is_offered_no_more(reader: Reader, hub: Tree):
    """Also on older pages, which were made when nothing of it was to expire."""
    reader.site.kill_worker()  # which would unpublish them
    with reader.site.orm():
        works = [hub.voice(title=f"Early {day}", published_on=date(2001, 1, day)) for day in (1, 2)]
    older = next(path for path in all_paths(reader) if "/since/" in path)
    reader.warm(older)
    assert b">2001<" in reader.get(older)[2]
    for work in works:
        with reader.site.orm():
            VoicesPage.objects.filter(pk=work.pk).update(expire_at=timezone.now())
        reader.settle()
    assert b">2001<" not in reader.get(older)[2]
    with reader.site.orm():
        VoicesPage.objects.filter(pk__in=[work.pk for work in works]).delete()
    reader.site.start_worker()


@pytest.mark.parametrize("trouble", [Site.database_away, Site.sessions_stopped])
def test_page_that_expires_is_withheld_at_its_time_without_a_database(
    reader: Reader, hub: Tree, trouble: Callable[[Site], AbstractContextManager]
):
    with reader.site.orm():
        page = hub.voice(title="For now", slug="for-now")

    def expire(expires: datetime) -> None:
        VoicesPage.objects.filter(pk=page.pk).update(live=True, expired=False, expire_at=expires)

    expires, _before = before_it_ends(reader, expire, "/voices/for-now/", spare=1)
    with trouble(reader.site):
        assert reader.get("/voices/for-now/")[0] == 200
        wait_for(lambda: datetime.now(UTC) > expires, 10, "")
        assert reader.get("/voices/for-now/")[0] in {404, 503}
        wait_for(lambda: "/voices/for-now/" not in reader.stored, 5, "nginx would still find it")
    with reader.site.orm():
        page.delete()


def test_person_is_of_no_program_any_more_at_the_second_in_which_that_expires(reader: Reader, hub: Tree):
    reader.site.kill_worker()  # which unpublishes it up to a minute later
    with reader.site.orm():
        change(hub.person, program=hub.program)
    paths = ["/people/", TOPIC]

    def expire(expires: datetime) -> None:
        type(hub.program).objects.filter(pk=hub.program.pk).update(expire_at=expires)

    expires, before = before_it_ends(reader, expire, *paths)
    wait_for(lambda: datetime.now(UTC) > expires, 10, "")
    for path in paths:
        assert before[path] != reader.get(path)[2] == reader.fresh(path), path
    with reader.site.orm():
        type(hub.program).objects.filter(pk=hub.program.pk).update(expire_at=None)


def test_part_that_is_made_over_the_second_in_which_a_page_expires_is_not_kept(reader: Reader, hub: Tree):
    reader.site.kill_worker()  # which unpublishes it up to a minute later
    with reader.site.orm():
        expires = timezone.now() + timedelta(seconds=4)
        page = hub.home.add_child(instance=InfoPage(title="In the footer", slug="x", expire_at=expires))
    reader.settle()
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        wait_for(lambda: datetime.now(UTC) > expires - timedelta(seconds=0.7), 10, "")
        other.execute("LOCK TABLE content_entry")  # asked when it is known which pages stand in the footer
        asking = threading.Thread(target=reader.get, args=(TOPIC,))
        asking.start()
        wait_for(lambda: datetime.now(UTC) > expires + timedelta(seconds=0.1), 10, "")
    asking.join()
    wait_for(lambda: reader.get(TOPIC)[2] == reader.fresh(TOPIC), 0.9, "The footer shows what has expired.")
    reader.warm(TOPIC)
    assert b"In the footer" not in reader.get(TOPIC)[2]
    with reader.site.orm():
        page.delete()


def test_numbers_and_years_are_true_at_the_second_in_which_work_further_down_expires(
    reader: Reader, hub: Tree
):
    reader.site.kill_worker()  # which unpublishes it up to a minute later
    with reader.site.orm():
        page = hub.voice(title="Of old", published_on=date(2011, 5, 1))
        page.tags.add("peers")
        page.save()
    reader.settle()
    paths = [path for path in all_paths(reader) if path.startswith(TOPIC)]

    def expire(expires: datetime) -> None:
        VoicesPage.objects.filter(pk=page.pk).update(expire_at=expires)

    expires, before = before_it_ends(reader, expire, *paths)
    wait_for(lambda: datetime.now(UTC) > expires, 20, "")
    after = {path: reader.get(path)[2] for path in paths}
    assert after == {path: reader.fresh(path) for path in paths}
    assert {f"{TOPIC}tag/peers/", TOPIC} <= {path for path in paths if before[path] != after[path]}
    with reader.site.orm():
        page.delete()
