"""Search: what is found, in which order, how it is shown, and what is never found."""

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from unicodedata import normalize

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Collection, CollectionViewRestriction, Locale, Page, PageViewRestriction

from content import search, views
from content.models import ContentItem, EventSpeaker, ItemAuthor, PublicationFile, VoicesPage
from content.search import Question, Search, words_of
from harmhub.models import CustomRendition
from tests.factories import ImageFactory, TopicFactory, Tree, body_of_all_blocks, copies
from tests.fixtures.searching import ask, found, report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("words_follow_at_once")]


# --- what is found


def test_words_are_found_in_titles_summaries_texts_and_names(tree: Tree):
    item = tree.voice(
        title="The Night Van",
        summary="It keeps its appointments.",
        body=body_of_all_blocks(),
        kicker="Letter",
    )
    ItemAuthor.objects.create(item=item, name="Ilse Marten")
    ItemAuthor.objects.create(item=item, person=tree.person, sort_order=1)
    item.tags.add("naloxone")
    item.save()
    for q in ("van", "appointment", "corner", "wound forgets", "twice a week", "letter", "marten"):
        assert found(q) == ["The Night Van"], q
    assert found("naloxone") == ["The Night Van"]
    assert found("nadia brenner") == ["Nadia Brenner", "The Night Van"]
    assert found("van absent") == []


def test_words_that_a_language_drops_are_found_in_capitals_and_in_titles(tree: Tree):
    tree.voice(title="Guidelines of the WHO", slug="a")
    tree.voice(title="Guidelines", slug="b", body=[("text", "<p>By the WHO.</p>")])
    tree.voice(title="Guidelines for People Who Counsel", slug="c")
    assert found("WHO") == ["Guidelines of the WHO", "Guidelines"]
    assert set(found("WHO guidelines")) == {"Guidelines of the WHO", "Guidelines"}
    assert set(found("who")) == {"Guidelines of the WHO", "Guidelines for People Who Counsel"}
    assert found("for who") == ["Guidelines for People Who Counsel"]
    assert len(found("who guidelines")) == len(found("THE GUIDELINES")) == 3
    assert found("FOR WHO") == ["Guidelines for People Who Counsel"]
    assert found("WHO absent") == found("WHICH") == []


def test_files_are_searched_for_words_in_capitals(tree: Tree):
    publication = tree.publication(title="Counting")
    PublicationFile.objects.create(publication=publication, document=report("Advice of the WHO on needles."))
    assert found("WHO needles") == ["Counting"]


def test_what_belongs_to_an_event_or_a_publication_is_found(tree: Tree):
    event = tree.event(
        title="Hearing", place="Town Hall", town="Coimbra", transcript="<p>Madam <b>chair</b></p>"
    )
    EventSpeaker.objects.create(event=event, name="Dr. Faro")
    publication = tree.publication(
        title="Counting", isbn="978-3-16-148410-0", key_findings=[("finding", "Conversations explain more.")]
    )
    PublicationFile.objects.create(publication=publication, document=report("A pencil is enough."))
    for q in ("town hall", "coimbra", "faro", "chair"):
        assert found(q) == ["Hearing"], q
    for q in ("978-3-16-148410-0", "conversation", "pencil"):
        assert found(q) == ["Counting"], q


def test_words_are_found_whatever_stands_between_them(tree: Tree):
    tree.voice(title="HIV/AIDS", slug="a", summary="Peer-led, in 2024/25, in the U.S. and on who.int.")
    tree.publication(title="Peer led", doi="10.5555/report.2026")
    tree.voice(title="Housing", slug="c", body=[("text", "<p>Of injecting/inhaling: 3.5 grams.</p>")])
    for q in ("aids", "hiv", "HIV/AIDS", "2024", "2024/25", "U.S.", "who.int"):
        assert found(q) == ["HIV/AIDS"], q
    for q in ("peer-led", "peer led", "peer/led"):
        assert set(found(q)) == {"HIV/AIDS", "Peer led"}, q
    for q in ("inhaling", "injecting/inhaling", "3.5"):
        assert found(q) == ["Housing"], q
    assert found("10.5555/report.2026") == ["Peer led"]
    assert "Did you mean <b>aids</b>?" in ask("aidss")


