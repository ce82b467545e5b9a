"""What an editor meets in the forms of the admin, and what becomes of half-filled drafts."""

import threading

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Locale, Page

from content.models import EventPage, ItemAuthor, PublicationPage, VoicesPage
from harmhub.users.models import User
from tests.factories import TopicFactory
from tests.fixtures import databases
from tests.fixtures.editing import (
    REST,
    addresses,
    autosaved,
    each_kind,
    edit_url,
    errors_of,
    filled,
    form_at,
    new_form_at,
    rest,
    with_row,
)
from topics.models import TopicPage

pytestmark = pytest.mark.django_db

# --- the form


@each_kind
def test_form_asks_for_at_most_five_things_all_on_its_first_tab(tree, editor, model):
    page = BeautifulSoup(editor.get(addresses(tree, model)[0]).content, "html.parser")
    asked = [field["name"] for field in page.select("#page-edit-form [required]") if field["name"] != "slug"]
    assert len(asked) <= 5
    assert set(rest(tree, model)) <= set(asked)
    for name in asked:
        assert page.find(attrs={"name": name}).find_parent(role="tabpanel")["id"] == "tab-content"


def test_topics_are_named_with_where_they_lie_and_sorted(tree, editor):
    TopicPage.objects.filter(pk=tree.justice.pk).update(live=False)
    page = BeautifulSoup(editor.get(addresses(tree, VoicesPage)[0]).content, "html.parser")
    labels = [label.get_text(strip=True) for label in page.select("#id_further_topics label")]
    assert labels == [
        "Health",
        "Health › Harm Reduction",
        "Health › Harm Reduction › Drug Checking",
        "Justice (draft)",
    ]
    assert [option.get_text(strip=True) for option in page.select("#id_primary_topic option")][1:] == labels


def test_topics_of_other_languages_are_not_offered_unless_chosen(tree, editor):
    tree.justice.copy_for_translation(Locale.objects.create(language_code="fr"), copy_parents=True)
    french = TopicPage.objects.get(locale__language_code="fr")
    item = tree.voice(slug="item")
    form = BeautifulSoup(editor.get(edit_url(item)).content, "html.parser")
    values = {option["value"] for option in form.select("#id_primary_topic option")}
    assert str(french.pk) not in values
    item.primary_topic = french
    item.save_revision()
    form = BeautifulSoup(editor.get(edit_url(item)).content, "html.parser")
    assert form.select_one("#id_primary_topic option[selected]")["value"] == str(french.pk)


def test_form_asks_the_database_no_more_with_many_topics(tree, editor):
    url = addresses(tree, VoicesPage)[0]
    editor.get(url)
    with CaptureQueriesContext(connection) as few:
        editor.get(url)
    for number in range(12):
        TopicFactory(parent=tree.health, title=f"Topic {number}", slug=f"topic-{number}")
    with CaptureQueriesContext(connection) as many:
        editor.get(url)
    assert len(many) == len(few)


@pytest.mark.parametrize("model", [VoicesPage, EventPage, PublicationPage, TopicPage])
def test_people_are_chosen_among_people_only(tree, editor, model):
    form = editor.get(addresses(tree, model)[0]).content.decode().replace("&quot;", '"')
    assert '["topics.personpage"]' in form


# --- drafts


@each_kind
def test_draft_needs_no_more_than_a_title(tree, editor, model):
    url, _preview = addresses(tree, model)
    saved = autosaved(editor, url, filled(new_form_at(editor, url), title="Half", slug="half"))
    assert saved["success"]
    page = Page.objects.get(pk=saved["pk"]).specific
    assert not page.live
    again = form_at(editor, edit_url(page))
    assert autosaved(editor, edit_url(page), filled(again, title="Half a page"))["success"]
    page.refresh_from_db()
    assert page.get_latest_revision_as_object().title == "Half a page"


@each_kind
def test_draft_is_published_once_it_lacks_nothing_and_says_until_then_what(tree, moderator, model):
    url, _preview = addresses(tree, model)
    half = filled(new_form_at(moderator, url), title="Half", slug="half")
    page = Page.objects.get(pk=autosaved(moderator, url, half)["pk"])
    form, publish = form_at(moderator, edit_url(page)), {"action-publish": "yes"}
    if rest(tree, model):
        response = moderator.post(edit_url(page), filled(form, published_on="", **publish))
        assert errors_of(response).count("This field is required.") == len(rest(tree, model))
        page.refresh_from_db()
        assert not page.live
    response = moderator.post(edit_url(page), filled(form, **rest(tree, model), **publish))
    assert response.status_code == 302, errors_of(response)
    page.refresh_from_db()
    assert Client().get(page.get_url()).status_code == 200


NOBODY = "Choose a person or write a name"
HALF_ROWS = {
    "author who is nobody": (VoicesPage, "authors", {"person": "", "name": ""}, NOBODY),
    "speaker with only a role": (EventPage, "speakers", {"person": "", "name": " ", "role": "Host"}, NOBODY),
    "file that is still to come": (
        PublicationPage,
        "files",
        {"document": "", "language": "fr"},
        "This field is required.",
    ),
}


