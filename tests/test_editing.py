"""What an editor meets in the admin: forms, drafts, previews, times, addresses, groups."""

import json
import threading
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Collection, Locale, Page
from wagtail.test.utils.form_data import querydict_from_html
from wagtail.users.models import UserProfile

from content.models import EventPage, InfoPage, ItemAuthor, PublicationPage, VoicesPage
from harmhub.users.models import User
from tests.factories import DocumentFactory, ImageFactory, TopicFactory
from tests.fixtures import databases
from topics.models import PersonPage, ProgramPage, TopicPage

pytestmark = pytest.mark.django_db

# Each kind of page that editors make day by day, and the part of the tree it lies in.
KINDS = {
    VoicesPage: "voices",
    EventPage: "events",
    PublicationPage: "publications",
    TopicPage: "health",
    ProgramPage: "programs",
    PersonPage: "people",
    InfoPage: "home",
}
each_kind = pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)


def login(group: str, **fields) -> Client:
    """Return the browser of a new member of a group."""
    user = User.objects.create_user(f"{group}-member", f"{group}@example.org", "p", **fields)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor(tree) -> Client:
    return login("Editors")


@pytest.fixture
def moderator(tree) -> Client:
    return login("Moderators")


def addresses(tree, model) -> tuple[str, str]:
    """Return where a page of a kind is created, and where it is previewed meanwhile."""
    arguments = (model._meta.app_label, model._meta.model_name, getattr(tree, KINDS[model]).pk)
    return reverse("wagtailadmin_pages:add", args=arguments), reverse(
        "wagtailadmin_pages:preview_on_add", args=arguments
    )


def edit_url(page: Page) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page.pk])


def form_at(client: Client, url: str) -> QueryDict:
    """Return the fields of the editing form at an address, as a browser sends them; streams are empty."""
    response = client.get(url)
    assert response.status_code == 200
    form = querydict_from_html(response.content.decode(), form_id="page-edit-form")
    form.update({f"{name}-count": "0" for name in ("body", "key_findings", "open_calls")})
    return form


# The fields of forms for new pages by address: reading one takes longer than all that is done with it.
_new_forms: dict[str, QueryDict] = {}


def new_form_at(client: Client, url: str) -> QueryDict:
    """Return the fields of the form for a new page, which are the same for every editor and in every test."""
    if url not in _new_forms:
        _new_forms[url] = form_at(client, url)
    return _new_forms[url].copy()


def filled(form: QueryDict, **fields) -> dict:
    return form.dict() | fields


def with_row(form: dict, relation: str, **fields) -> dict:
    """Return the form with one more row of an inline panel."""
    number = int(form[f"{relation}-TOTAL_FORMS"])
    row = {"id": "", "ORDER": number + 1, "DELETE": "", **fields}
    return (
        form
        | {f"{relation}-TOTAL_FORMS": number + 1}
        | {f"{relation}-{number}-{name}": value for name, value in row.items()}
    )


def errors_of(response) -> str:
    """Return the messages that a form that was sent back shows."""
    page = BeautifulSoup(response.content, "html.parser")
    return " ".join(
        found.get_text(" ", strip=True)
        for found in page.select(".error-message, .messages .error, .help-critical")
    )


# What else each kind asks for before it can be published.
REST = {
    VoicesPage: {"summary": "Seven years.", "published_on": "2026-11-01"},
    EventPage: {"summary": "Come.", "published_on": "2026-11-01", "starts_at": "2027-03-01 18:30"},
    PublicationPage: {"summary": "Read.", "published_on": "2026-11-01"},
    TopicPage: {"introduction": "What we think."},
    ProgramPage: {"purpose": "What for."},
    PersonPage: {"role": "Nurse"},
    InfoPage: {},
}


def rest(tree, model) -> dict:
    on_topic = {"primary_topic": tree.harm_reduction.pk} if "summary" in REST[model] else {}
    return REST[model] | on_topic


def autosaved(client: Client, url: str, form: dict) -> dict:
    """Return what the background save of the open form answers."""
    response = client.post(url, form, headers={"accept": "application/json"})
    assert response.headers["Content-Type"] == "application/json", errors_of(response)
    return response.json()


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


# --- the time of events


@pytest.fixture
def editor_in_tokyo(editor) -> Client:
    UserProfile.objects.create(
        user=User.objects.get(username="Editors-member"), current_time_zone="Asia/Tokyo"
    )
    return editor


