"""The page store of the running site: what a change drops, and what it lets stand."""

import random
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone
from taggit.models import Tag
from wagtail.models import Collection, CollectionViewRestriction, Page, PageViewRestriction

from content.models import ContentItem, EventIndexPage, EventPage, InfoPage, ItemAuthor, ItemTag, VoicesPage
from harmhub.models import CustomImage, CustomRendition
from tests.factories import ImageFactory, PersonFactory, Tree, pdf
from tests.fixtures import databases
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from tests.fixtures.stored import FILTERED, TOPIC, all_paths, change, path_of, publish
from topics.models import TopicPage

ELSEWHERE = ("/events/", "/people/")  # where no article is shown, nor counted


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def retitle(model: type[Page], title: str) -> None:
    change(model.objects.get(title=title), title=f"{title}, again")


def change_topic(**fields: object) -> None:
    change(TopicPage.objects.get(slug="harm-reduction"), **fields)


def move_picture(name: str) -> None:
    """Move the picture to a collection; the one named Private is not for the public."""
    collection = Collection.objects.filter(name=name).first()
    if collection is None:
        collection = Collection.get_first_root_node().add_child(name=name)
        CollectionViewRestriction.objects.create(collection=collection, restriction_type="login")
    picture = CustomImage.objects.earliest("pk")
    picture.collection = collection
    picture.save()


def tag(title: str, name: str) -> None:
    page = VoicesPage.objects.get(title=title)
    page.tags.add(name)
    publish(page)


