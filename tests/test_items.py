"""What the pages and cards of events and publications say."""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.utils.translation import override

from content.models import ContentItem, EventPage, EventSpeaker, ItemAuthor, PublicationFile
from content.models.publications import validate_isbn
from harmhub.store.shown import noting
from harmhub.templatetags.hub import day_range, file_facts, wall, zone_name
from tests.factories import DocumentFactory, Tree

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


# --- events: what the clock says


def test_event_that_ends_today_is_upcoming():
    assert not EventPage(starts_at=now() - HOUR, ends_at=now() + HOUR).is_past


def test_event_is_past_from_its_end():
    assert EventPage(starts_at=now() - 2 * HOUR, ends_at=now() - timedelta(seconds=1)).is_past


def test_event_without_an_end_is_past_a_day_after_its_start():
    assert not EventPage(starts_at=now() - 23 * HOUR).is_past
    assert EventPage(starts_at=now() - 25 * HOUR).is_past


def test_event_without_a_date_is_not_past():
    assert not EventPage().is_past


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"starts_at": now() - 48 * HOUR}, "Past event"),
        (
            {"starts_at": now() - 48 * HOUR, "recording_url": "https://example.org/r"},
            "Past event, with recording",
        ),
        ({"status": "cancelled"}, "Cancelled"),
        ({"status": "cancelled", "starts_at": now() - 48 * HOUR}, "Cancelled"),
        ({"status": "postponed"}, "Postponed"),
        ({"status": "postponed"}, "</time></s>"),
    ],
)
def test_card_says_what_became_of_an_event(tree: Tree, client: Client, fields: dict, said: str):
    tree.event(slug="hearing", **fields)
    assert said in client.get("/topics/health/harm-reduction/").content.decode()
    assert client.get("/events/hearing/").status_code == 200


@pytest.mark.django_db
def test_upcoming_event_says_so(tree: Tree, client: Client):
    tree.event()
    card = client.get("/topics/health/harm-reduction/").content.decode().split('class="card event"')[1]
    assert "Upcoming" in card
    assert not any(word in card for word in ("Past event", "Cancelled", "Postponed"))


@pytest.mark.django_db
def test_postponed_event_shows_its_old_day_as_what_was_planned(tree: Tree, client: Client):
    tree.event(slug="later", status="postponed", starts_at=datetime(2027, 7, 1, 17, 0, tzinfo=UTC))
    page = " ".join(client.get("/events/later/").content.decode().split())
    assert "<b>The new date will be announced here.</b>" in page
    assert "It was planned for <time" in page
    assert "18:00, " not in page


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "said"), [(2020, "did not take place"), (2090, "will not take place")])
def test_cancelled_event_says_so_in_its_tense(tree: Tree, client: Client, day: int, said: str):
    tree.event(slug="off", status="cancelled", starts_at=datetime(day, 7, 1, 17, 0, tzinfo=UTC))
    assert f"This event {said}." in client.get("/events/off/").content.decode()


@pytest.mark.django_db
def test_event_is_shown_in_the_time_of_its_place(tree: Tree, client: Client):
    tree.event(
        slug="lisbon",
        starts_at=datetime(2027, 7, 1, 17, 0, tzinfo=UTC),
        time_zone="Europe/Lisbon",
        town="Lisbon",
    )
    page = client.get("/events/lisbon/").content.decode()
    assert "Thursday, 1 July 2027" in page
    assert "18:00, Lisbon time (WEST)" in " ".join(page.split())
    assert "1 July, 17:00 UTC" in " ".join(page.split())
    assert 'datetime="2027-07-01T18:00:00+01:00"' in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "promised"),
    [
        ({}, False),
        ({"registration_url": "https://example.org/r"}, True),
        # Whose button is not shown.
        ({"registration_url": "https://example.org/r", "status": "postponed"}, False),
    ],
)
def test_link_to_an_event_online_is_promised_only_where_one_can_register(
    tree: Tree, client: Client, fields: dict, promised: bool
):
    tree.event(slug="online", is_online=True, **fields)
    said = facts(client, "online")
    assert "Online" in said
    assert ("comes with your registration" in said) == promised


