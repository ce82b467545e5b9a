"""The markup of public pages: well-formed, headings in order, in the language and direction of the page."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from wagtail.models import Locale

from content.models import InfoPage
from harmhub import errors
from tests.factories import ImageFactory, Tree, body_of_all_blocks
from tests.markup import Markup

pytestmark = pytest.mark.django_db
HARM_REDUCTION = "/topics/health/harm-reduction/"


@pytest.fixture
def furnished(tree: Tree) -> Tree:
    """Give the tree a page of every kind, with all there can be on it."""
    topic, person, settings = tree.harm_reduction, tree.person, tree.settings
    topic.learn_more = topic.grant_seekers = "<p>In short.</p><ul><li>One</li></ul>"
    call = {"title": "Small grants", "link": "", "closes": timezone.localdate()}
    topic.open_calls = [("call", call), ("call", call | {"link": "https://example.org/"})]
    topic.topic_people.create(person=person)
    topic.save()
    tree.program.topics = [topic]
    tree.program.save()
    person.photo, person.office, person.biography = ImageFactory(), "Porto", "She drove a van."
    person.save()
    safety = InfoPage(title="Staying safe", slug="staying-safe", introduction="In short.")
    safety.body = body_of_all_blocks()
    settings.safety_page = settings.help_page = tree.home.add_child(instance=safety)
    settings.save()
    rich = {
        "slug": "rich",
        "body": body_of_all_blocks(),
        "image": ImageFactory(),
        "image_caption": "A corner",
    }
    voice = tree.voice(**rich | {"kicker": "Notes", "standfirst": "Early."})
    event = tree.event(
        **rich | {"is_online": True, "town": "Porto", "place": "Hall 2", "access_notes": "Step-free."},
        registration_url="https://example.org/", transcript="<p>Good evening.</p>",
    )  # fmt: skip
    event.speakers.create(person=person)
    publication = tree.publication(**rich | {"doi": "10.5555/rich", "key_findings": [("finding", "Short.")]})
    for item in (voice, event, publication):
        item.authors.create(person=person)
        item.programs = [tree.program]
        item.save()
    for number in range(13):
        tree.voice(title=f"Older {number}", published_on=date(2024, 5, 1) - timedelta(days=40 * number))
    return tree


PATHS = [
    "/",
    "/topics/",
    "/topics/health/",
    HARM_REDUCTION,
    f"{HARM_REDUCTION}voices/",
    f"{HARM_REDUCTION}2024/",
    "/topics/justice/",
    "/topics/justice/events/",
    "/programs/",
    "/programs/health-and-rights/",
    "/people/",
    "/people/nadia-brenner/",
    "/voices/",
    "/events/",
    "/publications/",
    "/voices/rich/",
    "/events/rich/",
    "/publications/rich/",
    "/staying-safe/",
    "/search/",
    "/search/?q=health",
    "/newsletter/",
    "/newsletter/leave/",
    "/newsletter/confirm/?t=unknown",
    "/nowhere/",
]


def faults_of(response) -> list[str]:
    return Markup(response.content.decode()).faults


def test_every_page_is_well_formed_with_its_headings_in_order(furnished: Tree, client: Client):
    answers = {path: client.get(path) for path in [*PATHS, f"/contact/{furnished.harm_reduction.pk}/"]}
    assert {path: found for path, answer in answers.items() if (found := faults_of(answer))} == {}
    assert {path for path, answer in answers.items() if answer.status_code != 200} == {
        "/nowhere/",
        "/newsletter/confirm/?t=unknown",
    }


def test_older_page_is_well_formed(furnished: Tree, client: Client):
    older = client.get(HARM_REDUCTION).content.decode().split('rel="next" href="')[1].split("#")[0]
    answer = client.get(older)
    assert answer.status_code == 200
    assert faults_of(answer) == []


@pytest.mark.parametrize("status", ["scheduled", "cancelled", "postponed"])
@pytest.mark.parametrize("ago", [timedelta(days=-9), timedelta(days=9)])
def test_event_in_every_state_is_well_formed(tree: Tree, client: Client, status: str, ago: timedelta):
    event = tree.event(status=status, starts_at=timezone.now() - ago, recording_url="https://example.org/")
    assert faults_of(client.get(event.get_url_parts()[2])) == []


def test_answers_to_forms_are_well_formed(furnished: Tree, client: Client):
    own = {"HTTP_SEC_FETCH_SITE": "same-origin"}
    contact = f"/contact/{furnished.harm_reduction.pk}/"
    typed = {"message": "When does the van come?", "email": "broken@"}
    answers = [
        client.post(contact, typed, **own),
        client.post(contact, typed | {"email": ""}, **own),
        client.post(contact, typed | {"email": ""}, **own),
        client.post("/newsletter/", {"email": "broken@", "list": "0"}, **own),
        client.post("/newsletter/", {"email": "reader@example.org"}, **own),
        client.post("/newsletter/", typed),
        client.post("/", **own),
    ]
    assert [answer.status_code for answer in answers] == [422, 200, 200, 422, 200, 403, 405]
    assert [faults_of(answer) for answer in answers] == [[]] * len(answers)


def test_pages_for_faults_are_well_formed(tree: Tree):
    request = RequestFactory().get("/", SERVER_NAME="testserver")
    made = [errors.handler400, errors.handler403, errors.handler500, errors.too_long, errors.unavailable]
    answers = [answer(request) for answer in made] + [errors.too_often(request, 7)]
    assert [faults_of(answer) for answer in answers] == [[]] * len(answers)


def test_page_names_its_language_and_direction(tree: Tree, client: Client):
    assert Markup(client.get("/").content.decode()).root == {"lang": "en", "dir": "ltr"}


def test_arabic_page_runs_from_right_to_left_and_links_to_arabic_pages(furnished: Tree, client: Client):
    arabic = Locale.objects.create(language_code="ar")
    tree = furnished
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction, tree.voices):
        page.copy_for_translation(arabic).save_revision().publish()
    topic = furnished.harm_reduction.get_translation(arabic)
    for path in ("/ar/", "/ar/topics/", f"/ar{HARM_REDUCTION}", "/ar/voices/", "/ar/newsletter/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        read = Markup(answer.content.decode())
        assert (read.root, read.faults) == ({"lang": "ar", "dir": "rtl"}, []), path
    page = client.get(f"/ar{HARM_REDUCTION}").content.decode()
    assert f'action="/ar/contact/{topic.pk}/"' in page
    others = re.sub(r"<a [^>]*hreflang[^>]*>", "", page)  # the filter by language leads elsewhere
    assert 'href="/topics/' not in others
    assert 'href="/voices/' not in page
    form = client.get(f"/ar/contact/{topic.pk}/")
    assert Markup(form.content.decode()).root == {"lang": "ar", "dir": "rtl"}


def test_pages_for_faults_follow_the_language_of_the_request(tree: Tree):
    with translation.override("ar"):
        root = Markup(errors.unavailable(RequestFactory().get("/ar/")).content.decode()).root
    assert root == {"lang": "ar", "dir": "rtl"}