CHANGES: dict[str, Callable[[Tree], object]] = {
    "an article's title": lambda tree: retitle(VoicesPage, "Newest"),
    "a topic's title": lambda tree: retitle(TopicPage, "Justice"),
    "the title of an area": lambda tree: retitle(TopicPage, "Health"),
    "the title of a section": lambda tree: retitle(EventIndexPage, "Events"),
    "the title of a program": lambda tree: retitle(type(tree.program), "Health and Rights"),
    "a text of the panel": lambda tree: change_topic(learn_more="<p>What we learned.</p>"),
    "local help of an area": lambda tree: change(
        TopicPage.objects.get(slug="health"), local_help="<p>Call 112.</p>"
    ),
    "the team of an area": lambda tree: change(
        TopicPage.objects.get(slug="health"), team=Group.objects.create(name="Health team")
    ),
    "for how long an area keeps messages": lambda tree: change(
        TopicPage.objects.get(slug="health"), messages_kept_days=7
    ),
    "a list of its own": lambda tree: change_topic(has_newsletter=True),
    "the page with help moves": lambda tree: change(InfoPage.objects.get(slug="help"), slug="near-you"),
    "a program of a topic": lambda tree: type(tree.program).topics.through.objects.all().delete(),
    "the title of a person's program": lambda tree: retitle(type(tree.program), "Health and Rights, again"),
    "a person of a topic": lambda tree: TopicPage.topic_people.rel.related_model.objects.all().delete(),
    "a person's name": lambda tree: retitle(type(tree.person), "Nadia Brenner"),
    "a person who changes places": lambda tree: PersonFactory(parent=tree.people, title="Ana Reis").move(
        type(tree.person).objects.get(pk=tree.person.pk), "left"
    ),
    "an author": lambda tree: ItemAuthor.objects.filter(person=tree.person).delete(),
    "an event that is called off": lambda tree: EventPage.objects.update(status="cancelled"),
    "the sizes of a picture": lambda tree: CustomRendition.objects.all().delete(),
    "a picture that is hidden": lambda tree: move_picture("Private"),
    "a picture that is shown again": lambda tree: move_picture("Root"),
    "a picture": lambda tree: CustomImage.objects.first().delete(),
    "the settings": lambda tree: type(tree.settings).objects.update(organisation="Another name"),
    "a summary, by SQL": lambda tree: ContentItem.objects.filter(title="Article 3").update(summary="New."),
    "an article that is deleted": lambda tree: VoicesPage.objects.get(title="Article 5").delete(),
    "an article that is moved in time": lambda tree: ContentItem.objects.filter(title="Article 20").update(
        published_on=date(2026, 4, 2)
    ),
    "the name of a tag": lambda tree: Tag.objects.filter(slug="prices").update(name="Prices"),
    "a tag of an article": lambda tree: tag("Article 3", "prices"),
    "a tag that nothing has yet": lambda tree: tag("Article 2", "data"),
    "a tag that ends": lambda tree: Tag.objects.get(slug="data").delete(),
    "work that leaves a program": lambda tree: ContentItem.programs.through.objects.filter(
        contentitem__title="Article 8"
    ).delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_page_shows_what_was_before_a_change(reader: Reader, hub: Tree, change: str):
    *others, oldest = all_paths(reader)
    paths = [
        *(path for path in others if "/since/" not in path),
        oldest,
    ]  # one part of the archive stands for all
    reader.warm(*paths)
    with reader.site.orm(), transaction.atomic():
        CHANGES[change](hub)
    reader.settle()
    # From the store, or made anew of the parts that the change has left.
    assert [path for path in paths if reader.get(path)[2] != reader.fresh(path)] == []


@pytest.mark.parametrize("hidden", ["draft", "restricted"])
def test_page_with_help_that_becomes_public_is_offered(reader: Reader, hub: Tree, hidden: str):
    """An article, which no menu shows."""
    settings = type(hub.settings).objects
    before = settings.get().safety_page
    with reader.site.orm():
        article = hub.voice(title="Stay safe", live=hidden != "draft")
        if hidden == "restricted":
            PageViewRestriction.objects.create(page=article, restriction_type="password", password="x")
        settings.update(safety_page=article)
    reader.settle()
    reader.warm(TOPIC)
    with reader.site.orm():
        PageViewRestriction.objects.filter(page=article).delete()
        publish(VoicesPage.objects.get(pk=article.pk))
    reader.settle()
    own = path_of(reader.site, article).encode()
    assert own in reader.fresh(TOPIC)
    assert own in reader.get(TOPIC)[2]
    with reader.site.orm():
        settings.update(safety_page=before)
        article.delete()


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


def test_long_transaction_of_somebody_else_keeps_no_page_from_being_stored(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    with psycopg.connect(databases.conninfo(reader.site.database)) as other:
        other.execute("SELECT pg_current_xact_id()")
        with reader.site.orm():
            change_topic(introduction="Meanwhile.")
        wait_for(lambda: b"Meanwhile." in reader.get(TOPIC)[2], 5, "The old page is left.")
        reader.warm(TOPIC)
        assert b"Meanwhile." in reader.get(TOPIC)[2]
        with reader.site.orm():
            change_topic(introduction="Afterwards.")
        wait_for(lambda: b"Afterwards." in reader.get(TOPIC)[2], 5, "The old page is left.")


def test_changes_that_came_with_a_backup_of_another_server_are_no_news(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    reader.site.query(
        "INSERT INTO harmhub_change (tag, xact) SELECT 'all', pg_current_xact_id()::text::bigint + 1000000"
    )
    reader.settle()
    assert reader.is_stored(TOPIC)
    reader.warm("/voices/")


def test_new_article_drops_the_pages_that_show_it_and_no_other(reader: Reader, hub: Tree):
    paths = all_paths(reader)
    # The nearest of the older pages has fewer than twelve items before it: its way to newer ones may change.
    _, *older = [path for path in paths if "/since/" in path]
    assert older
    reader.warm(*paths)
    with reader.site.orm():
        hub.voice(title="Brand new", published_on=date(2026, 6, 1))
    reader.settle()
    kept = reader.stored & set(paths)
    assert set(older) <= kept, "the archive"
    assert path_of(reader.site, hub.other) in kept
    assert {"/people/nadia-brenner/", "/events/", "/topics/justice/", "/programs/health-and-rights/"} <= kept
    assert {f"{TOPIC}{cut}/" for cut in FILTERED} <= kept, (
        "work that it is not in, and whose numbers are the same"
    )
    assert not kept & {"/", TOPIC, f"{TOPIC}voices/", f"{TOPIC}2026/", "/topics/health/"}
    reader.check()


@pytest.mark.parametrize("path", ["/voices/", "/programs/", "/people/"])  # shown in one place on each
def test_program_that_had_expired_is_offered_again(reader: Reader, hub: Tree, path: str):
    reader.site.kill_worker()  # which unpublishes, once a minute, what has expired
    programs = type(hub.program).objects.filter(pk=hub.program.pk)
    with reader.site.orm():
        programs.update(expire_at=timezone.now() - timedelta(minutes=1))
    reader.warm(path)
    assert b"Health and Rights" not in reader.get(path)[2]
    with reader.site.orm():
        programs.update(expire_at=None)
    reader.settle()
    assert reader.get(path)[2] == reader.fresh(path)


def test_event_with_a_tag_drops_no_list_of_articles(reader: Reader, hub: Tree):
    reader.warm("/voices/", "/events/")
    with reader.site.orm():
        event = hub.event(title="With a tag", primary_topic=hub.justice)
        ItemTag.objects.create(content_object=event.contentitem_ptr, tag=Tag.objects.get(slug="peers"))
    reader.settle()
    assert reader.stored & {"/voices/", "/events/"} == {"/voices/"}


def test_tag_drops_the_first_pages_that_tell_of_it_and_not_the_archive(reader: Reader, hub: Tree):
    paths = all_paths(reader)
    older = [path for path in paths if "/since/" in path]
    reader.warm(*paths)
    with reader.site.orm():
        # Not published anew, which would change its card.
        ItemTag.objects.create(
            content_object=ContentItem.objects.get(title="Article 7"), tag=Tag.objects.create(name="naloxone")
        )
    reader.settle()
    kept = reader.stored & set(paths)
    assert {*older, "/", "/topics/justice/", "/people/nadia-brenner/"} <= kept
    assert not kept & {TOPIC, f"{TOPIC}tag/peers/"}
    reader.check()


def test_part_of_a_listing_that_is_not_full_takes_in_what_comes(reader: Reader, hub: Tree):
    with reader.site.orm():
        page = hub.voice(title="Last of all", published_on=date(2026, 12, 1))
    path = f"{TOPIC}since/2026-12-01-{page.pk}/"
    reader.warm(path)
    with reader.site.orm():
        hub.voice(title="Still later", published_on=date(2026, 12, 2))
    reader.settle()
    assert b"Still later" in reader.get(path)[2]
    with reader.site.orm():
        VoicesPage.objects.filter(published_on__gte=date(2026, 12, 1)).update(live=False)
    reader.settle()
    assert reader.get(path)[0] == 302
    assert reader.get(f"{path}?again")[0] == 302
    reader.settle()
    with reader.site.orm():
        VoicesPage.objects.filter(pk=page.pk).update(live=True)
    reader.settle()
    assert reader.get(path)[0] == 200


def test_draft_of_a_public_page_drops_nothing(reader: Reader, hub: Tree):
    paths = all_paths(reader)
    reader.warm(*paths)
    with reader.site.orm():
        page = VoicesPage.objects.get(pk=hub.other.pk)
        page.title = "Half a thought"
        page.save_revision()
        hub.voice(title="Draft", live=False)
        Collection.get_first_root_node().add_child(name="To be sorted").delete()
    reader.settle()
    assert set(paths) <= reader.stored


def test_article_that_is_restricted_drops_the_pages_that_show_it_and_no_other(reader: Reader, hub: Tree):
    with reader.site.orm():
        page = hub.voice(title="For members", published_on=date(2026, 6, 1))
    own, kept = path_of(reader.site, page), {"/events/", "/people/", "/topics/justice/"}
    reader.settle()
    for shown in (False, True):
        reader.warm(TOPIC, *kept)
        with reader.site.orm():
            if shown:
                PageViewRestriction.objects.get(page=page).delete()
            else:
                PageViewRestriction.objects.create(page=page, restriction_type="login")
        reader.settle()
        assert kept <= reader.stored
        assert (b"For members" in reader.get(TOPIC)[2]) == shown
        assert reader.get(own)[0] == (200 if shown else 302)
    reader.check()
    with reader.site.orm():
        page.delete()


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
    asking = [threading.Thread(target=lambda: answers.append(reader.get(TOPIC)[2])) for _ in range(2)]
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