@pytest.mark.parametrize("case", HALF_ROWS)
def test_half_filled_row_is_kept_in_a_draft_and_refused_when_published(tree, moderator, case):
    model, relation, row, refusal = HALF_ROWS[case]
    url, preview = addresses(tree, model)
    form = with_row(
        filled(new_form_at(moderator, url), title="Half", slug="half", **rest(tree, model)), relation, **row
    )
    assert moderator.post(preview, form).json()["is_valid"]
    assert moderator.get(preview).status_code == 200
    saved = autosaved(moderator, url, form)
    assert saved["success"]
    page = Page.objects.get(pk=saved["pk"])
    again = form_at(moderator, edit_url(page)).dict()
    assert autosaved(moderator, edit_url(page), again)["success"]
    response = moderator.post(edit_url(page), again | {"action-publish": "yes"})
    assert refusal in errors_of(response)


def test_author_row_that_was_emptied_is_refused_when_published(tree, moderator):
    item = tree.voice(slug="item")
    item.authors.add(ItemAuthor(name="Somebody"))
    item.save_revision()
    form = filled(form_at(moderator, edit_url(item)), **{"authors-0-name": ""})
    assert autosaved(moderator, edit_url(item), form)["success"]
    assert NOBODY in errors_of(moderator.post(edit_url(item), form | {"action-publish": "yes"}))
    assert (
        moderator.post(edit_url(item), form | {"action-publish": "yes", "authors-0-DELETE": "1"}).status_code
        == 302
    )


@pytest.mark.parametrize("relation", ["authors", "speakers"])
def test_person_and_name_in_one_row_are_refused_in_words(tree, editor, relation):
    model = {"authors": VoicesPage, "speakers": EventPage}[relation]
    url, _preview = addresses(tree, model)
    form = with_row(
        filled(new_form_at(editor, url), title="Half", slug="half"),
        relation,
        person=tree.person.pk,
        name="Nadia",
    )
    assert f"{NOBODY}, not both." in errors_of(editor.post(url, form))


@pytest.mark.parametrize(
    ("title", "slug"), [("Events", "events-page"), ("2019", "2019-page"), ("Bus", "bus-2")]
)
def test_address_made_from_the_title_gives_way(tree, editor, title, slug):
    tree.voice(title="Bus", slug="bus")
    url, _preview = addresses(tree, VoicesPage)
    saved = autosaved(editor, url, filled(new_form_at(editor, url), title=title, slug=title.lower()))
    assert saved["success"]
    assert VoicesPage.objects.get(pk=saved["pk"]).slug == slug


@pytest.mark.django_db(transaction=True)
def test_button_pressed_while_the_first_draft_is_saved_leads_to_that_draft(tree, moderator):
    url, _preview = addresses(tree, VoicesPage)
    form = filled(new_form_at(moderator, url), title="Bus", slug="bus") | rest(tree, VoicesPage)
    answers = []

    other = Client()
    other.force_login(User.objects.get(groups__name="Moderators"))

    def publish() -> None:
        answers.append(other.post(url, form | {"action-publish": "1"}))
        connection.close()

    pressed = threading.Thread(target=publish)
    with transaction.atomic():
        saved = autosaved(moderator, url, form)
        pressed.start()
        databases.wait_for_a_lock()
    pressed.join(10)
    draft = edit_url(Page.objects.get(pk=saved["pk"]))
    assert (answers[0].status_code, answers[0].url) == (302, draft)
    assert "just being saved" in other.get(draft).content.decode()


def test_same_author_twice_is_refused_in_words(tree, editor):
    url, _preview = addresses(tree, VoicesPage)
    form = filled(new_form_at(editor, url), title="Half", slug="half")
    for _time in range(2):
        form = with_row(form, "authors", person=tree.person.pk, name="")
    response = editor.post(url, form)
    assert response.status_code == 200
    assert "The same was chosen in two rows." in errors_of(response)
    assert "This row repeats one above." in errors_of(response)


def test_open_call_without_a_date_is_kept_in_a_draft_and_refused_when_published(tree, moderator):
    url, _preview = addresses(tree, TopicPage)
    block = {"deleted": "", "order": "0", "type": "call", "id": ""}
    block |= {"value-title": "Small grants", "value-link": "", "value-closes": ""}
    call = {"open_calls-count": "1"} | {f"open_calls-0-{name}": value for name, value in block.items()}
    form = filled(new_form_at(moderator, url), title="Half", slug="half", **REST[TopicPage]) | call
    page = Page.objects.get(pk=autosaved(moderator, url, form)["pk"]).specific
    assert [value["title"] for value in (block.value for block in page.open_calls)] == ["Small grants"]
    assert page.calls == []
    assert moderator.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk])).status_code == 200
    response = moderator.post(
        edit_url(page), filled(form_at(moderator, edit_url(page))) | call | {"action-publish": "yes"}
    )
    assert response.status_code == 200
    assert b"This field is required." in response.content
