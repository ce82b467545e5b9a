"""Makes the pages of the demo site out of its texts, its pictures and its PDF files."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import ContentFile
from wagtail.models import Page, Site

from content import models as content
from content.demo import papers, pictures, texts
from content.listing import CARD_FILTERS
from harmhub.models import CustomDocument, CustomImage, SiteSettings
from topics import models as topics

# The home page of the demo is known by this key, whatever editors have made of its title and address.
HOME_KEY = uuid5(NAMESPACE_URL, "https://fennmark.example.org/")
CREDIT = "Drawing: Fennmark Foundation"
MADE = datetime(2019, 1, 7, 9, tzinfo=UTC)


class Building:
    """The demo site while it is being built; ``build()`` does everything.

    ``today``: the day that relative dates count from. ``tell``: called with a line of progress.
    ``files``: (storage, name) of each file written, so that they can be taken away if the building fails.
    """

    def __init__(self, today: date, tell: Callable[[str], None]) -> None:
        self.today = today
        self.tell = tell
        self.pages: dict[str, Page] = {}
        self.images: dict[str, CustomImage] = {}
        self.files: list[tuple] = []

    def build(self) -> None:
        """Make all pages, in place of Wagtail's welcome page."""
        site, self.home = self._make_home()
        self._make_indexes()
        self._make_topics()
        self._make_programs()
        self._make_people()
        self._make_items()
        self._make_info()
        self._tie_topics()
        self._fill_settings(site)

    def _add(
        self, parent: Page, model: type[Page], slug: str, title: str, made: datetime = MADE, **values
    ) -> Page:
        dates = dict.fromkeys(("first_published_at", "last_published_at", "latest_revision_created_at"), made)
        page = model(slug=slug, title=title, **dates, **values)
        return parent.add_child(instance=page)

    def _make_home(self) -> tuple[Site, Page]:
        root = Page.objects.get(depth=1)
        organisation = texts.table("site")["settings"]["organisation"]
        home = self._add(
            root, content.HomePage, "fennmark-foundation", organisation, translation_key=HOME_KEY
        )
        public = urlsplit(settings.PUBLIC_URL)
        site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
        site.hostname, site.site_name, site.root_page = public.hostname, organisation, home
        site.port = public.port or (443 if public.scheme == "https" else 80)
        site.save()
        # Only now: a site goes with its root page.
        for welcome in Page.objects.filter(depth=2).exclude(pk=home.pk):
            welcome.delete()
        return site, home

    def _make_indexes(self) -> None:
        models = {
            "topics": topics.TopicIndexPage,
            "voices": content.VoicesIndexPage,
            "events": content.EventIndexPage,
            "publications": content.PublicationIndexPage,
            "programs": topics.ProgramIndexPage,
            "people": topics.PersonIndexPage,
        }
        for slug, introduction in texts.table("site")["indexes"].items():
            self.pages[slug] = self._add(
                self.home,
                models[slug],
                slug,
                slug.title(),
                introduction=introduction,
                show_in_menus=slug in ("topics", "voices", "events", "publications"),
            )

    def _make_topics(self) -> None:
        for told in texts.table("topics")["topic"]:
            calls = [
                (
                    "call",
                    {"title": call["title"], "link": "", "closes": self.today + timedelta(call["closes"])},
                )
                for call in told.get("call", [])
            ]
            self.pages[told["slug"]] = self._add(
                self.pages[told.get("under", "topics")],
                topics.TopicPage,
                told["slug"],
                told["title"],
                introduction=told["introduction"],
                image=self._image(told.get("picture")),
                contact_addresses="\n".join(told.get("contact", [])),
                has_newsletter=told.get("newsletter", False),
                is_sensitive=told.get("sensitive", False),
                wikidata=told.get("wikidata", ""),
                grant_seekers=texts.html(told.get("grants", ""), self._link),
                open_calls=calls,
            )

    def _make_programs(self) -> None:
        for told in texts.table("programs")["program"]:
            told["topics"] = [self.pages[slug] for slug in told["topics"]]
            slug, title = told.pop("slug"), told.pop("title")
            self.pages[slug] = self._add(self.pages["programs"], topics.ProgramPage, slug, title, **told)

    def _make_people(self) -> None:
        for told in texts.table("people")["person"]:
            slug, title, palette = told.pop("slug"), told.pop("title"), told.pop("portrait", None)
            told["program"] = self.pages[told["program"]]
            told["photo"] = self._portrait(title, palette) if palette else None
            self.pages[slug] = self._add(self.pages["people"], topics.PersonPage, slug, title, **told)

    def _make_items(self) -> None:
        makers = {"voices": self._voice, "event": self._event, "publication": self._publication}
        # The oldest first: of two items of one day, the one made later is listed first.
        found = sorted(texts.items(), key=lambda text: (self._day(text.head["published"]), text.slug))
        for number, text in enumerate(found, 1):
            model, values = makers[text.head["kind"]](text)
            published = self._day(text.head["published"])
            self.pages[text.slug] = self._add(
                self.pages[
                    {"event": "events", "publication": "publications"}.get(text.head["kind"], "voices")
                ],
                model,
                text.slug,
                text.head["title"],
                made=datetime.combine(published, time(7), UTC),
                published_on=published,
                **self._common(text),
                **values,
            )
            if number % 15 == 0 or number == len(found):
                self.tell(f"{number} of {len(found)} articles, events and publications")

    def _common(self, text: texts.Text) -> dict:
        head = text.head
        primary, *further = (self.pages[slug] for slug in head["topics"])
        authors = [content.ItemAuthor(**self._who(name)) for name in head.get("authors", [])]
        return {
            "summary": head["summary"],
            "image": self._image(head.get("picture"), for_cards=True),
            "image_caption": head.get("caption", ""),
            "primary_topic": primary,
            "further_topics": further,
            "programs": [self.pages[slug] for slug in head["programs"]],
            "tags": head.get("tags", []),
            "authors": authors,
            "body": texts.blocks(text.body, self._link),
        }

    def _voice(self, text: texts.Text) -> tuple[type[Page], dict]:
        return content.VoicesPage, {"kicker": text.head.get("kicker", "")}

    def _event(self, text: texts.Text) -> tuple[type[Page], dict]:
        head = text.head
        starts = datetime.combine(
            _weekday(self._day(head["day"])), time.fromisoformat(head["time"]), ZoneInfo(head["zone"])
        )
        speakers = [content.EventSpeaker(**self._who(name)) for name in head.get("speakers", [])]
        return content.EventPage, {
            "status": head.get("status", "scheduled"),
            "starts_at": starts,
            "ends_at": starts + timedelta(minutes=head["minutes"]),
            "time_zone": head["zone"],
            "place": head.get("place", ""),
            "town": head.get("town", ""),
            "is_online": head.get("online", False),
            "online_url": head.get("online_url", ""),
            "access_notes": head.get("access", ""),
            "languages": head.get("languages", ""),
            "registration_url": f"https://register.example.org/{text.slug}"
            if head.get("registration")
            else "",
            "recording_url": head.get("recording", ""),
            "transcript": head.get("transcript", ""),
            "speakers": speakers,
        }

    def _publication(self, text: texts.Text) -> tuple[type[Page], dict]:
        head = text.head
        names = [self.pages[name].title if name in self.pages else name for name in head["authors"]]
        files = []
        for language in head["files"]:
            made = papers.paper(text, language, self._day(head["published"]), names)
            title = head["translations"][language]["title"] if language != "en" else head["title"]
            document = CustomDocument(title=title)
            document.file = ContentFile(made, f"{text.slug}-{language}.pdf")
            document.save()
            self.files.append((document.file.storage, document.file.name))
            files.append(content.PublicationFile(document=document, language=language))
        return content.PublicationPage, {
            "publication_type": head["type"],
            "key_findings": [("finding", finding) for finding in head.get("findings", [])],
            "isbn": head.get("isbn", ""),
            "doi": head.get("doi", ""),
            "files": files,
        }

    def _make_info(self) -> None:
        for slug in texts.table("site")["info"]["pages"]:
            text = texts.read("info", slug)
            self.pages[slug] = self._add(
                self.home,
                content.InfoPage,
                slug,
                text.head["title"],
                introduction=text.head["introduction"],
                body=texts.blocks(text.body, self._link),
            )

    def _tie_topics(self) -> None:
        """Give topics what points at pages made after them: their people, and the links of Learn More."""
        for told in texts.table("topics")["topic"]:
            page = self.pages[told["slug"]]
            page.learn_more = texts.html(told.get("learn_more", ""), self._link)
            page.topic_people = [topics.TopicPerson(person=self.pages[slug]) for slug in told["people"]]
            page.save()

    def _fill_settings(self, site: Site) -> None:
        told = texts.table("site")["settings"]
        told["contact_addresses"] = "\n".join(told["contact_addresses"])
        for name in ("privacy_page", "safety_page", "help_page"):
            told[name] = self.pages[told[name]]
        SiteSettings.objects.update_or_create(site=site, defaults=told)

    def _day(self, told: date | int) -> date:
        return told if isinstance(told, date) else self.today + timedelta(told)

    def _who(self, told: str) -> dict:
        if told in self.pages:
            return {"person": self.pages[told]}
        name, _, role = told.partition(", ")
        return {"name": name, "role": role} if role else {"name": name}

    def _link(self, address: str) -> str:
        return f'linktype="page" id="{self.pages[address.removeprefix("page:")].pk}"'

    def _portrait(self, name: str, palette: str) -> CustomImage:
        initials = "".join(part[0] for part in name.split())
        return self._store(f"Portrait of {name}", pictures.portrait(initials, palette))

    def _image(self, told: str | None, *, for_cards: bool = False) -> CustomImage | None:
        if told is None:
            return None
        if told not in self.images:
            motif, palette = told.split()
            self.images[told] = self._store(f"{motif.title()}, {palette}", pictures.draw(motif, palette))
        if for_cards:
            made = self.images[told].get_renditions(*CARD_FILTERS)
            self.files += [(rendition.file.storage, rendition.file.name) for rendition in made.values()]
        return self.images[told]

    def _store(self, title: str, picture) -> CustomImage:
        drawn = BytesIO()
        picture.save(drawn, "JPEG", quality=92, subsampling=0)
        image = CustomImage(title=title, credit=CREDIT, width=picture.width, height=picture.height)
        image.file = ContentFile(
            drawn.getvalue(), f"{title.lower().replace(', ', '-').replace(' ', '-')}.jpg"
        )
        image.save()
        self.files.append((image.file.storage, image.file.name))
        return image


def _weekday(day: date) -> date:
    """Return the day, or the Monday after it at the weekend: relative dates fall on any day."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