def test_words_between_less_and_more_are_found_and_those_within_tags_are_not(tree: Tree):
    tree.publication(
        title="Counting",
        slug="a",
        summary="Of a<crayon then c>d.",
        key_findings=[("finding", "It fell by <5 percent in villages and by >10 percent in towns.")],
        body=[
            ("heading", "With <zeppelin> & co"),
            ("quote", {"text": "If p < 0.05 the reviewers cheer, if p > 0.05 they sleep.", "source": ""}),
            ("callout", {"title": "<vans>", "text": '<p>Tea &amp; <a href="https://x.org/">bread</a></p>'}),
            ("text", '<p>Where a &lt;kettle&gt; is<br/>on. <a linktype="page" id="3">Bakery</a></p>'),
        ],
    )
    for q in ("crayon", "villages", "towns", "zeppelin", "cheer", "vans", "bread", "kettle", "bakery"):
        assert found(q) == ["Counting"], q
    for q in ("href", "linktype", "x.org", "br", "amp bread"):
        assert found(q) == [], q
    assert "<mark>villages</mark>" in ask("villages")


def test_topics_programs_people_and_other_pages_stand_first(tree: Tree):
    tree.health.learn_more = "<p>Why <i>clinics</i> close.</p>"
    tree.health.save()
    tree.voice(title="Health in Numbers")
    assert found("health") == ["Health", "Health and Rights", "Health in Numbers"]
    assert found("clinic") == ["Health"]
    assert found("health", kind="voices") == ["Health in Numbers"]


def test_words_are_stemmed_in_the_language_of_the_page_and_need_no_accents(tree: Tree):
    tree.voice(title="Exchanging needles at the café")
    french = Locale.objects.create(language_code="fr")
    tree.voices.copy_for_translation(french, copy_parents=True)
    Page.objects.filter(locale=french).update(live=True, alias_of=None)
    parent = tree.voices.get_translation(french)
    translated = parent.add_child(
        instance=VoicesPage(
            title="Les chevaux à Liège",
            slug="cheval",
            published_on=date(2026, 1, 1),
            summary="Non.",
            primary_topic=tree.health,
        )
    )
    assert translated.locale == french
    assert found("exchange needle cafe") == ["Exchanging needles at the café"]
    assert found("cheval liege", path="/fr/search/") == ["Les chevaux à Liège"]
    assert found("cheval", language="fr") == ["Les chevaux à Liège"]
    assert found("cheval") == []


@pytest.mark.parametrize("typed", ["buprenorphine", "bupre\u00adnorphine"])
def test_words_that_may_be_broken_at_the_end_of_a_line_are_found_whole(tree: Tree, typed: str):
    body = [("text", "<p>With bupre\u00adnor\u00adphine.</p>")]
    tree.voice(title="Van", body=body)
    tree.voice(title="Bupre\u00adnor\u00adphine")
    assert sorted(found(typed)) == ["Bupre\u00adnor\u00adphine", "Van"]
    assert "<mark>buprenorphine</mark>" in ask(typed)


@pytest.mark.parametrize(
    ("language", "title", "typed"),
    [
        ("fr", "Réduction des risques", "réduction"),
        ("fr", "ÉTÉ", "ÉTÉ"),
        ("ar", "المخدّرات والصحة", "المخدّرات"),
        ("ar", "المخدّرات والصحة", "المخدرات"),
        ("ru", "Вред и помощь", "по\u0301мощь"),  # noqa: RUF001
        ("ru", "Чужой", "Чужой"),
        ("hi", "हिन्दी", "हिन्दी"),
        ("fa", "می\u200cخواهم", "می\u200cخواهم"),  # noqa: RUF001
    ],
)
@pytest.mark.parametrize("form_of_title", ["NFC", "NFD"])
@pytest.mark.parametrize("form_of_question", ["NFC", "NFD"])
def test_words_are_found_however_their_letters_and_marks_are_stored(
    tree: Tree, language, title, typed, form_of_title, form_of_question
):
    Locale.objects.update(language_code=language)
    tree.voice(title=normalize(form_of_title, title))
    question = Question(" ".join(words_of(normalize(form_of_question, typed))), language, tree.home.locale_id)
    assert Search(question).total == 1
    assert Search(replace(question, words=" ".join(words_of(title)))).total == 1


