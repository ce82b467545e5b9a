"""The home page, the pages that list one kind over all topics, and pages about the site."""

from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.search import index

from content.anchors import Anchor
from content.blocks import Body
from content.models.entries import Entry
from content.models.events import EventPage
from content.models.items import ContentItem
from content.streams import Stream
from harmhub.pages import HubPage
from harmhub.store.shown import note, note_until
from topics.kinds import Kind
from topics.models.work import WorkPage


def coming_events(locale: int | None, most: int) -> list[EventPage]:
    """Return the next events in one language (its number) that take place, the soonest first."""
    coming = EventPage.objects.filter(
        locale=locale, starts_at__gte=timezone.now(), status=EventPage.Status.SCHEDULED
    )
    events = list(coming.public().order_by("starts_at", "pk")[:most])
    note(f"events:{locale}")
    note_until(events[0].starts_at if events else None)
    return events


class HomePage(HubPage):
    """The mission, all topics, the latest work and the next events."""

    template = "content/home.html"
    parent_page_types = ["wagtailcore.Page"]
    page_description = _("The first page of the site. Its large sentence is in the site settings.")

    class Meta:
        verbose_name = _("home page")

    @property
    def latest(self) -> list[Anchor]:
        """The places of the six newest works."""
        return Entry.stream_of_site(self.locale_id).newest_anchors(6)

    @property
    def next_events(self) -> list[EventPage]:
        """The next three events that take place, the soonest first."""
        return coming_events(self.locale_id, 3)

    @property
    def all_events(self) -> "EventIndexPage | None":
        """The public page that lists all events."""
        return EventIndexPage.objects.public().child_of(self).first()


class KindIndexPage(WorkPage):
    """All work of one kind, over all topics."""

    KIND: Kind
    introduction = models.TextField(_("introduction"), blank=True)

    takes_reserved_slug = True
    has_kinds = False
    content_panels = [*WorkPage.content_panels, FieldPanel("introduction")]
    parent_page_types = ["content.HomePage"]
    max_count_per_parent = 1

    class Meta:
        abstract = True

    @property
    def items(self) -> Stream:
        """The public work of this kind, in the language of this page."""
        return Entry.stream_of_site(self.locale_id).of_kind(self.KIND)

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add the kind, which needs no filter here."""
        return super().get_context(request, *args, **kwargs) | {"kind": self.KIND}


class VoicesIndexPage(KindIndexPage):
    """All articles."""

    KIND = Kind.VOICES
    template = "content/kind_index.html"
    subpage_types = ["content.VoicesPage"]
    page_description = _("Lists all articles. New articles are created below it.")

    class Meta:
        verbose_name = _("Voices index")


class EventIndexPage(KindIndexPage):
    """All events."""

    KIND = Kind.EVENT
    template = "content/kind_index.html"
    subpage_types = ["content.EventPage"]
    page_description = _("Lists all events. New events are created below it.")

    class Meta:
        verbose_name = _("event index")

    @property
    def coming(self) -> list[EventPage]:
        """The next twelve events that take place, the soonest first."""
        return coming_events(self.locale_id, 12)


class PublicationIndexPage(KindIndexPage):
    """All publications."""

    KIND = Kind.PUBLICATION
    template = "content/kind_index.html"
    subpage_types = ["content.PublicationPage"]
    page_description = _("Lists all publications. New publications are created below it.")

    class Meta:
        verbose_name = _("publication index")


class InfoPage(HubPage):
    """A page about the organisation or the site: about us, privacy, staying safe."""

    introduction = models.TextField(_("introduction"), blank=True)
    body = StreamField(Body(), verbose_name=_("body"), blank=True)

    template = "content/info.html"
    parent_page_types = ["content.HomePage", "content.InfoPage"]
    subpage_types = ["content.InfoPage"]
    page_description = _("A page of text: about us, privacy, staying safe.")
    search_fields = [*HubPage.search_fields, index.SearchField("introduction"), index.SearchField("body")]
    content_panels = [
        *HubPage.content_panels,
        FieldPanel("introduction"),
        FieldPanel("body", help_text=ContentItem.body_help),
    ]

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Offer the quick exit on the pages that explain it and that lead to help."""
        from topics.hub import hub_of  # it needs Wagtail's views, which need all models

        hub = hub_of(request)
        explains = any(page and page.pk == self.pk for page in (hub.safety_page, hub.help_page))
        return super().get_context(request, *args, **kwargs) | {"sensitive_topic": explains}

    class Meta:
        verbose_name = _("information page")
        verbose_name_plural = _("information pages")
