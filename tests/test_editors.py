"""Which of the editors may do what, and the lists in which they find it."""

import json

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Collection, Page

from content.models import VoicesPage
from harmhub.users.models import User
from tests.factories import DocumentFactory, ImageFactory
from tests.fixtures.editing import (
    addresses,
    edit_url,
    errors_of,
    filled,
    new_form_at,
    rest,
)
from tests.fixtures.staff import logged_in

pytestmark = pytest.mark.django_db


def test_editor_may_submit_and_not_publish(tree, editor):
    url, _preview = addresses(tree, VoicesPage)
    buttons = BeautifulSoup(editor.get(url).content, "html.parser")
    assert buttons.find(attrs={"name": "action-submit"})
    assert not buttons.find(attrs={"name": "action-publish"})
    form = filled(new_form_at(editor, url), title="Canary", slug="canary", **rest(tree, VoicesPage))
    editor.post(url, form | {"action-publish": "yes"})
    assert not Page.objects.get(slug="canary").live


def test_moderation_covers_every_page(tree):
    for page in tree.home.get_descendants(inclusive=True):
        assert page.get_workflow().name == "Moderators approval"


def test_half_filled_work_cannot_be_submitted(tree, editor):
    url, _preview = addresses(tree, VoicesPage)
    response = editor.post(
        url, filled(new_form_at(editor, url), title="Canary", slug="canary") | {"action-submit": "yes"}
    )
    assert "This field is required." in errors_of(response)


@pytest.mark.parametrize("group", ["Editors", "Moderators"])
@pytest.mark.parametrize(
    "url_name",
    ["wagtailimages:add", "wagtailimages_chooser:choose", "wagtaildocs:add", "wagtaildocs_chooser:choose"],
)
def test_editors_and_moderators_upload_and_choose_files(tree, group, url_name):
    root = Collection.get_first_root_node()
    image, document = ImageFactory(collection=root), DocumentFactory(collection=root)
    client = logged_in(group)
    response = client.get(reverse(url_name))
    assert response.status_code == 200
    if url_name.endswith("choose"):
        assert (image.title if "images" in url_name else document.title) in json.loads(response.content)[
            "html"
        ]


def test_only_moderators_change_the_site_settings(tree):
    url = reverse("wagtailsettings:edit", args=["harmhub", "sitesettings", tree.site.pk])
    assert logged_in("Moderators").get(url).status_code == 200
    assert logged_in("Editors").get(url).status_code == 302


# Wagtail's notification is sent in a way that Django has deprecated.
@pytest.mark.filterwarnings("ignore:get_connection")
def test_comment_of_a_moderator_is_shown_to_whoever_mends_the_page(tree, editor):
    item = tree.voice(slug="item", live=False)
    item.save_revision()
    member = User.objects.get(username="Editors")
    item.get_workflow().start(item, member)
    judge = User.objects.create_user("judge", "judge@example.org", "p", first_name="Ada", last_name="Bonn")
    item.current_workflow_task_state.reject(user=judge, comment="Who <b>says</b> so?")
    said = BeautifulSoup(editor.get(edit_url(item)).content, "html.parser").select_one(".messages")
    assert "Ada Bonn asks for changes: Who <b>says</b> so?" in said.get_text()


@pytest.mark.parametrize("kind", ["voices", "events", "publications"])
def test_works_are_listed_with_topic_and_date_and_made_from_there(tree, editor, kind):
    getattr(tree, kind.removesuffix("s") if kind != "voices" else "voice")(title="Canary")
    tree.event(title="Without a time", starts_at=None, live=False)
    listing = editor.get(reverse(f"{kind}:index")).content.decode()
    assert "Canary" in listing
    assert "Harm Reduction" in listing
    add = editor.get(reverse(f"{kind}:choose_parent"))
    assert add.status_code == 302
    assert editor.get(add.url).status_code == 200


def test_list_of_works_asks_the_database_no_more_with_many_works(tree):
    # A superuser: of others, Wagtail asks for each page whether they may delete it.
    editor = Client()
    editor.force_login(User.objects.create_superuser("root", "root@example.org", "p"))
    tree.event()
    url = reverse("events:index")
    editor.get(url)
    with CaptureQueriesContext(connection) as few:
        editor.get(url)
    for _number in range(9):
        tree.event()
    with CaptureQueriesContext(connection) as many:
        editor.get(url)
    assert len(many) == len(few)
