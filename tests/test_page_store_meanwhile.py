"""The page store of the running site: changes that meet others, renderings under way and readers."""

import random
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction
from wagtail.models import Page

from content.models import ContentItem, ItemAuthor, VoicesPage
from tests.factories import ImageFactory, PersonFactory, ProgramFactory, TopicFactory, Tree, pdf
from tests.fixtures import databases
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from tests.fixtures.stored import TOPIC, all_paths, change, path_of, publish
from topics.models import ProgramPage, TopicPage, TopicPerson

ELSEWHERE = ("/events/", "/people/")  # where no article is shown, nor counted


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def test_card_that_is_made_while_what_it_shows_is_changed_is_not_left(reader: Reader, hub: Tree):
    """Who writes the change does not know of the new work, whose card is made of what was before."""
    with reader.site.orm():
        document = pdf("report.pdf")
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        retitled = "UPDATE wagtailcore_page SET title = 'Nadia Brenner-Holt' WHERE id = %s"
        other.execute(retitled, [hub.person.pk])
        other.execute("UPDATE harmhub_customdocument SET page_count = 77 WHERE id = %s", [document.pk])
        with reader.site.orm():
            article = hub.voice(title="By her", published_on=date(2026, 6, 1))
            ItemAuthor.objects.create(item=article, person=hub.person)
            report = hub.publication(title="With a file", published_on=date(2026, 6, 2))
            report.files.create(document=document)
            report.save()
        reader.settle()
        reader.warm(TOPIC)
    reader.settle()
    assert b"Nadia Brenner-Holt" in reader.get(TOPIC)[2]
    assert b"77 pages" in reader.get(TOPIC)[2]
    reader.check()
    with reader.site.orm():
        Page.objects.filter(pk=hub.person.pk).update(title="Nadia Brenner")
        article.delete()
        report.delete()


@pytest.mark.parametrize("comes", ["person", "program", "topic"])
def test_page_that_is_tied_to_what_comes_at_the_same_time_shows_it(reader: Reader, hub: Tree, comes: str):
    """Who publishes it does not know of the tie, whose page is made without it."""
    with reader.site.orm():
        page = {
            "person": lambda: PersonFactory(parent=hub.people, title="Ana Reis", live=False),
            "program": lambda: ProgramFactory(parent=hub.programs, title="Young People", live=False),
            "topic": lambda: TopicFactory(parent=hub.topics, title="Housing", live=False),
        }[comes]()
    path = "/people/nadia-brenner/" if comes == "topic" else TOPIC
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        other.execute("UPDATE wagtailcore_page SET live = true WHERE id = %s", [page.pk])
        with reader.site.orm():
            match comes:
                case "person":
                    TopicPerson.objects.create(topic=hub.harm_reduction, person=page, sort_order=1)
                case "program":
                    ProgramPage.topics.through.objects.create(programpage=page, topicpage=hub.harm_reduction)
                case "topic":
                    TopicPerson.objects.create(topic=page, person=hub.person, sort_order=0)
        reader.settle()
        reader.warm(path)
        assert page.title.encode() not in reader.get(path)[2]
    reader.settle()
    assert page.title.encode() in reader.get(path)[2]
    reader.check()
    with reader.site.orm():
        type(page).objects.get(pk=page.pk).delete()


def test_import_of_more_people_than_can_be_asked_about_at_once_drops_all_pages(reader: Reader, hub: Tree):
    reader.warm(TOPIC, *ELSEWHERE)
    people = "generate_series(1, {})"
    told = "SELECT count(harmhub_changed('tied:1:' || gen_random_uuid())) FROM"
    reader.site.query(f"{told} {people.format(1_000)}")
    reader.settle()
    assert {TOPIC, *ELSEWHERE} <= reader.stored
    reader.site.query(f"{told} {people.format(1_001)}")
    reader.settle()
    assert not {TOPIC, *ELSEWHERE} & reader.stored


