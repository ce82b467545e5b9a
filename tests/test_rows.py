"""The rows below a page: authors, speakers, people, files that change places or are gone."""

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import Page

from content.models import PublicationPage
from harmhub.models import CustomDocument
from tests.factories import Tree, pdf
from tests.fixtures.editing import edit_url, errors_of, filled, form_at, with_row
from topics.models import PersonPage

pytestmark = pytest.mark.django_db


def with_two_rows(tree: Tree, relation: str) -> tuple[Page, str, list[int]]:
    """Return a public page with two rows of a relation, the name of their field, and its values in order."""
    other = tree.people.add_child(instance=PersonPage(title="Otto", slug="otto", role="Nurse"))
    page = {
        "authors": tree.voice,
        "speakers": tree.event,
        "files": tree.publication,
        "topic_people": lambda: tree.harm_reduction,
    }[relation]()
    field = "document" if relation == "files" else "person"
    values = [pdf("one.pdf"), pdf("two.pdf")] if relation == "files" else [tree.person, other]
    for value in values:
        getattr(page, relation).create(**{field: value})
    page.save_revision().publish()
    return page, field, [value.pk for value in values]


@pytest.mark.parametrize("relation", ["authors", "speakers", "files", "topic_people"])
def test_two_rows_that_change_places_are_published(tree: Tree, admin_client: Client, relation: str):
    page, field, values = with_two_rows(tree, relation)
    form = filled(form_at(admin_client, edit_url(page)), **{"action-publish": "1"})
    form |= {f"{relation}-{row}-{field}": value for row, value in enumerate(reversed(values))}
    answer = admin_client.post(edit_url(page), form)
    assert answer.status_code == 302, errors_of(answer)
    rows = getattr(type(page).objects.get(pk=page.pk), relation)
    assert list(rows.values_list(field, flat=True)) == values[::-1]


@pytest.fixture
def draft_without_its_file(tree: Tree, admin_client: Client) -> PublicationPage:
    """A public page with a draft that names a file, which was deleted."""
    page, document = tree.publication(), pdf("gone.pdf")
    page.save_revision().publish()
    form = with_row(
        filled(form_at(admin_client, edit_url(page))), "files", document=document.pk, language="en"
    )
    assert admin_client.post(edit_url(page), form).status_code == 302
    assert admin_client.post(reverse("wagtaildocs:delete", args=[document.pk])).status_code == 302
    assert not CustomDocument.objects.exists()
    return page


def test_draft_opens_whose_file_was_deleted_and_asks_for_another(
    draft_without_its_file: PublicationPage, admin_client: Client
):
    page = draft_without_its_file
    form = filled(form_at(admin_client, edit_url(page)), **{"action-publish": "1"})
    assert form["files-0-document"] == ""
    assert "This field is required." in errors_of(admin_client.post(edit_url(page), form))
    assert (
        admin_client.post(edit_url(page), form | {"files-0-document": pdf("new.pdf").pk}).status_code == 302
    )
    assert PublicationPage.objects.get(pk=page.pk).files.get().document.title == "new.pdf"
    assert admin_client.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk])).status_code == 200
