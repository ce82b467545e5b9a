"""The demo site, as `make run` has loaded it: what is in it, and that all of it can be shown."""

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader
from wagtail.models import Page, PageLogEntry, Site

from content.cards import CARD_FILTERS
from content.models import ContentItem, EventPage, InfoPage, PublicationPage, VoicesPage
from harmhub.models import CustomDocument, CustomImage, SiteSettings
from tests.fixtures.runs import Run
from topics.kinds import Kind
from topics.models import PersonPage, ProgramPage, TopicPage


@pytest.fixture(scope="module", autouse=True)
def _demo(django_db_setup, django_db_blocker, demo_run: Run) -> Iterator[None]:
    with django_db_blocker.unblock(), demo_run.orm():
        yield


@pytest.fixture
def harm_reduction() -> TopicPage:
    return TopicPage.objects.get(slug="harm-reduction")


def rows() -> dict[str, int]:
    models = (Page, CustomImage, CustomDocument, ContentItem, Site, SiteSettings)
    return {model.__name__: model.objects.count() for model in models}


def test_there_is_enough_of_everything():
    areas = TopicPage.objects.filter(depth=4)
    assert {area.title for area in areas} == {"Health", "Justice", "Knowledge", "Participation"}
    assert TopicPage.objects.filter(depth__gt=4).count() >= 8
    assert ProgramPage.objects.count() == 6
    assert PersonPage.objects.count() == 12
    assert ContentItem.objects.public().count() >= 66
    assert set(InfoPage.objects.values_list("slug", flat=True)) >= {
        "about",
        "privacy",
        "staying-safe-online",
        "accessibility",
    }


def test_harm_reduction_is_the_fullest_topic_and_its_events_have_a_second_page(harm_reduction: TopicPage):
    totals = {topic.slug: topic.items.entries.count() for topic in TopicPage.objects.exclude(slug="health")}
    assert max(totals, key=totals.__getitem__) == "harm-reduction"
    assert totals["harm-reduction"] >= 40
    kinds = Counter(item.kind for item in harm_reduction.items.newest(1_000))
    assert kinds[Kind.EVENT] > 12
    assert min(kinds.values()) >= 10
    assert harm_reduction.get_children().type(TopicPage).first().get_children().exists()


def test_newest_work_is_fresh_and_the_oldest_years_old(harm_reduction: TopicPage):
    items = harm_reduction.items.newest(1_000)
    assert timezone.localdate() - items[0].published_on < timedelta(days=7)
    assert items[-1].published_on.year == 2019
    assert all(item.published_on <= timezone.localdate() for item in items)


def test_events_are_past_coming_postponed_and_cancelled(harm_reduction: TopicPage):
    events = [item.detail for item in harm_reduction.items.of_kind(Kind.EVENT).newest(1_000)]
    assert {event.status for event in events} == set(EventPage.Status.values)
    assert sum(event.is_past for event in events) > 5
    assert sum(not event.is_past and event.is_on for event in events) >= 3
    assert any(event.recording_url and event.transcript for event in events)
    assert len({event.time_zone for event in events}) > 5


def test_publications_have_real_files_in_several_languages():
    languages = Counter()
    for publication in PublicationPage.objects.all():
        for file in publication.files.all():
            languages[file.language] += 1
            with file.document.file.open() as pdf:
                pages = PdfReader(pdf).pages
                text = "".join(page.extract_text() for page in pages)
            assert file.document.page_count == len(pages) > 1
            assert "Fennmark Foundation" in text
            assert "\ufffd" not in text
    assert set(languages) == {"en", "es", "fr", "pt"}
    assert PublicationPage.objects.values("publication_type").distinct().count() == 5
    assert PublicationPage.objects.exclude(isbn="").count() >= 10


def test_items_have_authors_inside_and_outside_several_topics_and_sometimes_no_image():
    items = ContentItem.objects.all()
    assert items.filter(authors__person__isnull=False).exists()
    assert items.filter(authors__person__isnull=True).exclude(authors__name="").exists()
    assert items.filter(further_topics__isnull=False).distinct().count() > 10
    assert items.filter(image=None).exists()
    assert CustomImage.objects.count() > 14


