"""Makes the pages of the demo site out of its texts, its pictures and its PDF files."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.utils.text import slugify
from wagtail.models import Orderable, Page, Site

from content import beginning
from content import models as content
from content.demo import papers, texts
from content.demo.filing import Cabinet
from harmhub.models import CustomImage, SiteSettings
from topics import models as topics

# The home page of the demo is known by this key, whatever editors have made of its title and address.
HOME_KEY = uuid5(NAMESPACE_URL, "https://fennmark.example.org/")
MADE = datetime(2019, 1, 7, 9, tzinfo=UTC)
DATES = dict.fromkeys(("first_published_at", "last_published_at", "latest_revision_created_at"), MADE)


class Building:
    """The demo site while it is being built; ``build()`` does everything.

    ``today``: the day that relative dates count from. ``tell``: called with a line of progress.
    ``cabinet``: where pictures and documents are stored; it must hold all of ``wanted_pictures()``.
    """

    def __init__(self, today: date, cabinet: Cabinet, tell: Callable[[str], None]) -> None:
        self.today = today
        self.cabinet = cabinet
        self.tell = tell
        self.pages: dict[str, Page] = {}

    def build(self) -> None:
        """Make all pages, in place of Wagtail's welcome page."""
        site, self.home = self._make_home()
        self._make_programs()
        self._make_people()
        self._make_topics()
        self._make_items()
        self._make_info()
        self._tie_together()
        beginning.keep_first_versions()
        self._fill_settings(site)

    def _add(
        self,
        parent: Page,
        model: type[Page],
        slug: str,
        title: str,
        made: datetime = MADE,
        tags: Iterable[str] = (),
        **values,
    ) -> Page:
        dates = dict.fromkeys(DATES, made)
        page = model(slug=slug, title=title, **dates, **values)
        if tags:
            page.tags.set(tags)
        return parent.add_child(instance=page)

    def _make_home(self) -> tuple[Site, Page]:
        told = texts.table("site")
        site, home = beginning.begin(told["settings"]["organisation"], translation_key=HOME_KEY, **DATES)
        self.pages |= beginning.make_indexes(home, told["indexes"], **DATES)
        return site, home

    def _make_topics(self) -> None:
        for told in texts.table("topics")["topic"]:
            calls = [("call", self._call(call)) for call in told.get("call", [])]
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
                local_help=texts.html(told.get("help", ""), self._link),
                grant_seekers=texts.html(told.get("grants", ""), self._link),
                open_calls=calls,
                topic_people=_in_order(
                    topics.TopicPerson(person=self.pages[slug]) for slug in told["people"]
                ),
            )

    def _call(self, told: dict) -> dict:
        return {
            "title": told["title"],
            "link": f"https://grants.example.org/{slugify(told['title'])}",
            "closes": self.today + timedelta(told["closes"]),
        }

    def _make_programs(self) -> None:
        for told in texts.table("programs")["program"]:
            values = {name: told[name] for name in ("tagline", "office", "purpose")}
            self.pages[told["slug"]] = self._add(
                self.pages["programs"], topics.ProgramPage, told["slug"], told["title"], **values
            )

    def _make_people(self) -> None:
        for told in texts.table("people")["person"]:
            slug, title, palette = told.pop("slug"), told.pop("title"), told.pop("portrait", None)
            told["program"] = self.pages[told["program"]]
            told["photo"] = self.cabinet.image(_portrait(title, palette), title) if palette else None
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
        image = self._image(head.get("picture"))
        if image and isinstance(head["published"], int):
            # The newest work is what the first readers see.
            self.cabinet.prepare_card(image)
        authors = [content.ItemAuthor(**self._who(name)) for name in head.get("authors", [])]
        return {
            "summary": head["summary"],
            "image": image,
            "image_caption": head.get("caption", ""),
            "primary_topic": primary,
            "further_topics": further,
            "programs": [self.pages[slug] for slug in head["programs"]],
            "tags": head.get("tags", []),
            "authors": _in_order(authors),
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
            "speakers": _in_order(speakers),
        }

    def _publication(self, text: texts.Text) -> tuple[type[Page], dict]:
        head = text.head
        names = [self.pages[name].title if name in self.pages else name for name in head["authors"]]
        files = []
        for language in head["files"]:
            made = papers.paper(text, language, self._day(head["published"]), names)
            title = head["translations"][language]["title"] if language != "en" else head["title"]
            document = self.cabinet.document(title, f"{text.slug}-{language}.pdf", made)
            files.append(content.PublicationFile(document=document, language=language))
        return content.PublicationPage, {
            "publication_type": head["type"],
            "key_findings": [("finding", finding) for finding in head.get("findings", [])],
            "isbn": head.get("isbn", ""),
            "doi": head.get("doi", ""),
            "files": _in_order(files),
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

    def _tie_together(self) -> None:
        """Add what points at pages that are made later: the topics of programs, the links of topics."""
        for told in texts.table("programs")["program"]:
            program = self.pages[told["slug"]]
            program.topics = [self.pages[slug] for slug in told["topics"]]
            program.save()
        for told in texts.table("topics")["topic"]:
            if "learn_more" in told:
                page = self.pages[told["slug"]]
                page.learn_more = texts.html(told["learn_more"], self._link)
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

    def _image(self, told: str | None) -> CustomImage | None:
        return self.cabinet.image(told) if told else None


def wanted_pictures() -> list[str]:
    """Return what the demo site shows, as told to ``pictures.jpeg``, in the order of its need."""
    people = texts.table("people")["person"]
    heads = [*texts.table("topics")["topic"], *(text.head for text in texts.items())]
    portraits = [_portrait(told["title"], told["portrait"]) for told in people if "portrait" in told]
    return [*portraits, *(head["picture"] for head in heads if "picture" in head)]


def _portrait(name: str, palette: str) -> str:
    return f"@{''.join(part[0] for part in name.replace('-', ' ').split())} {palette}"


def _in_order(rows: Iterable[Orderable]) -> list[Orderable]:
    """Return the rows of a panel, numbered as an editor's form would do it."""
    found = list(rows)
    for number, row in enumerate(found):
        row.sort_order = number
    return found


def _weekday(day: date) -> date:
    """Return the day, or the Monday after it at the weekend: relative dates fall on any day."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