@pytest.mark.parametrize(
    ("given", "titles"),
    [
        ({"kind": "events"}, ["Van at night"]),
        ({"topic": "justice"}, ["Van on trial"]),
        ({"topic": "health"}, ["Van at night", "Van of old"]),
        ({"program": "program"}, ["Van of old"]),
        ({"year": "2019"}, ["Van of old"]),
        ({"topic": "health", "program": "program", "year": "2019", "kind": "voices"}, ["Van of old"]),
        ({"topic": "justice", "program": "program"}, []),
        ({"kind": "nonsense", "topic": "x", "program": "999999", "year": "later", "page": "-1"}, None),
    ],
)
def test_results_are_narrowed_by_kind_topic_program_and_year_together(tree: Tree, given, titles):
    tree.event(title="Van at night")
    tree.voice(title="Van on trial", primary_topic=tree.justice, published_on=date(2026, 4, 1))
    old = tree.voice(title="Van of old", published_on=date(2019, 4, 1))
    old.programs = [tree.program]
    old.save()
    numbers = {
        name: getattr(tree, value).pk if name in ("topic", "program") and hasattr(tree, value) else value
        for name, value in given.items()
    }
    expected = ["Van at night", "Van on trial", "Van of old"] if titles is None else titles
    assert sorted(found("van", **numbers)) == sorted(expected)


# --- in which order


def test_title_counts_more_than_summary_more_than_text_more_than_files(tree: Tree):
    filed = tree.publication(title="Filed")
    PublicationFile.objects.create(publication=filed, document=report("Naloxone."))
    tree.voice(title="Written", body=[("text", "<p>Naloxone.</p>")])
    tree.voice(title="Summed up", summary="Naloxone.")
    tree.voice(title="Naloxone")
    assert found("naloxone") == ["Naloxone", "Summed up", "Written", "Filed"]


def test_of_equals_the_newer_stands_first(tree: Tree):
    for year in (2012, 2026, 2019):
        tree.voice(title=f"Naloxone {year}", published_on=date(year, 1, 1))
    assert found("naloxone") == ["Naloxone 2026", "Naloxone 2019", "Naloxone 2012"]


def test_new_work_stands_before_old_work_that_says_it_a_little_louder(tree: Tree):
    tree.voice(title="The van", summary="One.", published_on=date(1985, 3, 1))
    tree.voice(title="Wheels", summary="A van.", published_on=timezone.localdate())
    assert found("van") == ["Wheels", "The van"]