def test_at_least_twelve_articles_have_a_body_of_some_length():
    lengths = [len(str(article.body).split()) for article in VoicesPage.objects.all()]
    assert sum(length > 250 for length in lengths) >= 12
    assert min(lengths) > 80


def test_people_authors_and_files_stand_in_the_order_of_the_texts(harm_reduction: TopicPage):
    assert next(iter(harm_reduction.people)).slug == "mirela-stankov-roy"
    article = ContentItem.objects.get(slug="a-kit-behind-every-bar")
    assert article.byline == ["Daria Melnikova-Holt", "Mirela Stankov-Roy"]
    publication = PublicationPage.objects.get(slug="plain-words")
    assert [file.language for file in publication.files.all()] == ["en", "es", "fr"]


def test_there_are_open_and_closed_calls(harm_reduction: TopicPage):
    assert 0 < len(harm_reduction.calls) < len(harm_reduction.open_calls)


@pytest.mark.parametrize(
    "model", [VoicesPage, EventPage, PublicationPage, TopicPage, ProgramPage, PersonPage]
)
def test_every_page_would_pass_its_form(model: type[Page]):
    for page in model.objects.all():
        page.full_clean()


def test_every_page_answers(client: Client):
    with transaction.atomic():
        # Making all their pictures would take most of a minute; the tests below look at pictures.
        ContentItem.objects.update(image=None)
        PersonPage.objects.update(photo=None)
        pages = Page.objects.filter(depth__gt=1)
        answers = {page.url: client.get(page.get_url()).status_code for page in pages}
        transaction.set_rollback(True)
    assert {url: status for url, status in answers.items() if status != 200} == {}


def test_every_picture_of_a_card_is_small():
    images = CustomImage.objects.filter(pk__in=ContentItem.objects.values("image"))
    made = [rendition for image in images for rendition in image.get_renditions(*CARD_FILTERS).values()]
    sizes = [rendition.file.size for rendition in made]
    assert len(sizes) == 2 * len(images)
    assert max(sizes) <= 12_288


def test_fullest_topic_page_fits_its_budget(client: Client):
    page = client.get("/topics/health/harm-reduction/").content
    assert len(gzip.compress(page, 6)) <= 10_240


def test_texts_hold_no_mark_that_was_not_understood(client: Client):
    for slug in ("about", "privacy", "staying-safe-online", "accessibility"):
        shown = client.get(f"/{slug}/").content.decode().partition("<main")[2]
        assert "page:" not in shown
        assert "](" not in shown
        assert "\n! " not in shown


def test_privacy_page_says_how_long_things_are_kept(client: Client):
    shown = client.get("/privacy/").content.decode()
    for promise in ("no cookie", "90 days", "one year", "30 days", "30 days after you leave", "7 days"):
        assert promise in shown


def test_safety_page_says_that_history_is_not_erased(client: Client):
    assert "does not erase your history" in client.get("/staying-safe-online/").content.decode()


def test_site_knows_its_organisation_and_its_pages():
    settings = SiteSettings.for_site(Site.objects.get())
    assert settings.organisation == "Fennmark Foundation"
    assert settings.contact_recipients == ["hello@fennmark.example.org"]
    assert settings.privacy_page.slug == "privacy"
    assert settings.safety_page.slug == "staying-safe-online"


def test_wagtails_welcome_page_is_gone():
    assert Page.objects.filter(depth=2).count() == 1
    assert Site.objects.get().root_page.title == "Fennmark Foundation"


def test_history_of_every_page_begins_with_how_it_was_loaded():
    for page in Page.objects.filter(depth__gt=1).specific():
        assert page.latest_revision == page.live_revision
        old = page.latest_revision.as_object()
        old.live_revision = page.live_revision  # no content of a version
        assert old.serializable_data() == page.serializable_data()
        assert not page.has_unpublished_changes
    created = PageLogEntry.objects.filter(action="wagtail.create")
    assert all(entry.revision == entry.page.latest_revision for entry in created)


def test_loading_again_changes_nothing_and_says_so():
    before, said = rows(), StringIO()
    call_command("load_demo", stdout=said)
    assert rows() == before
    assert said.getvalue() == "The demo site is already here. Nothing was changed.\n"
