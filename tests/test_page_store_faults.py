"""The page store of the running site: what readers get while something is broken, and after it."""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction

from harmhub.statement_timeout import GLANCE, GRACE, SECONDS
from harmhub.store.index import INDEX
from harmhub.store.keeper import MOST_CHANGES, Keeper
from harmhub.store.parts import Part
from harmhub.store.shelf import Shelf, StoredPage
from harmhub.store.shown import Shown
from tests.factories import ImageFactory, Tree
from tests.fixtures import databases
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from tests.fixtures.stored import TOPIC, path_of


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def test_stored_pages_are_served_while_the_database_is_away_and_dropped_after_it(reader: Reader, hub: Tree):
    reader.warm(TOPIC, "/voices/")
    with reader.site.database_away():
        assert reader.get(TOPIC)[0] == 200
        status, headers, body = reader.get(f"{TOPIC}events/")
        assert (status, "retry-after" in headers, b"<h1" in body) == (503, True, True)
    with reader.site.orm():
        hub.voice(title="After the outage", published_on=date(2026, 8, 1))
    wait_for(lambda: b"After the outage" in reader.get(TOPIC)[2], 5, "The old page stands.")


def test_stored_pages_do_not_wait_for_readers_who_find_no_database(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.append(reader.get(f"/topics/?{number}")[0])

    with reader.site.database_away():
        assert reader.get("/topics/?")[0] == 503
        asking = [threading.Thread(target=ask, args=[number]) for number in range(16)]
        for each in asking:
            each.start()
        assert [reader.get(TOPIC)[0] for _ in range(20)] == [200] * 20
        wait_for(lambda: len(answers) == 15, 1, "More than one waits for the database.")
        for each in asking:
            each.join()
        assert set(answers) == {503}
    assert reader.get("/topics/?")[0] == 200


def test_stored_pages_go_out_while_readers_wait_for_a_lock_and_editors_may_wait_longer(
    reader: Reader, hub: Tree
):
    reader.warm(TOPIC)
    answers: list[tuple[str, int]] = []

    def ask(path: str) -> None:
        answers.append((path, reader.get(path, Cookie=f"sessionid={'a' * 32}")[0]))

    waiting = [threading.Thread(target=ask, args=["/topics/"]) for _ in range(4)]  # in all threads there are
    editor = threading.Thread(target=ask, args=["/admin/"])
    with reader.site.orm(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE wagtailcore_page, users_session IN ACCESS EXCLUSIVE MODE")
        for each in waiting:
            each.start()
        databases.wait_for_a_lock(4, of="relation")
        began = time.monotonic()
        assert reader.get(TOPIC)[0] == 200
        assert time.monotonic() - began < 10
        for each in waiting:
            each.join()
        assert answers == [("/topics/", 503)] * 4
        editor.start()
        databases.wait_for_a_lock()
        time.sleep(SECONDS + GRACE + 2 * GLANCE)  # longer than a reader would wait
    editor.join()
    assert answers[-1] == ("/admin/", 302)


def test_change_while_the_web_server_was_down_is_heard_of_at_its_start(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    reader.site.kill_web()
    with reader.site.orm():
        hub.voice(title="While it was down", published_on=date(2026, 9, 1))
    reader.site.start_web()
    wait_for(lambda: b"While it was down" in reader.get(TOPIC)[2], 5, "The old page stands.")
    reader.check()


def test_first_reader_after_a_start_gets_no_page_of_before(monkeypatch, reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    reader.site.kill_web()
    with reader.site.orm():
        hub.voice(title="Before it began", published_on=date(2026, 9, 2))
    pages: list[bytes] = []

    def is_asked() -> bool:
        with contextlib.suppress(OSError):
            pages.append(reader.get(TOPIC)[2])
        return bool(pages)

    with monkeypatch.context() as patch:
        patch.setattr(reader.site, "answers", is_asked)  # no probe of its health comes first
        reader.site.start_web()
    assert b"Before it began" in pages[0]


def test_database_that_was_put_back_from_a_backup_or_emptied_is_another_one(reader: Reader, hub: Tree):
    """Without triggers, as a backup comes back, and with a file of its own for each table."""
    path = path_of(reader.site, hub.newest)
    reader.warm(path)
    with psycopg.connect(databases.conninfo(reader.site.database)) as restoring:
        restoring.execute("SET session_replication_role = replica")
        restoring.execute("UPDATE wagtailcore_page SET title = 'As it was' WHERE id = %s", [hub.newest.pk])
        restoring.execute("TRUNCATE harmhub_change")
    wait_for(lambda: b"As it was" in reader.get(path)[2], 2, "The page of before stands.")
    reader.warm(path)


def test_picture_whose_original_cannot_be_read_is_left_out_and_comes_back(reader: Reader, hub: Tree):
    """Its folder is not mounted, and no size of it has been made."""
    reader.site.kill_worker()  # which would make them
    with reader.site.orm():
        image = ImageFactory()
        file = Path(image.file.path)
        file.rename(file.with_suffix(".away"))
        article = hub.voice(title="With a picture", published_on=date(2026, 11, 1), image=image)
    reader.settle()
    assert b"not-found" not in reader.get(TOPIC)[2]
    file.with_suffix(".away").rename(file)
    wait_for(lambda: file.stem[:8].encode() in reader.get(TOPIC)[2], 5, "The picture does not come back.")
    reader.warm(TOPIC)
    with reader.site.orm():
        article.delete()
    reader.site.start_worker()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Callable[[], Keeper]]:
    """A function that returns one more keeper of a store, as each web process has one; here it does nothing
    by itself."""
    keepers: list[Keeper] = []

    def begin() -> Keeper:
        keepers.append(Keeper(Shelf(tmp_path)))
        return keepers[-1]

    yield begin
    for each in keepers:
        each._close()


def test_each_process_notices_that_the_database_is_another_one(
    reader: Reader, hub: Tree, begun: Callable[[], Keeper]
):
    with psycopg.connect(databases.conninfo(reader.site.database), autocommit=True) as database:
        keepers = [begun(), begun()]
        for each in keepers:
            each._keep(database)
            each.parts.add("menu", Part("As it is", Shown()))
        database.execute("TRUNCATE harmhub_change")
        for each in keepers:
            each._keep(database)
        assert [each.parts.get("menu") for each in keepers] == [None, None]


@pytest.mark.parametrize("restored", [True, False])
def test_database_whose_files_were_put_back_is_another_one(
    reader: Reader, hub: Tree, begun: Callable[[], Keeper], restored: bool
):
    """Its newest changes are gone; what comes then may have their numbers."""
    with psycopg.connect(databases.conninfo(reader.site.database), autocommit=True) as database:
        newest = "SELECT coalesce(max(id), 0) FROM harmhub_change"
        before = database.execute(newest).fetchone()
        database.execute("SELECT harmhub_changed('nothing')")
        keeper = begun()
        keeper._keep(database)
        index = keeper._open()
        index.reveal(index.add("/a/", StoredPage.of([], b"", None), Shown({"something"})))
        if restored:
            database.execute("DELETE FROM harmhub_change WHERE id > %s", before)
        database.execute("SELECT harmhub_changed('nothing')")
        begun()._keep(database)
        assert keeper.pages.holds("/a/") != restored


def test_more_changes_than_a_process_should_hold_are_a_change_of_everything(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        other.execute("SELECT pg_current_xact_id()")  # which stays open, and keeps nobody from going on
        reader.site.query(
            "SELECT count(harmhub_changed('nothing:' || number)) FROM generate_series(1, %s) AS number",
            (MOST_CHANGES + 1,),
        )
        wait_for(lambda: not reader.is_stored(TOPIC), 5, "All of them were read.")
        reader.warm(TOPIC)


def test_store_that_is_taken_away_or_damaged_is_made_anew(reader: Reader, hub: Tree):
    reader.warm(TOPIC, "/voices/")
    page = reader.folder / f"pages{TOPIC}"
    (page / "index.html").write_bytes(b"<!doctype html><p>Half a pa")
    os.utime(page / "index.json")
    assert reader.get(TOPIC)[2] == reader.fresh(TOPIC)
    (reader.folder / "pages/voices/index.json").write_text("{")
    assert reader.get("/voices/")[2] == reader.fresh("/voices/")
    # At once: a page may just be written.
    (reader.folder / "pages").rename(reader.folder / "taken away")
    shutil.rmtree(reader.folder / "taken away")
    (reader.folder / INDEX).unlink()
    assert reader.get(TOPIC)[2] == reader.fresh(TOPIC)
    wait_for(lambda: (reader.get(TOPIC), TOPIC in reader.stored)[1], 10, "Nothing is stored any more.")
    with reader.site.orm():
        hub.voice(title="In the new store", published_on=date(2026, 10, 1))
    wait_for(lambda: b"In the new store" in reader.get(TOPIC)[2], 5, "The old page stands.")


def test_damaged_index_is_made_anew(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    reader.site.kill_web()
    for file in reader.folder.glob(f"{INDEX}-*"):
        file.unlink()
    (reader.folder / INDEX).write_bytes(b"no database " * 1_000)
    reader.site.start_web()
    with reader.site.orm():
        hub.voice(title="After the damage", published_on=date(2026, 11, 1))
    wait_for(lambda: b"After the damage" in reader.get(TOPIC)[2], 5, "The old page stands.")

    def is_stored_anew() -> bool:
        reader.get(TOPIC)
        page = Shelf(reader.folder).get(TOPIC)
        return page is not None and b"After the damage" in page.bodies[""]

    wait_for(is_stored_anew, 10, "Nothing is stored any more.")


def test_many_who_ask_for_a_page_that_was_just_dropped_get_one_rendering(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    reader.site.query("SELECT harmhub_changed('all')")
    reader.settle()
    answers: list[tuple] = []
    crowd = [threading.Thread(target=lambda: answers.append(reader.get(TOPIC))) for _ in range(40)]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with reader.site.orm(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE harmhub_customimage IN ACCESS EXCLUSIVE MODE")
        for each in crowd:
            each.start()
        databases.wait_for_a_lock(of="relation")
        assert {reader.site.query(waiting)[0][0] for _ in range(20)} == {1}
    for each in crowd:
        each.join()
    assert {answer[0] for answer in answers} == {200}
    assert len({answer[2] for answer in answers}) == 1