def test_results_are_read_page_by_page_each_once(tree: Tree):
    copies(tree.voice(title="Naloxone"), 29)
    pages = [found("naloxone", page=number) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [12, 12, 6]
    assert len({title for page in pages for title in page}) == 30
    first, last, beyond = (ask("naloxone", page=number) for number in (1, 3, 9))
    assert "30 results for “naloxone”" in first
    assert 'rel="next" href="?q=naloxone&amp;page=2#recent"' in first
    assert "13–24" in first
    assert 'rel="prev" href="?q=naloxone&amp;page=2#recent"' in last
    assert 'rel="next"' not in last
    assert "There are no more results." in beyond


def test_of_very_many_the_newest_are_ranked_and_the_number_says_so(tree: Tree, monkeypatch):
    monkeypatch.setattr(search, "MOST", 20)
    tree.voice(title="Naloxone, naloxone, naloxone", published_on=date(2001, 1, 1))
    copies(tree.voice(title="Naloxone"), 24)
    assert "More than 20 results for “naloxone”" in ask("naloxone")
    assert "Naloxone, naloxone, naloxone" not in found("naloxone")
    assert 'rel="next"' not in ask("naloxone", page=2)


def test_queries_are_the_same_for_few_and_many_items(tree: Tree):
    numbers = []
    for more in (3, 40):
        copies(tree.voice(title="Naloxone"), more)
        ask("naloxone")
        with CaptureQueriesContext(connection) as queries:
            ask("naloxone")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_pictures_that_no_result_shows_are_not_asked_for(tree: Tree):
    tree.voice(title="Naloxone", image=ImageFactory())
    with CaptureQueriesContext(connection) as queries:
        assert "Naloxone</mark>" in ask("naloxone")
    assert not [each for each in queries if CustomRendition._meta.db_table in each["sql"]]


# --- how it is shown


def test_what_was_found_is_marked_and_nothing_else_is_markup(tree: Tree):
    tree.voice(
        title="Tea & <b>needles</b>", summary="A needle \x02 & a <script>", body=[("text", "<p>x</p>")]
    )
    shown = ask("needle")
    assert "<h3><a href=" in shown
    assert "Tea &amp; &lt;b&gt;<mark>needles</mark>&lt;/b&gt;" in shown
    assert "A <mark>needle</mark>  &amp; a" in shown
    assert "<script" not in shown


def test_part_of_the_text_that_holds_the_words_is_shown(tree: Tree):
    filler = " ".join(f"word{number}" for number in range(400))
    tree.voice(title="Van", body=[("text", f"<p>{filler} strips for testing {filler}</p>")])
    shown = ask("strip")
    assert "<mark>strips</mark> for testing" in shown
    assert len(re.sub("<.*?>", "", shown).split("word")) < 60


def test_mistyped_word_leads_to_the_similar_one_and_back(tree: Tree):
    tree.voice(title="Drug Checking")
    shown = ask("drug cheking")
    assert "Did you mean <b>drug checking</b>?" in shown
    assert "<mark>Checking</mark>" in shown
    exact = re.search(r'href="(\?q=drug\+cheking[^"]*)">Search for “drug cheking” instead', shown)
    assert exact
    instead = Client().get("/search/" + unescape(exact[1])).content.decode()
    assert "0 results for “drug cheking”" in instead
    assert "Did you mean" not in instead


def test_a_part_of_a_word_is_no_correction_of_it(tree: Tree):
    tree.voice(title="By phone")
    assert "Did you mean" not in ask("xylophone")


def test_only_words_that_nothing_public_holds_are_corrected(tree: Tree):
    tree.voice(title="Hive Services", body=[("text", "<p>About HIV and serologies.</p>")])
    tree.voice(title="Serology", live=False, summary="Gardenias.")
    assert "Did you mean <b>HIV services</b>?" in ask("HIV servces")
    assert "Did you mean <b>serologies services</b>?" in ask("serologies servces")
    assert "Did you mean" not in ask("gardenia servces")


def test_word_that_nothing_public_holds_does_not_stand_before_one_that_is_found(tree: Tree):
    tree.voice(title="About naloxone")
    for number, draft in enumerate(["Naloxan", "Naloxaan"]):
        tree.voice(title=draft, slug=f"draft-{number}", live=False)
    assert "Did you mean <b>naloxone</b>?" in ask("naloxane")


def test_words_of_three_letters_are_not_corrected(tree: Tree):
    tree.voice(title="Anna", summary="Anton.")
    assert "Did you mean" not in ask("ann")
    assert "Did you mean <b>anton</b>?" in ask("antn")


def test_page_asks_to_be_kept_by_nobody(tree: Tree, client: Client):
    response = client.get("/search/?q=needle")
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert response.cookies == {}
    assert "Exit this page" in response.content.decode()


def test_search_is_found_on_every_page(tree: Tree, client: Client):
    assert 'href="/search/">Search</a>' in client.get("/topics/health/").content.decode()


# --- odd input


@pytest.mark.parametrize(
    "signs",
    ["", " ", "&|!():*<->", "'", "\\", '"', "%_", "\N{ARABIC FIVE POINTED STAR}", "-- ;", "| !", "\u0301"],
)
def test_signs_are_no_operators(tree: Tree, signs: str):
    tree.voice(title="Needle")
    assert found(signs) == []
    assert found(f"needle {signs}") == found(f"{signs} needle") == ["Needle"]


def test_what_was_typed_is_text_and_no_markup(tree: Tree):
    shown = ask('"><script>alert(1)</script>')
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_only_so_much_is_searched_for_and_the_reader_is_told(tree: Tree):
    tree.voice(title="one two three four five six seven eight nine ten")
    assert found("one two three four five six seven eight nine ten eleven") != []
    assert "Only the first ten words" in ask("one two three four five six seven eight nine ten eleven")
    assert "Only the first ten words" in ask("needle " * 300)
    assert "Only the first ten words" not in ask("one two")
    assert 'value="' + "x" * 100 + '"' in ask("x" * 5000)


def test_unknown_queries_are_answered(tree: Tree, client: Client):
    assert (
        client.get("/search/?q=van&q=needle&page=9999999999999999999&kind=&x[]=1&language=xx").status_code
        == 200
    )
    assert client.head("/search/?q=van").status_code == 200


def test_who_asks_too_often_waits(tree: Tree, client: Client, monkeypatch):
    monkeypatch.setattr(views, "PER_CLIENT", 2)
    assert [client.get("/search/?q=van").status_code for _ in range(2)] == [200, 200]
    refused = client.get("/search/?q=van")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert client.get("/search/").status_code == 200


def test_search_that_takes_too_long_is_given_up(tree: Tree, client: Client, monkeypatch):
    monkeypatch.setattr(search, "PATIENCE", "50ms")
    client.raise_request_exception = False
    tree.voice(title="Naloxone")
    monkeypatch.setattr(search.Search, "candidates", property(_slow))
    response = client.get("/search/?q=naloxone")
    assert response.status_code == 503
    assert response["Retry-After"]


def _slow(self):
    return ContentItem.objects.extra(where=["pg_sleep(5) IS NOT NULL"]).extra(
        select={"item_id": "page_ptr_id"}
    )


def test_a_question_without_a_word_is_told_so_by_the_box_that_has_the_focus(tree: Tree):
    page = BeautifulSoup(ask("??"), "html.parser")
    box = page.select_one("input[autofocus]")
    assert "no word to search for" in page.find(id=box["aria-describedby"]).text
    assert "aria-describedby" not in BeautifulSoup(ask(""), "html.parser").select_one("#s-q").attrs


# --- what is never found


@pytest.mark.parametrize("what", ["item", "page"])
@pytest.mark.parametrize("state", ["draft", "expired", "private", "below a private page", "scheduled"])
def test_what_is_not_public_is_not_found_and_not_offered(tree: Tree, what: str, state: str):
    page = (
        tree.voice(title="Ypsilanti")
        if what == "item"
        else TopicFactory(parent=tree.justice, title="Ypsilanti")
    )
    assert found("ypsilanti") == ["Ypsilanti"]
    match state:
        case "draft":
            page.unpublish()
        case "expired":
            Page.objects.filter(pk=page.pk).update(expire_at=timezone.now() - timedelta(seconds=1))
        case "private":
            PageViewRestriction.objects.create(page=page, restriction_type="login")
        case "below a private page":
            PageViewRestriction.objects.create(page=page.get_parent(), restriction_type="login")
        case "scheduled":
            page.unpublish()
            page.go_live_at = timezone.now() + timedelta(days=1)
            page.save_revision().publish()
    assert found("ypsilanti") == []
    assert found("ypsilante") == []
    assert "psilanti" not in ask("ypsilante").replace("ypsilante", "")


def test_words_of_a_draft_are_not_found_before_it_is_published(tree: Tree):
    item = tree.voice(title="Van")
    item.title = "Zeppelin"
    revision = item.save_revision()
    assert found("zeppelin") == []
    revision.publish()
    assert found("zeppelin") == ["Zeppelin"]
    assert found("van") == []


def test_files_that_are_not_for_everybody_are_not_found(tree: Tree):
    folder = Collection.get_first_root_node().add_child(name="Board")
    publication = tree.publication(title="Counting")
    document = report("A pencil is enough.", collection=folder)
    PublicationFile.objects.create(publication=publication, document=document)
    assert found("pencil") == ["Counting"]
    restriction = CollectionViewRestriction.objects.create(collection=folder, restriction_type="login")
    assert found("pencil") == []
    restriction.delete()
    assert found("pencil") == ["Counting"]
    restriction = CollectionViewRestriction.objects.create(
        collection=Collection.get_first_root_node(), restriction_type="login"
    )
    assert found("pencil") == []
    restriction.delete()
    PublicationFile.objects.all().delete()
    assert found("pencil") == []


def test_words_about_files_that_may_be_private_and_calls_that_may_be_closed_are_not_found(tree: Tree):
    item = tree.voice(title="The Night Van", body=body_of_all_blocks())
    tree.health.open_calls = [
        ("call", {"title": "Gardens", "link": "https://example.org/", "closes": date(2020, 1, 1)})
    ]
    tree.health.save()
    assert "leaflet" in Client().get(item.url).content.decode()
    for q in ("leaflet", "caption", "gardens", "2020", "example.org"):
        assert found(q) == [], q


def test_alias_is_not_found_beside_its_original(tree: Tree):
    tree.voice(title="Van").create_alias(update_slug="van-again")
    assert found("van") == ["Van"]