def test_event_is_typed_stored_and_shown_in_its_own_time(tree, editor_in_tokyo):
    url, preview = addresses(tree, EventPage)
    times = {"starts_at": "2027-03-01 18:30", "ends_at": "2027-03-01 20:00", "time_zone": "Europe/Lisbon"}
    form = filled(new_form_at(editor_in_tokyo, url), title="Talk", slug="talk", **times)
    assert editor_in_tokyo.post(preview, form).json()["is_valid"]
    assert "18:30 – 20:00, Lisbon time (WET)" in editor_in_tokyo.get(preview).content.decode()
    page = EventPage.objects.get(pk=autosaved(editor_in_tokyo, url, form)["pk"])
    assert page.starts_at == datetime(2027, 3, 1, 18, 30, tzinfo=UTC)
    summer = filled(form_at(editor_in_tokyo, edit_url(page)), starts_at="2027-07-01 18:30", ends_at="")
    assert summer["time_zone"] == "Europe/Lisbon"
    autosaved(editor_in_tokyo, edit_url(page), summer)
    page.refresh_from_db()
    assert page.get_latest_revision_as_object().starts_at == datetime(2027, 7, 1, 17, 30, tzinfo=UTC)
    assert form_at(editor_in_tokyo, edit_url(page))["starts_at"] == "2027-07-01 18:30"


@pytest.mark.parametrize("hour", [0, 1])  # the clocks of Lisbon show 01:30 twice in this night
def test_saving_an_event_again_moves_it_by_no_minute(tree, editor_in_tokyo, hour):
    starts_at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    event = tree.event(slug="talk", starts_at=starts_at, time_zone="Europe/Lisbon")
    form = form_at(editor_in_tokyo, edit_url(event))
    assert form["starts_at"] == "2026-10-25 01:30"
    autosaved(editor_in_tokyo, edit_url(event), form.dict())
    event.refresh_from_db()
    assert event.get_latest_revision_as_object().starts_at == starts_at


WRONG_TIMES = {
    "an hour that the clocks skip": (
        {"starts_at": "2027-03-28 01:30", "time_zone": "Europe/Lisbon"},
        "the clocks go forward",
    ),
    "an end before the start": (
        {"starts_at": "2027-03-01 18:30", "ends_at": "2027-03-01 18:00"},
        "ends before it starts",
    ),
    "no date": ({"starts_at": "tomorrow"}, "Write day and time like 2027-03-28 18:30."),
    "the first year": ({"starts_at": "0001-01-01 00:00", "time_zone": "Asia/Tokyo"}, "no such year"),
    "no time zone": (
        {"starts_at": "2027-03-01 18:30", "time_zone": "Mars/Base"},
        "not one of the available choices",
    ),
}


def test_impossible_time_is_refused_in_words(tree, moderator):
    url, preview = addresses(tree, EventPage)
    form = filled(new_form_at(moderator, url), title="Talk", slug="talk", **rest(tree, EventPage))
    for fields, words in WRONG_TIMES.values():
        answer = moderator.post(url, form | fields, headers={"accept": "application/json"})
        assert answer.json()["error_code"] == "validation_error"
        assert words in errors_of(moderator.post(url, form | fields | {"action-publish": "yes"}))
        assert not moderator.post(preview, form | fields).json()["is_valid"]


def test_event_in_a_zone_that_is_no_longer_offered_keeps_it(tree, editor):
    event = tree.event(slug="talk", time_zone="US/Eastern")
    form = form_at(editor, edit_url(event))
    assert form["time_zone"] == "US/Eastern"
    assert autosaved(editor, edit_url(event), form.dict())["success"]


# --- previews

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


# --- addresses


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


# --- who may do what


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
    client = login(group)
    response = client.get(reverse(url_name))
    assert response.status_code == 200
    if url_name.endswith("choose"):
        assert (image.title if "images" in url_name else document.title) in json.loads(response.content)[
            "html"
        ]


def test_only_moderators_change_the_site_settings(tree):
    url = reverse("wagtailsettings:edit", args=["harmhub", "sitesettings", tree.site.pk])
    assert login("Moderators").get(url).status_code == 200
    assert login("Editors").get(url).status_code == 302


# Wagtail's notification is sent in a way that Django has deprecated.
@pytest.mark.filterwarnings("ignore:get_connection")
def test_comment_of_a_moderator_is_shown_to_whoever_mends_the_page(tree, editor):
    item = tree.voice(slug="item", live=False)
    item.save_revision()
    member = User.objects.get(username="Editors-member")
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
