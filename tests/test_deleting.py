"""What an editor may not delete, because public pages would lack it."""

import pytest
from django.conf import settings
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale, Page

from harmhub.models import CustomDocument
from tests.factories import Tree, pdf
from tests.fixtures.staff import logged_in

pytestmark = pytest.mark.django_db

CONFIRMED = {"confirm_site_name": settings.WAGTAIL_SITE_NAME}


def selected(model: str, *chosen: Model) -> str:
    """Return the address that deletes a selection from a list."""
    address = reverse("wagtail_bulk_action", args=[*model.split("."), "delete"])
    return f"{address}?{'&'.join(f'id={each.pk}' for each in chosen)}&next=/admin/"


def alone(page: Page) -> str:
    return reverse("wagtailadmin_pages:delete", args=[page.pk])


def said_by(client: Client, address: str) -> str:
    """Delete; return what the page that follows says."""
    return client.post(address, CONFIRMED, follow=True).content.decode()


# --- topics


def test_topic_with_work_is_not_deleted_and_neither_is_one_above(tree: Tree, admin_client: Client):
    tree.voice(title="<i>Bench</i>", live=False)
    tree.event(title="Evening")
    for topic in (tree.harm_reduction, tree.health):
        for address in (alone(topic), selected("wagtailcore.page", topic, tree.justice)):
            said = said_by(admin_client, address)
            assert "2 works are about it: give them another topic first" in said
            assert "(“Evening”, “&lt;i&gt;Bench&lt;/i&gt;”)." in said
            assert "Nothing was deleted." in said
    assert Page.objects.filter(pk__in=[tree.harm_reduction.pk, tree.justice.pk]).count() == 2


def test_of_many_works_the_three_newest_are_named(tree: Tree, admin_client: Client):
    for number in range(4):
        tree.voice(title=f"Bench {number}")
    assert "(“Bench 3”, “Bench 2”, “Bench 1”, …)." in said_by(admin_client, alone(tree.harm_reduction))


def test_topic_with_a_translated_work_is_not_deleted(tree: Tree, admin_client: Client):
    work = tree.voice()
    spanish = Locale.objects.create(language_code="es")
    work.copy_for_translation(spanish, copy_parents=True)
    work.delete()
    assert "1 work is about it: give it another topic first" in said_by(
        admin_client, alone(tree.harm_reduction)
    )


def test_topic_goes_whose_work_goes_along_or_names_it_as_a_further_one(tree: Tree, admin_client: Client):
    work = tree.voice(primary_topic=tree.justice)
    other = tree.voice(further_topics=[tree.justice])
    admin_client.post(selected("wagtailcore.page", tree.justice, work), CONFIRMED)
    assert not Page.objects.filter(pk__in=[tree.justice.pk, work.pk]).exists()
    other.refresh_from_db()
    assert other.live


def test_who_may_not_delete_what_she_has_selected_deletes_nothing(tree: Tree):
    answer = logged_in("Editors").post(selected("wagtailcore.page", tree.justice), CONFIRMED)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert Page.objects.filter(pk=tree.justice.pk).exists()


# --- documents


@pytest.fixture
def leaflet(indexes: None) -> CustomDocument:
    return pdf("leaflet.pdf")


def deletions(*documents: CustomDocument) -> list[str]:
    return [
        reverse("wagtaildocs:delete", args=[documents[0].pk]),
        selected("harmhub.customdocument", *documents),
    ]


@pytest.mark.parametrize("restricted", [False, True])
def test_document_is_not_deleted_while_a_live_page_leads_to_it(
    tree: Tree, admin_client: Client, leaflet: CustomDocument, restricted: bool
):
    page = tree.voice(title="<i>Bench</i>", body=[("download", {"document": leaflet, "label": ""})])
    if restricted:
        page.view_restrictions.create(restriction_type="login")
    for address in deletions(leaflet, pdf("other.pdf")):
        said = said_by(admin_client, address)
        assert "“leaflet.pdf” stays: the page “&lt;i&gt;Bench&lt;/i&gt;” leads to it." in said
        assert "Nothing was deleted." in said
    assert CustomDocument.objects.count() == 2
    assert "Are you sure" not in admin_client.get(deletions(leaflet)[0], follow=True).content.decode()


def test_document_that_several_pages_lead_to_names_one(
    tree: Tree, admin_client: Client, leaflet: CustomDocument
):
    for number in range(2):
        tree.voice(title=f"Bench {number}", body=[("download", {"document": leaflet, "label": ""})])
    said = said_by(admin_client, deletions(leaflet)[0])
    assert "“leaflet.pdf” stays: 2 pages lead to it, one is “Bench 1”." in said


@pytest.mark.parametrize("way", [0, 1])
def test_document_that_only_drafts_lead_to_is_deleted(
    tree: Tree, admin_client: Client, leaflet: CustomDocument, way: int
):
    tree.voice(live=False, body=[("download", {"document": leaflet, "label": ""})])
    assert admin_client.post(deletions(leaflet)[way]).status_code == 302
    assert not CustomDocument.objects.exists()