def facts(client: Client, slug: str) -> str:
    """Return what an event's page says of when and where."""
    page = client.get(f"/events/{slug}/").content.decode()
    return " ".join(BeautifulSoup(page, "html.parser").select_one(".facts").get_text(" ").split())


@pytest.mark.django_db
def test_event_over_several_days_tells_both_by_the_clocks_of_its_place(tree: Tree, client: Client):
    # In Tokyo, an evening and the morning after, over a new year; in UTC one day.
    tree.event(
        slug="tokyo",
        starts_at=datetime(2027, 12, 31, 10, 0, tzinfo=UTC),
        ends_at=datetime(2027, 12, 31, 22, 0, tzinfo=UTC),
        time_zone="Asia/Tokyo",
    )
    said = facts(client, "tokyo")
    assert "Friday, 31 December 2027 – Saturday, 1 January 2028" in said
    assert "31 December, 19:00 – 1 January, 07:00, Tokyo time (JST)" in said
    assert "31 December, 10:00 – 22:00 UTC" in said


@pytest.mark.django_db
def test_event_during_which_the_clocks_change_tells_both_names_of_its_zone(tree: Tree, client: Client):
    tree.event(
        slug="night",
        starts_at=datetime(2027, 10, 30, 19, 0, tzinfo=UTC),
        ends_at=datetime(2027, 10, 31, 12, 0, tzinfo=UTC),
    )
    said = facts(client, "night")
    assert "30 October, 20:00 – 31 October, 12:00, Lisbon time (WEST – WET)" in said


@pytest.mark.django_db
def test_event_within_one_day_of_its_place_tells_one_day(tree: Tree, client: Client):
    tree.event(
        slug="lima",
        starts_at=datetime(2027, 3, 1, 22, 0, tzinfo=UTC),
        ends_at=datetime(2027, 3, 2, 1, 0, tzinfo=UTC),
        time_zone="America/Lima",
    )
    said = facts(client, "lima")
    assert "Monday, 1 March 2027 17:00 – 20:00, Lima time (UTC-5)" in said
    assert "Tuesday" not in said
    assert "1 March, 22:00 – 2 March, 01:00 UTC" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "links"),
    [
        ({}, ["room"]),
        ({"is_online": True}, ["room"]),
        ({"status": "postponed"}, ["room"]),
        ({"status": "cancelled"}, []),
        ({"status": "cancelled", "starts_at": now() - 48 * HOUR}, []),
        ({"starts_at": now() - 48 * HOUR}, ["recording"]),
    ],
)
def test_online_address_is_for_what_is_to_come_and_the_recording_for_what_is_past(
    tree: Tree, client: Client, fields: dict, links: list[str]
):
    addresses = {name: f"https://example.org/{name}" for name in ("room", "recording")}
    tree.event(
        slug="talk", **{"online_url": addresses["room"], "recording_url": addresses["recording"]} | fields
    )
    page = client.get("/events/talk/").content.decode()
    assert [name for name, address in addresses.items() if address in page] == links
    assert "Online" in page


@pytest.mark.django_db
def test_page_that_shows_an_event_is_made_anew_when_the_event_starts_and_when_it_is_over():
    starts, ends = now() + HOUR, now() + 2 * HOUR
    event = EventPage(starts_at=starts, ends_at=ends)
    with noting() as shown:
        assert not event.is_past
    assert shown.until == (ends + timedelta(seconds=1)).timestamp()
    with noting() as shown:
        assert event.is_upcoming
    assert shown.until == starts.timestamp()


def test_database_refuses_an_event_that_ends_before_it_starts(tree: Tree):
    with pytest.raises(IntegrityError), transaction.atomic():
        EventPage.objects.filter(pk=tree.event().pk).update(ends_at=now() - 99 * 24 * HOUR)


@pytest.mark.django_db
def test_list_of_events_begins_with_what_is_to_come_the_soonest_first(tree: Tree, client: Client):
    for title, hours in (("Second", 48), ("First", 24), ("Past", -24)):
        tree.event(title=title, starts_at=now() + timedelta(hours=hours), ends_at=None)
    tree.event(title="Off", starts_at=now() + HOUR, status=EventPage.Status.CANCELLED)
    coming = BeautifulSoup(client.get("/events/").content, "html.parser").select(".dates a")
    assert [link.text for link in coming] == ["First", "Second"]
    year = client.get(f"/events/{now().year}/").content
    assert not BeautifulSoup(year, "html.parser").select(".dates")


