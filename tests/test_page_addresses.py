"""The addresses that editors may give to pages, and what moves along."""

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import Page

from content.models import InfoPage
from tests.fixtures.editing import addresses, autosaved, each_kind, errors_of, filled, new_form_at, rest
from topics.models import ProgramPage, TopicPage

pytestmark = pytest.mark.django_db

LISTINGS = ["voices", "events", "publications", "since", "feed", "calendar", "2019"]
NO_PAGES = [
    "admin",
    "anymail",
    "contact",
    "documents",
    "feed",
    "fr",
    "health",
    "media",
    "newsletter",
    "static",
]


@pytest.mark.parametrize(
    ("model", "slugs"), [(TopicPage, LISTINGS), (ProgramPage, LISTINGS), (InfoPage, NO_PAGES)]
)
def test_address_of_something_else_is_refused_for_a_page(tree, moderator, model, slugs):
    url, _preview = addresses(tree, model)
    form = filled(new_form_at(moderator, url), title="Canary", **rest(tree, model))
    for slug in slugs:
        autosave = moderator.post(url, form | {"slug": slug}, headers={"accept": "application/json"})
        assert autosave.json()["error_code"] == "validation_error", slug
    response = moderator.post(url, form | {"slug": slugs[0], "action-publish": "yes"})
    assert "Please choose another" in errors_of(response)
    assert not Page.objects.filter(title="Canary").exists()


@each_kind
def test_title_turns_no_words_beside_it_and_can_be_seen(tree, moderator, model):
    url, _preview = addresses(tree, model)
    form = filled(
        new_form_at(moderator, url),
        title="\u2067\u202eHarm\u202c Reduction\u2069 👩\u200d⚕️",
        **rest(tree, model),
    )
    assert autosaved(moderator, url, form)["success"]
    assert model.objects.latest("pk").title == "Harm Reduction 👩\u200d⚕️"
    assert "required" in errors_of(
        moderator.post(url, form | {"title": "\u202e\u200b", "action-publish": "yes"})
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"new_slug": "feed"}, "“feed” is part of other addresses"),
        ({"new_slug": "2026"}, "“2026” is part of other addresses"),
        ({"new_slug": "a" * 256}, "at most 255 characters"),
        ({"new_title": "A" * 256}, "at most 255 characters"),
    ],
)
def test_copy_is_asked_for_a_title_and_an_address_that_pages_may_have(tree, moderator, given, said):
    url = reverse("wagtailadmin_pages:copy", args=[tree.drug_checking.pk])
    form = {"new_title": "Canary", "new_slug": "canary", "new_parent_page": tree.health.pk}
    assert said in errors_of(moderator.post(url, form | given))
    assert moderator.post(url, form).status_code == 302
    assert TopicPage.objects.filter(title="Canary").count() == 1


def test_title_that_is_an_address_of_a_listing_makes_another_address(tree):
    topic = tree.harm_reduction.add_child(instance=TopicPage(title="Events", introduction="x", live=False))
    assert topic.slug == "events-page"


def test_topic_may_be_called_as_an_address_of_the_site(tree, moderator):
    url, _preview = addresses(tree, TopicPage)
    form = filled(
        new_form_at(moderator, url),
        title="Media",
        slug="media",
        introduction="x",
        **{"action-publish": "yes"},
    )
    assert moderator.post(url, form).status_code == 302


def test_moved_topic_takes_its_work_along(tree, moderator):
    tree.voice(title="Canary", primary_topic=tree.drug_checking)
    assert [item.title for item in tree.health.items.newest(1_000)] == ["Canary"]
    url = reverse("wagtailadmin_pages:move_confirm", args=[tree.harm_reduction.pk, tree.justice.pk])
    assert moderator.post(url).status_code == 302
    health, justice = TopicPage.objects.get(slug="health"), TopicPage.objects.get(slug="justice")
    assert not health.items.newest(1_000)
    assert [item.title for item in justice.items.newest(1_000)] == ["Canary"]
    assert b"Canary" in Client().get("/topics/justice/harm-reduction/drug-checking/").content
