"""A small hub on the running site, with one page of every public template and state."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from wagtail.models import Locale, Page

from content import models as content
from harmhub.sealing import address_digest
from newsletter.models import Subscriber, Token
from tests.factories import ImageFactory, Tree, body_of_all_blocks, copies, list_of, pdf
from tests.fixtures.site import Site

HARM_REDUCTION = "/topics/health/harm-reduction/"
EXIT = "https://exit.example.org/"


@dataclass
class Hub:
    """What is there: the pages, and the paths of some by name."""

    tree: Tree
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def contact_path(self) -> str:
        return f"/contact/{self.tree.harm_reduction.pk}/"

    def new_secret(self, site: Site, purpose: Token.Purpose, address: str) -> str:
        """Subscribe an address to Health; return the secret of the link with this purpose."""
        confirms = purpose == Token.Purpose.CONFIRM
        with site.orm():
            subscriber = Subscriber.objects.create(
                address=address, address_digest=address_digest(address), language="en"
            )
            subscription = subscriber.subscriptions.create(
                list=list_of(self.tree.health), confirmed_at=None if confirms else timezone.now()
            )
            lives = None if purpose == Token.Purpose.LEAVE else timedelta(days=1)
            return Token.issue(subscriber, purpose, [subscription], lives=lives)[1]


def built(site: Site) -> Hub:
    """Put the hub on the running site, in place of all pages that are there."""
    with site.orm():
        hub = Hub(Tree())
        _set_up(hub.tree, site)
        _fill_topic(hub.tree)
        _add_work(hub)
        _translate(hub.tree)
    return hub


def is_there(hub: Hub, site: Site) -> bool:
    """Tell whether nobody has put other pages on the site since."""
    return bool(site.query("SELECT 1 FROM wagtailcore_page WHERE id = %s", (hub.tree.home.pk,)))


def _set_up(tree: Tree, site: Site) -> None:
    tree.site.hostname, tree.site.port = "localhost", site.port
    tree.site.save()
    about = {}
    for slug in ("about", "staying-safe-online", "finding-help"):
        page = content.InfoPage(
            title=slug.replace("-", " ").capitalize(), slug=slug, introduction="In short."
        )
        page.body = body_of_all_blocks()
        about[slug] = tree.home.add_child(instance=page)
    members = tree.home.add_child(instance=content.InfoPage(title="For members", slug="for-members"))
    members.view_restrictions.create(restriction_type="password", password="a password")
    settings = tree.settings
    settings.mission = "Health is where rights become real."
    settings.footer = "An invented organisation."
    settings.exit_url = EXIT
    settings.safety_page, settings.help_page = about["staying-safe-online"], about["finding-help"]
    settings.save()


def _fill_topic(tree: Tree) -> None:
    topic = tree.harm_reduction
    topic.learn_more = '<p>It begins with the person who is there. <a href="/about/">More about us</a></p>'
    topic.local_help = '<p>In Lisbon call <a href="tel:112">112</a>.</p><ul><li>By day: the van</li></ul>'
    topic.grant_seekers = "<p>Two pages are enough.</p>"
    closes = timezone.localdate() + timedelta(days=30)
    call = {"title": "Small grants", "link": "https://grants.example.org/", "closes": closes}
    topic.open_calls = [("call", call), ("call", call | {"title": "Without a link", "link": ""})]
    topic.topic_people.create(person=tree.person)
    topic.save()
    tree.program.topics = [topic]
    tree.program.office, tree.program.tagline = "Lisbon", "Services and medicines"
    tree.program.save()
    tree.person.photo, tree.person.office = ImageFactory(title="Portrait"), "Porto"
    tree.person.biography = "She drove a van."
    tree.person.save()


def _add_work(hub: Hub) -> None:
    """Add the newest with pictures, one event in each state, and enough events for a second page."""
    tree, today = hub.tree, timezone.localdate()
    made: dict[str, Page] = {
        "Voices article": tree.voice(
            title="The Last Bus", published_on=today, kicker="Field notes", standfirst="It left early.",
            body=body_of_all_blocks(), image=ImageFactory(title="Bus"), image_caption="The bus",
        ),
        "coming event": tree.event(
            title="Ask a Chemist", published_on=today, is_online=True, town="Lisbon", place="Hall 2",
            access_notes="Step-free.", languages="English", registration_url="https://meet.example.org/",
            body=body_of_all_blocks(), image=ImageFactory(title="Cups"),
            ends_at=datetime.now(UTC) + timedelta(days=10, hours=2),
        ),
        "cancelled event": tree.event(title="Open Evening", published_on=today, status="cancelled"),
        "postponed event": tree.event(title="Open Morning", published_on=today, status="postponed"),
        "publication": tree.publication(
            title="Plain Words", published_on=today, body=body_of_all_blocks(),
            image=ImageFactory(title="Letters"), isbn="978-0-00-000002-6", doi="10.5555/plain-words",
            key_findings=[("finding", "Short is kind."), ("finding", "Dates help.")],
        ),
    }  # fmt: skip
    for language in ("en", "ar"):
        made["publication"].files.create(language=language, document=pdf(f"plain-{language}.pdf"))
    for page in made.values():
        page.programs = [tree.program]
        page.authors.create(person=tree.person)
        page.authors.create(name="Daria Holt")
        page.save()
    evening = {"title": "Evening", "town": "Porto", "starts_at": datetime(2024, 1, 15, 18, tzinfo=UTC)}
    made["past event"] = tree.event(
        **evening, published_on=date(2024, 1, 15), recording_url="https://video.example.org/",
        transcript="<p>Good evening.</p>",
    )  # fmt: skip
    hub.paths = {name: page.get_url_parts()[2] for name, page in made.items()}
    copies(tree.event(**evening, published_on=date(2024, 12, 20)), 13)


def _translate(tree: Tree) -> None:
    """Have the way down to Harm Reduction, with one article, in Arabic as well."""
    arabic, _new = Locale.objects.get_or_create(language_code="ar")
    article = content.VoicesPage.objects.get(title="The Last Bus")
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction, tree.voices, article):
        copy = page.copy_for_translation(arabic)
        copy.title = f"{copy.title} (بالعربية)"
        copy.save_revision().publish()
