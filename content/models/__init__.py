"""Items and their kinds, and the pages that list them."""

from content.models.entries import Entry, EntryCount
from content.models.events import EventPage, EventSpeaker
from content.models.facets import FacetCount, FacetEntry
from content.models.indexes import EventIndexPage, HomePage, InfoPage, PublicationIndexPage, VoicesIndexPage
from content.models.items import ContentItem, ItemAuthor, ItemTag
from content.models.publications import PublicationFile, PublicationPage
from content.models.search import SearchEntry, SearchWord
from content.models.voices import VoicesPage

__all__ = [
    "ContentItem",
    "Entry",
    "EntryCount",
    "EventIndexPage",
    "EventPage",
    "EventSpeaker",
    "FacetCount",
    "FacetEntry",
    "HomePage",
    "InfoPage",
    "ItemAuthor",
    "ItemTag",
    "PublicationFile",
    "PublicationIndexPage",
    "PublicationPage",
    "SearchEntry",
    "SearchWord",
    "VoicesIndexPage",
    "VoicesPage",
]
