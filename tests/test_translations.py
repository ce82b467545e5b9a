"""A translated page still names the originals of topics, programs, people; readers stay in their language."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from wagtail.models import Locale, Page, Site
from wagtail.users.models import UserProfile

from content.models import EventSpeaker, ItemAuthor
from harmhub.users.models import User
from tests.factories import PersonFactory, Tree
from topics.models import PersonPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def spanish(tree: Tree) -> Locale:
    return Locale.objects.create(language_code="es")


def translated(page: Page, locale: Locale, live: bool = True) -> Page:
    """Return the translation of a page, with a title that says so; what it chooses are the originals."""
    page = type(page).objects.get(pk=page.pk)
    copy = page.copy_for_translation(locale, copy_parents=True)
    copy.title = f"{page.title} (es)"
    revision = copy.save_revision()
    if live:
        revision.publish()
    return type(page).objects.get(pk=copy.pk)


def titles(pages: list) -> list[str]:
    return [page.title for page in pages]


def test_topic_names_its_people_in_its_language_in_the_editors_order(tree: Tree, spanish: Locale):
    people = [
        PersonFactory(parent=tree.people, title=name) for name in ("Zora", "Anna", "Draft", "Only here")
    ]
    for place, person in enumerate(people):
        tree.harm_reduction.topic_people.create(person=person, sort_order=place)
    tree.harm_reduction.save()
    for person, live in zip((people[1], people[0], people[2]), (True, True, False), strict=True):
        translated(person, spanish, live)
    topic = translated(tree.harm_reduction, spanish)
    assert titles(topic.people) == ["Zora (es)", "Anna (es)"]
    assert titles(topic.get_latest_revision_as_object().people) == ["Zora (es)", "Anna (es)"]
    assert titles(tree.harm_reduction.people) == ["Zora", "Anna", "Draft", "Only here"]


def test_preview_of_a_topic_shows_only_public_people(tree: Tree):
    draft = PersonFactory(parent=tree.people, title="Draft", live=False)
    for person in (draft, tree.person):
        tree.harm_reduction.topic_people.create(person=person)
    preview = tree.harm_reduction.save_revision().as_object()
    assert titles(preview.people) == ["Nadia Brenner"]


def test_person_names_topics_and_program_in_the_language_of_the_page(
    tree: Tree, spanish: Locale, client: Client
):
    for topic in (tree.harm_reduction, tree.justice):
        topic.topic_people.create(person=tree.person)
        topic.save()
    person = translated(tree.person, spanish)
    assert (titles(person.topics), person.public_program) == ([], None)
    translated(tree.harm_reduction, spanish)
    translated(tree.justice, spanish, live=False)
    program = translated(tree.program, spanish)
    person = PersonPage.objects.get(pk=person.pk)
    assert titles(person.topics) == ["Harm Reduction (es)"]
    assert person.public_program == program
    described = PersonPage.objects.described().get(pk=person.pk)
    assert described.description == "Program officer\u00a0· Health and Rights (es)"
    assert titles(program.people) == ["Nadia Brenner (es)"]
    assert titles(tree.person.topics) == ["Harm Reduction", "Justice"]


def test_program_names_topics_in_its_language(tree: Tree, spanish: Locale):
    tree.program.topics = [tree.justice, tree.harm_reduction]
    tree.program.save()
    translated(tree.harm_reduction, spanish)
    program = translated(tree.program, spanish)
    assert titles(program.public_topics) == ["Harm Reduction (es)"]
    assert titles(tree.program.public_topics) == ["Harm Reduction", "Justice"]


def test_work_leads_to_topics_people_and_work_in_its_language(tree: Tree, spanish: Locale):
    nobody = PersonFactory(parent=tree.people, title="Only here")
    voice, event, other = tree.voice(title="Van"), tree.event(title="Hearing"), tree.voice(title="Other")
    voice.further_topics = [tree.justice]
    voice.authors = [ItemAuthor(person=tree.person), ItemAuthor(person=nobody)]
    event.speakers = [EventSpeaker(person=tree.person)]
    for item in (voice, event):
        item.save()
    person = translated(tree.person, spanish)
    for topic in (tree.harm_reduction, tree.justice):
        translated(topic, spanish)
    translated(other, spanish)
    voice, event = translated(voice, spanish), translated(event, spanish)
    assert titles(voice.topics) == ["Harm Reduction (es)", "Justice (es)"]
    assert [credit.page for credit in voice.credits] == [person, None]
    assert [speaker.page for speaker in event.appearing] == [person]
    assert titles(voice.related) == ["Hearing (es)", "Other (es)"]


def test_work_on_a_topic_that_is_sensitive_in_one_language_has_the_exit_in_all(tree: Tree, spanish: Locale):
    voice = tree.voice(primary_topic=tree.justice)
    topic = translated(tree.justice, spanish)
    copy = translated(voice, spanish)
    assert not copy.sensitive
    topic.is_sensitive = True
    topic.save()
    assert type(copy).objects.get(pk=copy.pk).sensitive
    topic.is_sensitive, tree.justice.is_sensitive = False, True
    topic.save()
    tree.justice.save()
    assert type(copy).objects.get(pk=copy.pk).sensitive


def test_every_page_leads_to_its_versions_in_other_languages(tree: Tree, spanish: Locale, client: Client):
    article = translated(tree.voice(title="The Van", slug="van"), spanish)
    Page.objects.filter(depth=2).update(live=True, alias_of=None)
    Site.clear_site_root_paths_cache()
    english, there = "/voices/van/", article.url
    for path, other, language in (
        (english, there, "es"),
        (there, english, "en"),
        ("/", "/es/", "es"),
    ):
        header = BeautifulSoup(client.get(path).content, "html.parser").select(".masthead [hreflang]")
        assert [(link["href"], link["lang"]) for link in header] == [(other, language)]
    for path in ("/events/", "/nowhere/", "/search/"):
        assert b"hreflang" not in client.get(path).content
    article.unpublish()
    assert b"hreflang" not in client.get(english).content


def begins_at(client: Client, **query: str) -> Page:
    """Return the page at which the chooser of pages of a kind begins."""
    return Page.objects.get(pk=client.get("/admin/choose-page/", query).json()["parent_page_id"])


@pytest.mark.parametrize("kind", ["content.ContentItem", "topics.PersonPage"])
def test_chooser_begins_among_pages_of_its_language_also_where_there_are_others(
    tree: Tree, spanish: Locale, admin_client: Client, admin_user: User, kind: str
):
    pages = {"content.ContentItem": [tree.voice(), tree.event()], "topics.PersonPage": [tree.person]}[kind]
    alone = begins_at(admin_client, page_type=kind)
    assert not alone.is_root()
    others = [translated(page, spanish) for page in pages]
    assert begins_at(admin_client, page_type=kind) == alone
    assert begins_at(admin_client, page_type=kind, locale="es").is_root()
    UserProfile.objects.update_or_create(user=admin_user, defaults={"preferred_language": "es"})
    there = begins_at(admin_client, page_type=kind)
    assert there.locale == spanish
    assert all(page.is_descendant_of(there) for page in others)


def test_chooser_of_pages_of_which_there_are_none_opens(tree: Tree, admin_client: Client):
    for kind in ("content.PublicationPage", "wagtailcore.Page", ""):
        assert begins_at(admin_client, page_type=kind).is_root()
    assert admin_client.get("/admin/choose-page/?page_type=nothing").status_code == 404
    assert Client().get("/admin/choose-page/").status_code == 302
