"""What is half filled in stays a draft, whichever way somebody would publish it."""

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Page

from content.models import EventPage, EventSpeaker, ItemAuthor, PublicationFile, PublicationPage, VoicesPage
from harmhub.tasks import publish_scheduled
from harmhub.users.models import User
from tests.factories import Tree
from topics.models import PersonPage, ProgramPage, TopicPage

# Wagtail's notification is sent in a way that Django has deprecated.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:get_connection")]

# Where each kind lies, and what a draft with only a title lacks.
KINDS = {
    VoicesPage: ("voices", ["summary", "topic"]),
    EventPage: ("events", ["summary", "topic", "starts"]),
    PublicationPage: ("publications", ["summary", "topic"]),
    TopicPage: ("health", ["introduction"]),
    ProgramPage: ("programs", ["purpose"]),
    PersonPage: ("people", ["role"]),
}
each_kind = pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)


def half(tree: Tree, model: type[Page]) -> Page:
    """Return a draft as autosave leaves it."""
    page = getattr(tree, KINDS[model][0]).add_child(instance=model(title="Half", live=False))
    page.save_revision(clean=False)
    return page


def in_moderation(page: Page, action: str = "approve") -> str:
    """Submit a page for moderation; return where a moderator decides about it."""
    page.get_workflow().start(page, User.objects.create_user("writer", "writer@example.org", "p"))
    task = page.current_workflow_task_state
    return reverse("wagtailadmin_pages:workflow_action", args=[page.pk, action, task.pk])


def is_live(page: Page) -> bool:
    return Page.objects.get(pk=page.pk).live


@each_kind
def test_approved_while_half_filled_it_stays_in_moderation_and_says_what_is_missing(
    tree: Tree, moderator: Client, model: type[Page]
):
    page = half(tree, model)
    response = moderator.post(in_moderation(page))
    assert response.url == reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert not is_live(page)
    page = Page.objects.get(pk=page.pk).specific
    assert page.workflow_in_progress
    said = "“Half” was not published. Please look at: " + ", ".join(KINDS[model][1])
    assert said in moderator.get(response.url).content.decode()


def test_dialog_of_an_approval_leads_to_the_form(tree: Tree, moderator: Client):
    page = half(tree, VoicesPage)
    dialog = in_moderation(page)
    answer = moderator.post(dialog, {"comment": "Good."}, headers={"x-requested-with": "XMLHttpRequest"})
    form = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert answer.json() == {"step": "success", "redirect": form}
    assert not is_live(page)


def test_whole_page_is_published_by_its_approval(tree: Tree, moderator: Client):
    page = tree.voice(live=False)
    page.save_revision()
    moderator.post(in_moderation(page))
    assert is_live(page)


@each_kind
def test_schedule_that_is_refused_holds_up_no_other_and_is_logged(
    tree: Tree, model: type[Page], caplog: pytest.LogCaptureFixture
):
    page, other = half(tree, model), tree.voice(live=False)
    for minutes, scheduled in ((2, page), (1, other)):
        scheduled.go_live_at = timezone.now() - timedelta(minutes=minutes)
        scheduled.save_revision(approved_go_live_at=scheduled.go_live_at, clean=False)
    with caplog.at_level(logging.ERROR):
        publish_scheduled(timestamp=0)
    assert (is_live(page), is_live(other)) == (False, True)
    assert f"cannot publish revision {page.latest_revision_id}: UnfinishedError" in caplog.text


ROWS = {
    "author who is nobody": (VoicesPage, "authors", ItemAuthor()),
    "speaker with only a role": (EventPage, "speakers", EventSpeaker(role="Host")),
    "file that is still to come": (PublicationPage, "files", PublicationFile(language="fr")),
}


@pytest.mark.parametrize("case", ROWS)
def test_half_filled_row_is_refused_too(tree: Tree, moderator: Client, case: str):
    model, relation, row = ROWS[case]
    page = {"voices": tree.voice, "events": tree.event, "publications": tree.publication}[KINDS[model][0]]()
    page.live = False
    setattr(page, relation, [row])
    page.save_revision(clean=False)
    page.save()
    response = moderator.post(in_moderation(page), follow=True)
    assert f"Please look at: {relation}." in response.content.decode()
    assert not is_live(page)


def test_open_call_without_a_date_is_refused_too(tree: Tree, moderator: Client):
    topic = tree.drug_checking
    topic.live = False
    topic.open_calls = [("call", {"title": "Small grants", "link": "", "closes": None})]
    topic.save()
    topic.save_revision(clean=False)
    assert "Please look at: open calls." in moderator.post(in_moderation(topic), follow=True).content.decode()
    assert not is_live(topic)


@each_kind
def test_half_filled_page_among_others_is_named_and_none_is_published(
    tree: Tree, moderator: Client, model: type[Page]
):
    whole, page = tree.voice(live=False), half(tree, model)
    bulk = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    address = f"{bulk}?id={whole.pk}&id={page.pk}&next=/admin/voices/"
    said = moderator.post(address, follow=True).content.decode()
    assert "These pages lack something, which their own forms show: Half" in said
    assert not is_live(whole)
    assert not is_live(page)
    moderator.post(f"{bulk}?id={whole.pk}&next=/admin/voices/")
    assert is_live(whole)


def test_half_filled_page_below_a_selected_one_holds_up_both(tree: Tree, moderator: Client):
    half(tree, VoicesPage)
    Page.objects.filter(pk=tree.voices.pk).update(live=False)
    bulk = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    address = f"{bulk}?id={tree.voices.pk}&next=/admin/"
    said = moderator.post(address, {"include_descendants": "on"}, follow=True).content.decode()
    assert "These pages lack something, which their own forms show: Half" in said
    assert not is_live(tree.voices)


@pytest.mark.parametrize("asked", ["publish_copies", "alias"])
def test_public_page_that_lacks_something_is_copied_as_a_draft_only(
    tree: Tree, moderator: Client, asked: str
):
    page = tree.voice(title="Bench")
    VoicesPage.objects.filter(pk=page.pk).update(primary_topic=None)
    url = reverse("wagtailadmin_pages:copy", args=[page.pk])
    form = {"new_title": "Copy", "new_slug": "copy", "new_parent_page": tree.voices.pk}
    said = moderator.post(url, form | {asked: "on"}).content.decode()
    assert "“Bench” lacks something: topic." in said
    assert not Page.objects.filter(slug="copy").exists()
    assert moderator.post(url, form).status_code == 302
    assert not Page.objects.get(slug="copy").live


def test_pages_below_are_copied_to_the_public_only_when_whole(tree: Tree, moderator: Client):
    TopicPage.objects.filter(pk=tree.drug_checking.pk).update(introduction="")
    url = reverse("wagtailadmin_pages:copy", args=[tree.harm_reduction.pk])
    form = {"new_title": "Copy", "new_slug": "copy", "new_parent_page": tree.topics.pk, "copy_subpages": "on"}
    said = moderator.post(url, form | {"publish_copies": "on"}).content.decode()
    assert "“Drug Checking” lacks something: introduction." in said
    tree.drug_checking.save()
    assert moderator.post(url, form | {"publish_copies": "on"}).status_code == 302
    assert Page.objects.get(slug="copy").get_children().get().live


def test_published_date_far_ahead_is_refused_without_a_form_too(tree: Tree, moderator: Client):
    page = tree.voice(title="Bench", live=False, published_on=timezone.localdate().replace(year=2099, day=1))
    page.save_revision()
    form = moderator.post(in_moderation(page)).url
    said = moderator.get(form).content.decode()
    assert "“Bench” was not published. Please look at: published date." in said
    assert not is_live(page)
