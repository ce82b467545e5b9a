"""The shelf of stored pages and its index by themselves, without a site."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from harmhub.store.fingerprint import fingerprint
from harmhub.store.index import Index
from harmhub.store.serving import Flight
from harmhub.store.shelf import GLANCE, Held, Shelf, StoredPage
from harmhub.store.shown import Shown, Span, note_until, noting, noting_part
from tests.fixtures.site import wait_for


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with contextlib.closing(Index(Shelf(tmp_path))) as opened:
        yield opened


def put(index: Index, address: str, shown: Shown) -> None:
    index.reveal(index.add(address, StoredPage.of([("X", "y")], address.encode(), shown.until), shown))


def test_processes_that_begin_at_once_all_open_it(tmp_path: Path):
    begin, opened = threading.Barrier(3), []

    def open_it(folder: Path) -> None:
        begin.wait()
        Index(Shelf(folder)).close()
        opened.append(folder)

    for number in range(30):
        threads = [threading.Thread(target=open_it, args=[tmp_path / str(number)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(opened) == 3 * 30


def test_changes_drop_the_pages_that_show_them(index: Index):
    put(index, "/a/", Shown({"page:1"}))
    put(index, "/b/", Shown({"page:2"}, {Span("stream:1", "2026-01-01/1", "2026-02-01/1")}))
    put(index, "/c/", Shown(set(), {Span("stream:1", "2026-02-02/1")}))
    assert index.drop([("page:3", None), ("stream:1", "2025-01-01/1"), ("stream:2", "2026-01-02/1")]) == []
    assert index.drop([("stream:1", "2026-01-15/9")]) == ["/b/"]
    assert index.shelf.get("/b/") is None
    assert index.drop([("page:1", None), ("stream:1", "2030-01-01/1")]) == ["/a/", "/c/"]
    assert index.addresses() == []


def test_page_that_was_dropped_before_it_was_revealed_is_not_there(index: Index):
    number = index.add("/a/", StoredPage.of([], b"old", None), Shown({"page:1"}))
    assert index.shelf.get("/a/") is None
    index.drop([("page:1", None)])
    assert not index.reveal(number)
    assert index.shelf.get("/a/") is None


def test_oldest_pages_make_room_for_new_ones(index: Index, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harmhub.store.index.MOST_PAGES", 10)
    for number in range(12):
        put(index, f"/{number}/", Shown())
    assert index.shelf.get("/0/") is None
    assert index.shelf.get("/11/").bodies[""] == b"/11/"
    assert len(index.addresses()) == 10


def test_page_that_goes_leaves_no_empty_folder(index: Index):
    for address in ("/", "/topics/", "/topics/health/since/2019-05-22-143/"):
        put(index, address, Shown({"page:1"} if "since" in address else {"page:2"}))
    index.drop([("page:1", None)])
    index.tidy()
    left = {str(each.relative_to(index.shelf.folder)) for each in index.shelf.folder.rglob("*/")}
    assert left == {"pages", "pages/topics"}
    index.drop([("page:2", None)])
    index.tidy()
    assert [*(index.shelf.folder / "pages").iterdir()] == []


def test_many_pages_go_at_once_and_what_is_left_of_them_bit_by_bit(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("harmhub.store.index.TIDIED", 2)
    for number in range(5):
        put(index, f"/{number}/", Shown({"area"}))
    unseen = index.add("/5/", StoredPage.of([], b"", None), Shown({"area"}))
    index.drop([("area", None)])
    assert not index.reveal(unseen)
    assert [*index.shelf.addresses()] == index.addresses() == []
    put(index, "/0/", Shown({"page:0"}))
    for _ in range(3):
        index.tidy()
    assert [path.name for path in (index.shelf.folder / "pages").iterdir()] == ["0"]
    assert index.shelf.get("/0/")
    assert index.drop([("area", None)]) == []


def test_where_too_many_pages_go_for_a_second_all_go(index: Index, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harmhub.store.index.ONE_BY_ONE", 2)
    for number in range(3):
        put(index, f"/{number}/", Shown({"area"} if number else set()))
    index.drop([("area", None)])
    assert index.addresses() == ["/0/"]
    for number in range(1, 4):
        put(index, f"/{number}/", Shown({"area"}))
    index.drop([("area", None)])
    assert [*index.shelf.addresses()] == index.addresses() == []


def test_all_pages_go_at_once_and_their_files_later(index: Index):
    put(index, "/a/", Shown({"page:1"}))
    killed, busy = (index.shelf.folder / f"gone-{time.time_ns() - ago * 10**9}" for ago in (3600, 5))
    for left in (killed, busy):  # by other processes
        (left / "b").mkdir(parents=True)
    assert index.drop([("all", None)]) == ["/a/"]
    assert [*index.shelf.addresses()] == index.addresses() == []
    wait_for(lambda: [*index.shelf.folder.glob("gone-*")] == [busy], 5, "Files of pages are left.")


def test_what_is_read_is_not_pushed_out_by_old_parts_of_listings(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("harmhub.store.index.MOST_PAGES", 10)
    put(index, "/", Shown())
    for number in range(20):
        put(index, f"/topics/health/since/2019-05-22-{number}/", Shown())
    assert index.shelf.get("/")


def test_whoever_asks_is_told_of_each_page_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harmhub.store.index.MOST_PAGES", 10)
    gone: list[str] = []
    shelf = Shelf(tmp_path)
    with contextlib.closing(Index(shelf, gone.append)) as index:
        for number in range(11):
            put(index, f"/{number}/", Shown({f"page:{number}"}))
        assert gone == ["/0/"], "Room was made for the newest."
        index.drop([("page:2", None), ("page:99", None)])
        assert gone == ["/0/", "/2/"]
        shelf.write("/unknown/", StoredPage.of([], b"", None))
        shelf.reveal("/unknown/")
        index.clear()
    assert sorted(gone[2:]) == sorted([*(f"/{number}/" for number in (1, *range(3, 11))), "/unknown/"])


def test_rendering_past_its_time_is_given_to_nobody_who_asks_before_it_is_stored():
    for until, is_over in ((None, False), (time.time() + 60, False), (time.time() - 0.01, True)):
        flight = Flight()
        flight.page = StoredPage.of([], b"", until)
        assert not flight.is_over(), "Others wait for it."
        flight.done.set()
        assert flight.is_over() == is_over


def test_what_expires_while_it_is_rendered_is_not_kept():
    with noting() as page, noting_part() as part:
        expires = timezone.now() + timedelta(milliseconds=1)  # it is asked of the database
        time.sleep(0.01)
        note_until(expires)  # and looked at
    assert part.is_due()
    assert page.is_due()
    with noting() as later:
        note_until(expires)
    assert later.until is None


def test_memory_holds_a_bounded_part_of_the_pages(index: Index, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harmhub.store.shelf.IN_MEMORY", 5_000)
    for number in range(10):
        put(index, f"/{number}/", Shown())
        assert index.shelf.get(f"/{number}/")
    assert len(index.shelf.at_hand) < 6
    assert all(index.shelf.get(f"/{number}/") for number in range(10))


def test_page_that_two_threads_read_at_once_is_counted_once(index: Index, monkeypatch: pytest.MonkeyPatch):
    both_have_read = threading.Barrier(2, timeout=10)

    def held(*facts) -> Held:
        both_have_read.wait()
        return Held(*facts)

    put(index, "/a/", Shown())
    monkeypatch.setattr("harmhub.store.shelf.Held", held)
    threads = [threading.Thread(target=index.shelf.get, args=["/a/"]) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    index.forget(1)
    time.sleep(2 * GLANCE)
    assert index.shelf.get("/a/") is None
    assert index.shelf._bytes_at_hand == 0


def test_command_before_there_is_a_store_says_that_it_is_empty(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    with StringIO() as said:
        call_command("pages", "list", stdout=said)
        assert said.getvalue() == "0 pages are stored.\n"
    assert list(tmp_path.iterdir()) == []


def test_command_speaks_of_one_page_as_of_one(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    with contextlib.closing(Index(Shelf(tmp_path / "pages" / fingerprint()))) as index:
        put(index, "/a/", Shown())
    with StringIO() as said:
        call_command("pages", "list", stdout=said)
        assert said.getvalue().endswith("\n1 page is stored.\n")


def test_translations_that_come_later_begin_an_empty_store(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    before = fingerprint()
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale/django.mo").write_bytes(b"")
    assert fingerprint() != before