@pytest.mark.django_db
def test_next_events_of_the_home_page_are_those_that_take_place_soonest_first(tree: Tree, client: Client):
    tree.event(title="Later", starts_at=now() + 72 * HOUR)
    tree.event(title="Sooner", starts_at=now() + 24 * HOUR, town="Porto", is_online=True)
    tree.event(title="Called off", starts_at=now() + HOUR, status="cancelled")
    tree.event(title="Over", starts_at=now() - 72 * HOUR)
    with noting() as shown:
        events = tree.home.next_events
    assert [event.title for event in events] == ["Sooner", "Later"]
    assert shown.until == events[0].starts_at.timestamp()
    sooner = BeautifulSoup(client.get("/").content, "html.parser").select_one(".dates li")
    assert "Porto and online" in sooner.text


# --- authors, speakers, files: what the database keeps


@transaction.atomic
def store(row: Model) -> None:
    """Store a row as a transaction of its own does."""
    row.save()
    connection.check_constraints()


@pytest.mark.django_db
def test_database_refuses_an_author_twice_and_one_who_is_a_person_and_a_name(tree: Tree):
    voice = tree.voice()
    ItemAuthor.objects.create(item=voice, person=tree.person)
    with pytest.raises(IntegrityError):
        store(ItemAuthor(item=voice, person=tree.person))
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemAuthor.objects.create(item=tree.voice(), person=tree.person, name="Nadia")
    with pytest.raises(IntegrityError), transaction.atomic():
        EventSpeaker.objects.create(event=tree.event(), person=tree.person, name="Nadia")


@pytest.mark.django_db
def test_database_refuses_a_speaker_twice_and_a_long_summary(tree: Tree):
    event = tree.event(summary="x" * 240)
    EventSpeaker.objects.create(event=event, person=tree.person)
    with pytest.raises(IntegrityError):
        store(EventSpeaker(event=event, person=tree.person))
    with pytest.raises(IntegrityError), transaction.atomic():
        ContentItem.objects.update(summary="x" * 241)


