"""Nothing that is not public shows on a page that is."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Locale, PageViewRestriction

from content.models import EventSpeaker, InfoPage, ItemAuthor, PublicationFile
from harmhub.models import SiteSettings
from harmhub.pages import all_pages, is_public
from harmhub.users.models import User
from tests.factories import DocumentFactory, PersonFactory, ProgramFactory, TopicFactory, Tree

pytestmark = pytest.mark.django_db


def restrict(page) -> None:
    PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.LOGIN)


def test_page_is_public_until_it_expires_whenever_the_scheduler_comes_by(tree: Tree, client: Client):
    now = timezone.now()
    minute = timedelta(minutes=1)
    for slug, expire_at in (("still", now + minute), ("over", now - minute)):
        page = tree.voice(slug=slug, expire_at=expire_at)
        is_shown = slug == "still"
        assert (all_pages().public().filter(pk=page.pk).exists(), is_public(page)) == (is_shown, is_shown)
        assert client.get(f"/voices/{slug}/").status_code == (200 if is_shown else 404)


@pytest.mark.parametrize("state", ["draft", "private"])
def test_topic_that_is_not_public_is_named_on_no_page_of_its_work(tree: Tree, client: Client, state: str):
    topic = TopicFactory(parent=tree.topics, title="Secret topic", live=state != "draft")
    if state == "private":
        restrict(topic)
    tree.voice(slug="van", primary_topic=topic)
    tree.publication(slug="report", primary_topic=topic)
    for address in ("/voices/van/", "/publications/report/", "/voices/", "/"):
        page = client.get(address).content.decode()
        assert "Secret topic" not in page
        assert f"/contact/{topic.pk}/" not in page


@pytest.mark.parametrize("state", ["draft", "private"])
def test_person_who_is_not_public_is_a_name_and_no_link(tree: Tree, client: Client, state: str):
    person = PersonFactory(parent=tree.people, title="Zora", slug="zora", live=state != "draft")
    if state == "private":
        restrict(person)
    ItemAuthor.objects.create(item=tree.voice(slug="van"), person=person)
    EventSpeaker.objects.create(event=tree.event(slug="hearing"), person=person)
    for address in ("/voices/van/", "/events/hearing/"):
        page = client.get(address).content.decode()
        assert "Zora" in page
        assert "/people/zora/" not in page


def test_program_that_is_not_public_is_named_nowhere(tree: Tree, client: Client):
    program = ProgramFactory(parent=tree.programs, title="Secret program", live=False)
    person = PersonFactory(parent=tree.people, slug="zora", program=program)
    tree.harm_reduction.topic_people.create(person=person)
    tree.harm_reduction.save()
    for address in ("/people/", "/people/zora/", "/topics/health/harm-reduction/"):
        assert "Secret program" not in client.get(address).content.decode()


def test_drafts_of_the_safety_pages_are_linked_nowhere(tree: Tree, client: Client):
    draft = TopicFactory(parent=tree.topics, slug="hidden-page", live=False)
    SiteSettings.objects.update(help_page=draft, safety_page=draft, privacy_page=draft)
    contact = reverse("contact:send", args=[tree.harm_reduction.pk])
    for address in ("/topics/health/harm-reduction/", contact, "/newsletter/"):
        assert "hidden-page" not in client.get(address).content.decode()


def test_privacy_page_is_linked_where_readers_give_something(tree: Tree, client: Client):
    spanish = Locale.objects.create(language_code="es")
    privacy = tree.home.add_child(instance=InfoPage(title="Privacy", slug="privacy"))
    tree.settings.privacy_page = privacy
    tree.settings.save()
    for page in (tree.home, privacy):
        page.copy_for_translation(spanish).save_revision().publish()
    contact = reverse("contact:send", args=[tree.harm_reduction.pk])
    for address, there in ((contact, ""), ("/newsletter/", ""), ("/es/newsletter/", "/es")):
        page = client.get(address).content.decode()
        assert f'href="{there}/privacy/">More on privacy</a>' in page, address


@pytest.mark.usefixtures("indexes")
def test_file_is_given_out_once_a_public_page_leads_to_it(tree: Tree, client: Client):
    document = DocumentFactory(file=ContentFile(b"x", "report.txt"))
    publication = tree.publication(live=False)
    publication.files.add(PublicationFile(document=document))
    publication.save()
    assert client.get(document.url).status_code == 404
    publication.save_revision().publish()
    assert client.get(document.url).status_code == 200
    publication.refresh_from_db()
    publication.unpublish()
    assert client.get(document.url).status_code == 404


def test_editor_reads_files_before_they_are_public(tree: Tree, client: Client):
    document = DocumentFactory(file=ContentFile(b"x", "report.txt"))
    client.force_login(User.objects.create_superuser("editor"))
    assert client.get(document.url).status_code == 200


def test_item_page_takes_the_same_queries_for_one_author_and_many(
    tree: Tree, client: Client, django_assert_max_num_queries
):
    voice = tree.voice(slug="van")
    ItemAuthor.objects.create(item=voice, person=tree.person)
    client.get("/voices/van/")
    with django_assert_max_num_queries(20) as one:
        client.get("/voices/van/")
    people = [PersonFactory(parent=tree.people, slug=f"person-{number}") for number in range(5)]
    for work in (voice, *(tree.voice() for _ in range(3))):
        for person in people:
            ItemAuthor.objects.create(item=work, person=person)
    with django_assert_max_num_queries(20) as many:
        client.get("/voices/van/")
    assert len(many.captured_queries) <= len(one.captured_queries) + 1  # related work is there now


def test_work_on_a_further_sensitive_topic_has_the_exit(tree: Tree, client: Client):
    voice = tree.voice(slug="van", primary_topic=tree.justice)
    assert "Exit this page" not in client.get("/voices/van/").content.decode()
    voice.further_topics = [tree.drug_checking]
    voice.save()
    assert "Exit this page" in client.get("/voices/van/").content.decode()
