"""Previews in the admin, also of pages that were never saved."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from wagtail.models import Page

from content.models import EventPage, PublicationPage, VoicesPage
from tests.factories import DocumentFactory
from tests.fixtures.editing import (
    REST,
    addresses,
    autosaved,
    each_kind,
    edit_url,
    filled,
    form_at,
    new_form_at,
    rest,
    with_row,
)
from topics.models import PersonPage, ProgramPage, TopicPage

pytestmark = pytest.mark.django_db

PEOPLE = {VoicesPage: "authors", PublicationPage: "authors", EventPage: "speakers", TopicPage: "topic_people"}


def with_people(tree, model, form: dict) -> dict:
    """Return the form with everything that has rows or ticks filled in."""
    if relation := PEOPLE.get(model):
        form = with_row(form, relation, person=tree.person.pk)
    if model is PublicationPage:
        form = with_row(form, "files", document=DocumentFactory().pk, language="pt")
    if "summary" in REST[model]:
        form |= {"further_topics": [tree.justice.pk], "programs": [tree.program.pk], "tags": "naloxone"}
    if model is ProgramPage:
        form |= {"topics": [tree.harm_reduction.pk]}
    return form | ({"program": tree.program.pk} if model is PersonPage else {})


@each_kind
def test_page_that_was_never_saved_is_previewed(tree, editor, model):
    url, preview = addresses(tree, model)
    empty = filled(new_form_at(editor, url))
    for form in (
        empty,
        with_people(tree, model, empty | {"title": "Canary", "slug": "canary"} | rest(tree, model)),
    ):
        assert editor.post(preview, form).json() == {"is_valid": True, "is_available": True}
        for mode, _label in model().preview_modes:
            response = editor.get(f"{preview}?mode={mode}&in_preview_panel=true")
            assert response.status_code == 200
            assert (form["title"] or "Placeholder title") in response.content.decode()
    assert not Page.objects.filter(slug="canary").exists()


@each_kind
def test_unsaved_changes_of_a_page_are_previewed(tree, editor, model):
    url, _preview = addresses(tree, model)
    page = Page.objects.get(
        pk=autosaved(editor, url, filled(new_form_at(editor, url), title="Old", slug="old"))["pk"]
    ).specific
    form = with_people(
        tree, model, filled(form_at(editor, edit_url(page)), title="Canary", **rest(tree, model))
    )
    preview = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    assert editor.post(preview, form).json()["is_valid"]
    for mode, _label in model().preview_modes:
        response = editor.get(f"{preview}?mode={mode}")
        assert response.status_code == 200
        assert "Canary" in response.content.decode()
    assert autosaved(editor, edit_url(page), form)["success"]
    assert b"Canary" in editor.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk])).content


def test_every_other_page_is_previewed(tree, editor):
    tree.voice()
    for page in (tree.home, tree.topics, tree.programs, tree.people, tree.voices):
        preview = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
        form = form_at(editor, edit_url(page)).dict()
        assert editor.post(preview, form | {"title": "Canary"}).json()["is_valid"]
        assert editor.get(preview).status_code == 200


def test_index_page_that_was_never_saved_is_previewed(tree, editor):
    Page.objects.get(slug="voices").specific.delete()
    arguments = ("content", "voicesindexpage", tree.home.pk)
    form = filled(
        new_form_at(editor, reverse("wagtailadmin_pages:add", args=arguments)), title="Voices", slug="voices"
    )
    preview = reverse("wagtailadmin_pages:preview_on_add", args=arguments)
    assert editor.post(preview, form).json()["is_valid"]
    assert editor.get(preview).status_code == 200


def test_card_preview_shows_what_lists_show(tree, editor):
    url, preview = addresses(tree, PublicationPage)
    form = with_people(
        tree,
        PublicationPage,
        filled(new_form_at(editor, url), title="Canary", slug="canary", **REST[PublicationPage]),
    )
    editor.post(preview, form)
    cards = BeautifulSoup(editor.get(f"{preview}?mode=card").content, "html.parser").select(".card")
    assert len(cards) == 2
    for words in ("Publication", "Canary", "Read.", "November 2026"):
        assert all(words in card.get_text() for card in cards)


def test_only_previews_show_the_bar_of_the_admin(tree, editor):
    item = tree.voice(slug="item")
    preview = reverse("wagtailadmin_pages:view_draft", args=[item.pk])
    assert b"wagtail-userbar" in editor.get(preview).content
    assert b"wagtail-userbar" not in editor.get(item.get_url()).content