@pytest.mark.django_db
def test_authors_from_inside_are_links_and_those_from_outside_names(tree: Tree, client: Client):
    voice = tree.voice(slug="van")
    ItemAuthor.objects.create(item=voice, person=tree.person, sort_order=0)
    ItemAuthor.objects.create(item=voice, name="Piotr Halasz", sort_order=1)
    page = client.get("/voices/van/").content.decode()
    assert '<a href="/people/nadia-brenner/">Nadia Brenner</a>, Piotr Halasz' in page
    assert "Nadia Brenner, Piotr Halasz" in client.get("/topics/health/harm-reduction/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("deleted", ["person", "people"])
def test_name_stays_on_the_work_when_the_page_of_the_person_is_deleted(
    tree: Tree, client: Client, deleted: str
):
    voice, event = tree.voice(slug="van"), tree.event(slug="hearing")
    voice.authors.add(ItemAuthor(person=tree.person))
    voice.save()
    event.speakers.add(EventSpeaker(person=tree.person, role="Host"))
    event.save()
    version = event.save_revision()
    getattr(tree, deleted).delete()
    version.refresh_from_db()
    version.publish()
    for address in ("/voices/van/", "/events/hearing/", "/voices/"):
        page = client.get(address).content.decode()
        assert "Nadia Brenner" in page
        assert "/people/nadia-brenner/" not in page
    row = EventSpeaker.objects.get(event=event)
    assert (row.person, row.name, row.role) == (None, "Nadia Brenner", "Host")


@pytest.mark.django_db
def test_publication_offers_its_files_by_language_with_what_they_weigh(tree: Tree, client: Client):
    publication = tree.publication(slug="counting", doi="10.5555/counting", isbn="978-3-16-148410-0")
    document = DocumentFactory(title="Counting", file=ContentFile(b"x" * 2048, "counting.txt"))
    PublicationFile.objects.create(publication=publication, document=document, language="es")
    page = client.get("/publications/counting/").content.decode()
    assert "Español" in page
    assert f'href="{document.url}" hreflang="es">TXT, 2.0' in page
    assert "doi:10.5555/counting" in page


@pytest.mark.django_db
def test_signs_of_a_doi_that_mean_something_in_an_address_are_part_of_it(tree: Tree, client: Client):
    tree.publication(slug="odd", doi="10.1000/456#789?(a)<b>")
    page = BeautifulSoup(client.get("/publications/odd/").content, "html.parser")
    link = page.find("a", string="10.1000/456#789?(a)<b>")
    assert link["href"] == "https://doi.org/10.1000/456%23789%3F%28a%29%3Cb%3E"


@pytest.mark.parametrize("isbn", ["9783161484100", "978-3-16-148410-0", "979-10-90636-07-1"])
def test_isbn_with_its_check_digit_is_taken(isbn: str):
    validate_isbn(isbn)


@pytest.mark.parametrize(
    "isbn", ["9783161484101", "3161484100", "9773161484100", "978316148410", "٩٧٨٣١٦١٤٨٤١٠٠"]
)
def test_any_other_isbn_is_refused(isbn: str):
    with pytest.raises(ValidationError):
        validate_isbn(isbn)


# --- how dates and files are written


def test_zone_without_a_name_is_told_by_its_distance():
    event = EventPage(starts_at=datetime(2026, 1, 1, tzinfo=UTC), time_zone="Asia/Kathmandu")
    assert zone_name(event.starts) == "UTC+5:45"
    event.time_zone = "America/Sao_Paulo"
    assert zone_name(event.starts) == "UTC-3"
    event.time_zone = "Africa/Nairobi"
    assert zone_name(event.starts) == "EAT"


def test_range_of_days_names_each_year_once():
    def shown(*days: tuple[int, int]) -> str:
        return day_range(tuple(datetime(year, month, 1, tzinfo=UTC).date() for year, month in days))

    assert shown((2018, 5), (2017, 11)) == "May 2018 – November 2017"
    assert shown((2026, 8), (2026, 5)) == "August – May 2026"
    assert shown((2026, 5), (2026, 5)) == "May 2026"
    assert day_range(None) == ""


def test_days_are_written_as_each_language_writes_them():
    event = EventPage(starts_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), time_zone="Asia/Tokyo")
    days = (datetime(2026, 7, 1, tzinfo=UTC).date(), datetime(2026, 5, 1, tzinfo=UTC).date())
    assert wall(event.starts, "l, DATE_FORMAT") == "Thursday, 2 July 2026"
    with override("es"):
        assert wall(event.starts, "l, DATE_FORMAT") == "jueves, 2 de julio de 2026"
        assert wall(event.starts, "MONTH_DAY_FORMAT, H:i") == "2 de julio, 07:30"
        assert day_range(days) == "julio – mayo de 2026"
    with override("ru"):
        assert wall(event.starts, "DATE_FORMAT, H:i") == "2 июля 2026 г., 07:30"  # noqa: RUF001


def test_event_says_in_few_words_where_it_takes_place():
    assert EventPage(town="Lisbon").whereabouts == "Lisbon"
    assert EventPage(town="Lisbon", is_online=True).whereabouts == "Lisbon and online"
    assert EventPage(online_url="https://meet.example.org/").whereabouts == "Online"
    assert EventPage(place="Big Hall, Rua do Norte 5, Porto").whereabouts == "Big Hall"
    assert EventPage(place="Big Hall, Rua do Norte 5", town="Porto").whereabouts == "Porto"
    assert EventPage().whereabouts == ""


def test_file_facts_leave_out_what_is_not_known():
    assert file_facts({"name": "a/b.pdf", "pages": 64, "size": 1_887_437}) == "PDF, 64 pages, 1.8\xa0MB"
    assert file_facts({"name": "a/b.csv", "pages": None, "size": None}) == "CSV"
    assert file_facts({"name": "b.pdf", "pages": 1, "size": None}) == "PDF, 1 page"


def test_wall_time_ignores_the_readers_zone():
    event = EventPage(starts_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), time_zone="Asia/Tokyo")
    assert wall(event.starts, "j F, H:i") == "2 July, 07:30"
