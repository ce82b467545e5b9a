"""The first pages of a site that begins with nothing."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from wagtail.models import Page

from tests.factories import Tree
from tests.fixtures.editing import autosaved, edit_url, filled, form_at
from tests.fixtures.staff import logged_in


def test_first_pages_answer_in_the_name_of_the_organisation(bare_database):
    call_command("start_site", "Harbour Trust", verbosity=0)
    client = Client(headers={"host": "testserver"})
    for path in ("/", "/topics/", "/voices/", "/events/", "/publications/", "/programs/", "/people/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Harbour Trust" in answer.content.decode()
    assert client.get("/newsletter/").status_code == 200
    assert Page.objects.filter(depth=2).count() == 1


def test_who_would_overwrite_what_another_made_of_a_first_page_is_told(bare_database):
    call_command("start_site", "Harbour Trust", verbosity=0)
    topics = Page.objects.get(url_path__endswith="/topics/")
    one, other = logged_in("Moderators"), logged_in("Editors")
    forms = [form_at(client, edit_url(topics)) for client in (one, other)]
    assert autosaved(one, edit_url(topics), filled(forms[0], introduction="By one."))["success"]
    answer = autosaved(other, edit_url(topics), filled(forms[1], introduction="By the other."))
    assert answer["error_code"] == "invalid_revision"


def test_a_site_with_content_is_left_alone(tree: Tree):
    before = list(Page.objects.order_by("path").values("path", "title"))
    with pytest.raises(CommandError, match="content of its own"):
        call_command("start_site", "Harbour Trust")
    assert list(Page.objects.order_by("path").values("path", "title")) == before
