"""Pages for tests, each public and complete unless a test says otherwise."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import factory
import wagtail_factories
from django.core.files.base import ContentFile
from django.db import connection
from pypdf import PdfWriter
from wagtail.models import Page, Site

from content import models as content
from harmhub.models import CustomDocument, CustomImage, SiteSettings
from newsletter.models import List
from topics import models as topics


class ImageFactory(wagtail_factories.ImageFactory):
    class Meta:
        model = CustomImage


class DocumentFactory(wagtail_factories.DocumentFactory):
    class Meta:
        model = CustomDocument


class PageFactory(wagtail_factories.PageFactory):
    class Meta:
        model = Page


class TopicFactory(PageFactory):
    introduction = "What we think about it."

    class Meta:
        model = topics.TopicPage


class ProgramFactory(PageFactory):
    purpose = "What it is for."

    class Meta:
        model = topics.ProgramPage


class PersonFactory(PageFactory):
    role = "Program officer"

    class Meta:
        model = topics.PersonPage


class ItemFactory(PageFactory):
    title = factory.Sequence(lambda n: f"Work {n}")
    slug = factory.Sequence(lambda n: f"work-{n}")
    summary = "What it says."
    published_on = date(2026, 5, 1)


class VoicesFactory(ItemFactory):
    class Meta:
        model = content.VoicesPage


class EventFactory(ItemFactory):
    starts_at = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=10))
    time_zone = "Europe/Lisbon"

    class Meta:
        model = content.EventPage


class PublicationFactory(ItemFactory):
    class Meta:
        model = content.PublicationPage


def list_of(page: Page | None, language: str = "") -> List:
    """Return the saved list of the work that a page lists, of everything in a language without a page; in the
    site's own language where no page is in it."""
    return List.objects.kept(List.about(page, language))


def copies(item: content.ContentItem, number: int) -> None:
    """Write copies of an item below the same parent, each dated a day before the last: rows only, for tests
    that need many. What refers to the item, its topic apart, is not copied."""
    parent = Page.objects.get(pk=item.get_parent().pk)
    last = Page._str2int(parent.get_last_child().path[-Page.steplen :])
    paths = [Page._get_path(parent.path, parent.depth + 1, last + 1 + n) for n in range(number)]
    pages = [
        Page(
            path=path,
            depth=item.depth,
            title=f"{item.title} ({n + 1})",
            draft_title=item.title,
            slug=f"{item.slug}-{n + 1}",
            url_path=f"{parent.url_path}{item.slug}-{n + 1}/",
            content_type_id=item.content_type_id,
            locale_id=item.locale_id,
            first_published_at=item.first_published_at,
            last_published_at=item.last_published_at,
        )
        for n, path in enumerate(paths)
    ]
    made = [page.pk for page in Page.objects.bulk_create(pages, batch_size=5_000)]
    Page.objects.filter(pk=parent.pk).update(numchild=parent.numchild + number)
    with connection.cursor() as cursor:
        for model in [*type(item)._meta.parents, type(item)]:
            if model is Page:
                continue
            link = model._meta.pk.column
            others = [field.column for field in model._meta.local_concrete_fields if field.column != link]
            values = [
                f"item.{name} - nth::int" if name == "published_on" else f"item.{name}" for name in others
            ]
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join([link, *others])})"
                f" SELECT {', '.join(['made', *values])} FROM {model._meta.db_table} AS item,"
                f" unnest(%s::int[]) WITH ORDINALITY AS copies(made, nth) WHERE {link} = %s",
                [made, item.pk],
            )


def pdf(name: str) -> CustomDocument:
    """Return a document that is a PDF of one empty page."""
    paper, written = PdfWriter(), BytesIO()
    paper.add_blank_page(200, 300)
    paper.write(written)
    return DocumentFactory(title=name, file=ContentFile(written.getvalue(), name))


def body_of_all_blocks() -> list[tuple[str, object]]:
    """Return running text with one block of each kind."""
    picture = ImageFactory(title="Corner")
    picture.contextual_alt_text, picture.decorative = "A van at a corner", False
    return [
        ("text", "<p>A van stops at the corner.</p><ul><li>Twice a week</li><li><b>Always</b></li></ul>"),
        ("heading", "No name, no card, no queue"),
        ("quote", {"text": "It remembers your wound and forgets your name.", "source": "A nurse"}),
        ("figure", {"image": picture, "caption": "The corner at night"}),
        ("callout", {"title": "Good to know", "text": '<p>Ask at the <a href="/">van</a>.</p>'}),
        ("download", {"document": pdf("leaflet.pdf"), "label": "The leaflet"}),
        ("rule", None),
        ("text", "<p>Then it drives on.</p>"),
    ]


class Tree:
    """A small site: home, indexes, the area Health with Harm Reduction and Drug Checking below it, a program,
    a person."""

    def __init__(self) -> None:
        root = Page.objects.get(depth=1)
        # treebeard keeps numchild in the instance: start from a clean one
        for page in root.get_children():
            page.specific.delete()
        root = Page.objects.get(depth=1)
        self.home = root.add_child(instance=content.HomePage(title="Fennmark Foundation", slug="home"))
        Site.objects.all().delete()
        self.site = Site.objects.create(hostname="testserver", root_page=self.home, is_default_site=True)
        self.settings = SiteSettings.objects.create(
            site=self.site, organisation="Fennmark Foundation", contact_addresses="desk@example.org"
        )
        self.topics = self._under_home(
            topics.TopicIndexPage(title="Topics", slug="topics", show_in_menus=True)
        )
        self.programs = self._under_home(
            topics.ProgramIndexPage(title="Programs", slug="programs", show_in_menus=True)
        )
        self.people = self._under_home(topics.PersonIndexPage(title="People", slug="people"))
        self.voices = self._under_home(
            content.VoicesIndexPage(title="Voices", slug="voices", show_in_menus=True)
        )
        self.events = self._under_home(
            content.EventIndexPage(title="Events", slug="events", show_in_menus=True)
        )
        self.publications = self._under_home(
            content.PublicationIndexPage(title="Publications", slug="publications", show_in_menus=True)
        )
        self.health = TopicFactory(
            parent=self.topics,
            title="Health",
            slug="health",
            has_newsletter=True,
            contact_addresses="health@example.org",
        )
        self.harm_reduction = TopicFactory(
            parent=self.health, title="Harm Reduction", slug="harm-reduction", is_sensitive=True
        )
        self.drug_checking = TopicFactory(
            parent=self.harm_reduction, title="Drug Checking", slug="drug-checking"
        )
        self.justice = TopicFactory(parent=self.topics, title="Justice", slug="justice")
        self.program = ProgramFactory(
            parent=self.programs, title="Health and Rights", slug="health-and-rights"
        )
        self.person = PersonFactory(
            parent=self.people, title="Nadia Brenner", slug="nadia-brenner", program=self.program
        )

    def _under_home(self, page: Page) -> Page:
        return self.home.add_child(instance=page)

    def voice(self, **fields) -> content.VoicesPage:
        """Return a public article, on Harm Reduction unless told otherwise."""
        return VoicesFactory(parent=self.voices, **({"primary_topic": self.harm_reduction} | fields))

    def event(self, **fields) -> content.EventPage:
        """Return a public event, on Harm Reduction unless told otherwise."""
        return EventFactory(parent=self.events, **({"primary_topic": self.harm_reduction} | fields))

    def publication(self, **fields) -> content.PublicationPage:
        """Return a public publication, on Harm Reduction unless told otherwise."""
        return PublicationFactory(
            parent=self.publications, **({"primary_topic": self.harm_reduction} | fields)
        )