def test_long_transaction_of_somebody_else_keeps_no_page_from_being_stored(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        other.execute("SELECT pg_current_xact_id()")
        with reader.site.orm():
            topic = TopicPage.objects.get(slug="harm-reduction")
            change(topic, introduction="Meanwhile.")
        wait_for(lambda: b"Meanwhile." in reader.get(TOPIC)[2], 5, "The old page is left.")
        reader.warm(TOPIC)
        assert b"Meanwhile." in reader.get(TOPIC)[2]
        with reader.site.orm():
            change(topic, introduction="Afterwards.")
        wait_for(lambda: b"Afterwards." in reader.get(TOPIC)[2], 5, "The old page is left.")


def test_page_is_true_within_a_second_of_each_change(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    waits = []
    for number in range(10):
        with reader.site.orm():
            hub.voice(title=f"Quick {number}", published_on=date(2026, 7, 1) + timedelta(days=number))
        committed = time.monotonic()
        wait_for(lambda n=number: f"Quick {n}".encode() in reader.get(TOPIC)[2], 10, "Nobody sees it.")
        waits.append(time.monotonic() - committed)
    assert max(waits) < 1


def wait_for_pictures(site: Site) -> None:
    """Wait until the worker has made the sizes of all pictures, so that it waits for no lock of a test's."""
    waiting = """SELECT id FROM procrastinate_jobs
        WHERE task_name LIKE '%%.prepare_%%' AND status IN ('todo', 'doing')"""
    wait_for(lambda: not site.query(waiting), 20, "The worker makes no pictures.")


def test_page_that_was_rendered_before_a_change_is_not_kept_after_it(reader: Reader, hub: Tree):
    """A rendering that has read the article, and waits for a table that the change has locked."""
    with reader.site.orm():
        page = hub.voice(title="Rewritten", published_on=date(2026, 12, 20), image=ImageFactory())
    wait_for_pictures(reader.site)
    reader.warm(TOPIC)
    reader.site.query("SELECT harmhub_changed('all')")
    reader.settle()
    with reader.site.orm(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE harmhub_customrendition IN ACCESS EXCLUSIVE MODE")
        waiting = threading.Thread(target=reader.get, args=[TOPIC])
        waiting.start()
        databases.wait_for_a_lock(of="relation")
        ContentItem.objects.filter(pk=page.pk).update(summary="Written while it rendered.")
    waiting.join()
    reader.settle()
    reader.warm(TOPIC)
    reader.check()


def test_who_asks_a_second_after_a_change_gets_no_rendering_that_began_before_it(reader: Reader, hub: Tree):
    """However long that rendering takes: it has read the article, and waits for a table that is locked."""
    with reader.site.orm():
        page = hub.voice(title="Slow", published_on=date(2026, 12, 21), image=ImageFactory())
    wait_for_pictures(reader.site)
    reader.site.query("SELECT harmhub_changed('all')")
    reader.settle()
    answers: list[bytes] = []
    path = path_of(reader.site, page)
    asking = [threading.Thread(target=lambda: answers.append(reader.get(path)[2])) for _ in range(2)]
    with reader.site.orm(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE harmhub_customrendition IN ACCESS EXCLUSIVE MODE")
        asking[0].start()
        databases.wait_for_a_lock(of="relation")
        summary = "UPDATE content_contentitem SET summary = 'Said meanwhile.' WHERE page_ptr_id = %s"
        reader.site.query(summary, (page.pk,))
        time.sleep(1)
        asking[1].start()
        databases.wait_for_a_lock(2, of="relation")
    for each in asking:
        each.join()
    assert [b"Said meanwhile." in answer for answer in answers].count(True) == 1
    with reader.site.orm():
        page.delete()


def test_editors_readers_and_the_store_agree_whenever_there_is_a_pause(reader: Reader, hub: Tree):
    dice, paths, over = random.Random(7), all_paths(reader), threading.Event()

    def hammer() -> None:
        while not over.wait(0.01):
            reader.get(dice.choice(paths))

    readers = [threading.Thread(target=hammer) for _ in range(3)]
    for each in readers:
        each.start()
    try:
        for round_ in range(4):
            reader.warm(*ELSEWHERE)
            before = stored_since(reader, *ELSEWHERE)
            for number in range(6):
                with reader.site.orm(), transaction.atomic():
                    disturb(hub, dice, f"{round_}-{number}")
            reader.settle()
            reader.check()
            assert stored_since(reader, *ELSEWHERE) == before, "A page was dropped without need."
    finally:
        over.set()
        for each in readers:
            each.join()


def stored_since(reader: Reader, *paths: str) -> list[int | None]:
    """Return when pages were stored (nanoseconds since 1970), None for those that are not."""
    files = (Path(f"{reader.folder}/pages{path}index.json") for path in paths)
    return [file.stat().st_mtime_ns if file.exists() else None for file in files]


def disturb(tree: Tree, dice: random.Random, name: str) -> None:
    """Do one of the things that editors do with articles and topics."""
    voices = list(VoicesPage.objects.filter(title__startswith="Article"))
    page = dice.choice(voices)
    match dice.randrange(7):
        case 0:
            tree.voice(
                title=f"Article {name}", published_on=date(2026, 4, 1) - timedelta(days=dice.randrange(30))
            )
        case 1:
            page.title = f"Article {name}"
            publish(page)
        case 2:
            page.unpublish()
        case 3:
            page.delete()
        case 4:
            topic = dice.choice(list(TopicPage.objects.all()))
            VoicesPage.objects.filter(pk=page.pk).update(primary_topic=topic)
        case 5:
            page.tags.set(dice.sample(["peers", "prices", "data"], dice.randrange(3)))
            page.save()
        case 6:
            topic = TopicPage.objects.get(slug="drug-checking")
            target = dice.choice(list(TopicPage.objects.exclude(path__startswith=topic.path)))
            topic.move(target, pos="last-child")
