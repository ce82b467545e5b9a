"""The page store of the running site: what a change drops, and what it lets stand."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from taggit.models import Tag
from wagtail.models import Collection, CollectionViewRestriction, Page, PageViewRestriction

from content.models import ContentItem, EventIndexPage, EventPage, InfoPage, ItemAuthor, ItemTag, VoicesPage
from harmhub.models import CustomImage, CustomRendition
from tests.factories import PersonFactory, Tree
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site
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
