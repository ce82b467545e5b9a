"""A site in two languages, with pages that are not public: a change to what public pages show of those drops
them, too."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from wagtail.models import Locale

from content.models import ItemAuthor
from tests.factories import PersonFactory, TopicFactory, Tree
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from topics.models import PersonPage, ProgramPage, TopicPage

BELOW = "/topics/justice/draft/below/"
ARTICLE, IN_FRENCH = "/voices/by-somebody-who-left/", "/fr/topics/justice/"


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


@pytest.fixture(scope="module")
def hub(running_site_server: Site, django_db_blocker) -> Tree:
    """A public topic below one that is not, an article by somebody whose page is not public, a topic that is
    public only in French."""
    with django_db_blocker.unblock(), running_site_server.orm():
        tree = Tree()
        french = Locale.objects.create(language_code="fr")
        tree.home.copy_for_translation(french).save_revision().publish()
        for page in (tree.topics, tree.justice, tree.health, tree.programs, tree.program):
            page.copy_for_translation(french).save_revision().publish()
        draft = TopicFactory(parent=tree.justice, title="Draft", slug="draft", live=False)
        TopicFactory(parent=draft, title="Below", slug="below")
        article = tree.voice(title="Article", slug="by-somebody-who-left", primary_topic=draft)
        left = PersonFactory(parent=tree.people, title="Ines Falk", slug="ines", live=False)
        ItemAuthor.objects.create(item=article, person=left)
        tree.justice.unpublish()
    return tree


def change(page: TopicPage | PersonPage, **fields: object) -> None:
    """Save a page as the admin does, where it is not public."""
    for name, value in fields.items():
        setattr(page, name, value)
    page.save()


def topic(slug: str, language: str = "en") -> TopicPage:
    return TopicPage.objects.get(slug=slug, locale__language_code=language)


CHANGES: dict[str, tuple[list[str], Callable[[], object]]] = {
    "the name of an author": (
        [ARTICLE, "/voices/"],
        lambda: change(PersonPage.objects.get(slug="ines"), title="Ines Falk-Braun"),
    ),
    "a topic above becomes sensitive": (
        [BELOW, ARTICLE],
        lambda: change(topic("draft"), is_sensitive=True),
    ),
    "for how long a topic above keeps messages": (
        [BELOW],
        lambda: change(topic("draft"), messages_kept_days=3),
    ),
    "a program is tied to the original of a topic": (
        [IN_FRENCH],
        lambda: ProgramPage.topics.through.objects.create(
            programpage=ProgramPage.objects.get(locale__language_code="fr"), topicpage=topic("justice")
        ),
    ),
    "the team of a translation": (
        ["/topics/health/"],
        lambda: change(topic("health", "fr"), team=Group.objects.create(name="Team of a translation")),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_page_shows_what_was_of_a_page_that_is_not_public(reader: Reader, hub: Tree, name: str):
    paths, make = CHANGES[name]
    reader.warm(*paths)
    before = {path: reader.get(path)[2] for path in paths}
    with reader.site.orm():
        make()
    reader.settle()
    for path in paths:
        assert before[path] != reader.get(path)[2] == reader.fresh(path), path


def test_way_to_a_translation_is_gone_at_the_second_in_which_that_expires(reader: Reader, hub: Tree):
    reader.site.kill_worker()  # which unpublishes it up to a minute later
    path, way = "/topics/health/", b'hreflang="fr"'
    with reader.site.orm():
        expires = timezone.now() + timedelta(seconds=4)
        TopicPage.objects.filter(slug="health", locale__language_code="fr").update(expire_at=expires)
    reader.settle()
    reader.warm(path)
    assert way in reader.get(path)[2]
    assert timezone.now() < expires
    wait_for(lambda: timezone.now() > expires, 10, "")
    assert way not in reader.get(path)[2]
    assert reader.get(path)[2] == reader.fresh(path)


def test_forms_and_search_are_no_pages_in_any_language(reader: Reader, hub: Tree):
    assert re.fullmatch(r"\d+ pages were stored, in \d+ seconds\.\n", reader.site.manage("pages", "warm"))
    assert IN_FRENCH in reader.stored
