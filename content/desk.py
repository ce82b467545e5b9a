"""The work of the organisation in the admin, by kind.

What an editor looks for is its topic and its date, not its place in the tree.
"""

import django_filters
from django.db.models import F
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.ui.tables.pages import BulkActionsColumn, PageStatusColumn, PageTitleColumn
from wagtail.admin.views.pages.listing import IndexView, PageFilterSet
from wagtail.admin.viewsets.base import ViewSetGroup
from wagtail.admin.viewsets.pages import PageListingViewSet
from wagtail.models import Locale

from content.models import ContentItem, EventPage, PublicationPage, VoicesPage
from topics.forms import TreeChoiceField, TreeChoices
from topics.models import TopicPage


class TopicChoices(django_filters.fields.ModelChoiceIterator, TreeChoices):
    """Topics with where they lie; before them, that there is none."""


class TopicChoiceField(django_filters.fields.ModelChoiceField, TreeChoiceField):
    """One topic, or none."""

    iterator = TopicChoices

    def label_from_instance(self, topic: TopicPage | str) -> str:
        """Return what the list says it is filtered by."""
        return str(self.null_label) if topic == self.null_value else super().label_from_instance(topic)


class TopicFilter(django_filters.ModelChoiceFilter):
    """One topic, with the topics it lies under in its label, or none: of an old draft or an import."""

    field_class = TopicChoiceField


class WorkFilterSet(PageFilterSet):
    """Topic, and what Wagtail offers for pages that have none below them."""

    primary_topic = TopicFilter(
        label=_("Topic"), null_label=_("No topic"), queryset=TopicPage.objects.filter(alias_of__isnull=True)
    )
    site = None
    has_child_pages = None

    class Meta:
        model = ContentItem
        fields: list[str] = []


class WorkIndexView(IndexView):
    """The works of one kind, the newest first, drafts included."""

    default_ordering = "-published_on"

    @cached_property
    def show_locale_labels(self) -> bool:
        """Whether to name the language of each work: only where there are several."""
        return Locale.objects.count() > 1

    def annotate_queryset(self, pages):
        """Add the topic's title: the listing fetches pages anew, and keeps of a query only its
        annotations."""
        return super().annotate_queryset(pages.annotate(topic_title=F("primary_topic__title")))

    def order_queryset(self, queryset):
        """Order works that are alike by the newest: many have the same day, and none may be on two pages."""
        ordered = super().order_queryset(queryset)
        if self.is_searching:  # by what fits best; what finds words orders by columns that it knows
            return ordered
        return ordered.order_by(*ordered.query.order_by, "-pk")


def shown_day(item: ContentItem) -> str:
    """Return the published date: a day, which "5 minutes ago" does not tell, and which may be to come."""
    return date_format(item.published_on, "j M Y")


class WorkViewSet(PageListingViewSet):
    """One kind of work: its listing, and the button that makes a new one."""

    index_view_class = WorkIndexView
    filterset_class = WorkFilterSet
    date = Column(
        "published_on",
        label=_("Published date"),
        accessor=shown_day,
        sort_key="published_on",
        width="15%",
    )

    @property
    def columns(self) -> list[Column]:
        """Title, topic, date and status."""
        return [
            BulkActionsColumn("bulk_actions"),
            PageTitleColumn("title", label=_("Title"), sort_key="title", classname="title"),
            Column("topic_title", label=_("Topic"), width="20%"),
            self.date,
            PageStatusColumn("status", label=_("Status"), sort_key="live", width="12%"),
        ]


def shown_start(event: EventPage) -> str:
    """Return when an event starts, by the clocks of its place; empty while nobody has said."""
    return date_format(event.starts.replace(tzinfo=None), "j M Y, H:i") if event.starts else ""


class VoicesViewSet(WorkViewSet):
    """Articles."""

    model = VoicesPage
    icon = "openquote"
    menu_label = _("Voices")


class EventViewSet(WorkViewSet):
    """Events, by their start."""

    model = EventPage
    icon = "date"
    menu_label = _("Events")
    ordering = "-starts_at"
    date = Column("starts", label=_("Starts"), accessor=shown_start, sort_key="starts_at", width="15%")


class PublicationViewSet(WorkViewSet):
    """Publications."""

    model = PublicationPage
    icon = "doc-full"
    menu_label = _("Publications")


class WorkGroup(ViewSetGroup):
    """The menu of what an editor makes day by day."""

    menu_label = _("Work")
    menu_icon = "edit"
    menu_order = 110
    items = (VoicesViewSet("voices"), EventViewSet("events"), PublicationViewSet("publications"))
