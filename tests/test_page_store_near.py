"""The page store of the running site: topics, programs, people and pages of information that come, go or move
drop the pages that show it, and no other."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from wagtail.models import Locale, Page, PageViewRestriction

from content.models import InfoPage
from tests.factories import PersonFactory, ProgramFactory, TopicFactory, Tree, copies
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site
from tests.fixtures.stored import TOPIC, all_paths, change, publish
from topics.models import PersonPage, ProgramPage, TopicPage

Change = Callable[[Tree], object]


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def leaves(model: type[Page], slug: str) -> Change:
    return lambda tree: model.objects.get(slug=slug, locale=tree.home.locale).unpublish()


def comes_back(model: type[Page], slug: str) -> Change:
    return lambda tree: publish(model.objects.get(slug=slug, locale=tree.home.locale))


def moves(slug: str, below: str) -> Change:
    def move(tree: Tree) -> None:
        pages = Page.objects.filter(locale=tree.home.locale)
        pages.get(slug=slug).move(pages.get(slug=below), "last-child")

    return move


# Each on what the ones before it have left.
CHANGES: dict[str, Change] = {
    "a new topic": lambda tree: TopicFactory(parent=tree.topics, title="Knowledge"),
    "a new topic below another one": lambda tree: TopicFactory(parent=tree.justice, title="Policing"),
    "a draft of a topic": lambda tree: TopicFactory(parent=tree.topics, title="Draft", live=False),
    "a new program": lambda tree: ProgramFactory(parent=tree.programs, title="Open Society"),
    "a new person": lambda tree: PersonFactory(parent=tree.people, title="Ana Reis", program=tree.program),
    "a draft of a person": lambda tree: PersonFactory(
        parent=tree.people, title="Not yet", live=False, program=tree.program
    ),
    "a person leaves": leaves(PersonPage, "nadia-brenner"),
    "a person comes back": comes_back(PersonPage, "nadia-brenner"),
    "a program ends": leaves(ProgramPage, "health-and-rights"),
    "a program begins again": comes_back(ProgramPage, "health-and-rights"),
    "a topic ends": leaves(TopicPage, "justice"),
    "a topic begins again": comes_back(TopicPage, "justice"),
    "the fullest topic ends": leaves(TopicPage, "harm-reduction"),
    "the fullest topic begins again": comes_back(TopicPage, "harm-reduction"),
    "an area ends": leaves(TopicPage, "health"),
    "an area begins again": comes_back(TopicPage, "health"),
    "a topic moves": moves("drug-checking", "justice"),
    "the fullest topic moves": moves("harm-reduction", "justice"),
    "the fullest topic moves back": moves("harm-reduction", "health"),
    "a person is deleted": lambda tree: PersonPage.objects.get(title="Ana Reis").delete(),
    "a topic is deleted": lambda tree: TopicPage.objects.get(title="Knowledge").delete(),
}


def informs(parent: str, title: str, **fields) -> Change:
    def add(tree: Tree) -> None:
        page = InfoPage(title=title, slug=title.lower(), body=[("text", "Text.")], **fields)
        InfoPage.objects.get(slug=parent, locale=tree.home.locale).add_child(instance=page)

    return add


INFORMATION: dict[str, Change] = {
    "a new page": informs("about", "Statutes"),
    "a page that text leads to": comes_back(InfoPage, "history"),
    "a page below it": informs("history", "Beginnings"),
    "the page that text leads to goes": leaves(InfoPage, "history"),
    "it comes back": comes_back(InfoPage, "history"),
    "the new page gets another address": lambda tree: change(
        InfoPage.objects.get(slug="statutes"), slug="rules"
    ),
    "it moves": moves("rules", "history"),
    "one in the middle is deleted": lambda tree: InfoPage.objects.get(slug="beginnings").delete(),
}


@pytest.fixture(scope="module")
def informed(hub: Tree, running_site_server: Site, django_db_blocker) -> Tree:
    """The hub with a page of information in its footer, and a draft below it, to which a text leads."""
    with django_db_blocker.unblock(), running_site_server.orm():
        hub.home.add_child(instance=InfoPage(title="About us", slug="about", body=[("text", "Text.")]))
        informs("about", "History", live=False)(hub)
        link = f'<p><a linktype="page" id="{InfoPage.objects.get(slug="history").pk}">History</a></p>'
        change(TopicPage.objects.get(slug="health"), learn_more=link)
    return hub


@pytest.mark.parametrize("name", INFORMATION)
def test_page_of_information_drops_the_pages_that_show_it_and_no_other(
    reader: Reader, informed: Tree, name: str
):
    check(reader, informed, INFORMATION[name])


MENU: dict[str, Change] = {
    "one moves into the footer": moves("rules", "home"),
    "it moves away": moves("rules", "about"),
    "all move": moves("history", "home"),
}


@pytest.mark.parametrize("name", MENU)
def test_menu_and_footer_show_which_pages_of_information_there_are(reader: Reader, informed: Tree, name: str):
    check(reader, informed, MENU[name], may_drop_more=True)


@pytest.mark.parametrize("name", CHANGES)
def test_change_drops_the_pages_that_show_it_and_no_other(reader: Reader, hub: Tree, name: str):
    check(reader, hub, CHANGES[name])


def translate(page: Page, *, live: bool = False) -> Page:
    """Return the page in Arabic, published, or put there as a public page at once."""
    arabic = Locale.objects.get(language_code="ar")
    copy = page.specific.copy_for_translation(arabic) if not live else None
    if copy is None:
        parent = page.get_parent().get_translation(arabic)
        copy = type(page.specific)(title="In Arabic", slug="in-arabic", introduction="Short.", locale=arabic)
        copy.translation_key = page.translation_key
        return parent.add_child(instance=copy)
    publish(copy)
    return copy


def in_arabic(page: Page) -> Page:
    return page.get_translation(Locale.objects.get(language_code="ar")).specific


TRANSLATIONS: dict[str, Change] = {
    "an article": lambda tree: translate(tree.newest),
    "the article goes": lambda tree: in_arabic(tree.newest).unpublish(),
    "the fullest topic": lambda tree: translate(tree.harm_reduction),
    "it goes": lambda tree: in_arabic(tree.harm_reduction).unpublish(),
    "it comes back": lambda tree: publish(in_arabic(tree.harm_reduction)),
    "a topic that text leads to": lambda tree: translate(tree.justice, live=True),
    "it is deleted": lambda tree: in_arabic(tree.justice).delete(),
    "a person": lambda tree: translate(tree.person),
    "a program": lambda tree: translate(tree.program),
    "the person goes": lambda tree: in_arabic(tree.person).unpublish(),
}
# Of ties, which are told to both sides.
ROWS_ARE_COPIED = {"an article", "the fullest topic", "a program"}


@pytest.fixture(scope="module")
def two_languages(hub: Tree, running_site_server: Site, django_db_blocker) -> Tree:
    """The hub with the ways down to its pages in Arabic, and links in a text in both languages."""
    with django_db_blocker.unblock(), running_site_server.orm():
        arabic, _ = Locale.objects.get_or_create(language_code="ar")
        text = f'<p><a linktype="page" id="{hub.justice.pk}">Justice</a></p>'
        change(TopicPage.objects.get(slug="health"), learn_more=text)
        for page in (hub.home, hub.topics, hub.health, hub.programs, hub.people, hub.voices):
            publish(Page.objects.get(pk=page.pk).specific.copy_for_translation(arabic))
    return hub


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_translation_drops_the_pages_that_show_it_and_no_other(
    reader: Reader, two_languages: Tree, name: str
):
    check(reader, two_languages, TRANSLATIONS[name], may_drop_more=name in ROWS_ARE_COPIED)


def test_page_with_help_is_offered_in_the_language_of_each_reader_once_it_is_translated(
    reader: Reader, two_languages: Tree
):
    """An article, which no menu shows."""
    settings = type(two_languages.settings).objects
    before = settings.get().help_page
    with reader.site.orm():
        article = two_languages.voice(title="Near you")
        settings.update(help_page=article)
    check(reader, two_languages, lambda tree: translate(article), may_drop_more=True)
    check(reader, two_languages, lambda tree: in_arabic(article).unpublish(), may_drop_more=True)
    with reader.site.orm():
        settings.update(help_page=before)
        type(article).objects.filter(translation_key=article.translation_key).delete()


HIDING: dict[str, Change] = {
    "an area that is for members": lambda tree: PageViewRestriction.objects.create(
        page=tree.justice, restriction_type="login"
    ),
    "a topic moves there": moves("drug-checking", "justice"),
    "a topic there ends": leaves(TopicPage, "drug-checking"),
    "it begins again": comes_back(TopicPage, "drug-checking"),
    "it moves away": moves("drug-checking", "health"),
}


@pytest.mark.parametrize("name", HIDING)
def test_no_page_shows_what_is_not_for_everybody(reader: Reader, hub: Tree, name: str):
    check(reader, hub, HIDING[name], may_drop_more=True)


def test_what_a_topic_is_tied_to_is_found_without_reading_all_works(tree: Tree):
    copies(tree.voice(), 1_000)

    def works_read() -> int:
        cursor.execute(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'content_contentitem'"
        )
        return cursor.fetchone()[0]

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE wagtailcore_page, content_contentitem")
        before, without_work = works_read(), tree.justice
        cursor.execute(
            "SELECT harmhub_tied_tags(%s, %s)", [without_work.translation_key, without_work.locale_id]
        )
        assert works_read() == before


def check(reader: Reader, tree: Tree, change: Change, *, may_drop_more: bool = False) -> None:
    paths = [path for path in everything(reader) if reader.get(path)[0] == 200]
    reader.warm(*paths)
    before = {path: reader.get(path)[2] for path in paths}
    with reader.site.orm(), transaction.atomic():
        change(tree)
    reader.settle()
    kept = reader.stored & set(paths)
    fresh = {path: reader.fresh(path) for path in paths}
    # From the store, or made anew of the parts that the change has left.
    assert [path for path in paths if reader.get(path)[2] != fresh[path]] == []
    needless = [path for path in paths if path not in kept and before[path] == fresh[path]]
    assert may_drop_more or needless == []


def everything(reader: Reader) -> list[str]:
    """Return the addresses of all pages but most of the articles, which differ in nothing that matters here,
    and of all parts of the fullest listing."""
    found = all_paths(reader) if reader.get(TOPIC)[0] == 200 else []
    with reader.site.orm():
        pages = Page.objects.filter(live=True, depth__gt=1).exclude(title__regex="^Article [0-24-9]")
        others = [page.url for page in pages.specific() if page.url]
    return list(dict.fromkeys([*found, *others]))
