"""Which work there is, in the words in which pages ask for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import ExtractYear

from content.anchors import Anchor
from content.cards import fetched
from content.listing import Listing
from harmhub.pages import PublicPageQuerySet
from topics.kinds import Kind

if TYPE_CHECKING:
    from topics.models import PersonPage, ProgramPage, TopicPage


class ContentItemQuerySet(PublicPageQuerySet):
    """Items, with the words in which listings are asked for."""

    def on_topic(self, topic: TopicPage) -> ContentItemQuerySet:
        """Return the items about a topic or any topic below it, in the topic's language, each once.

        A translated item stays on the original topic, so topics are compared by what they are translations
        of.
        """
        if topic.pk is None:
            return self.none()
        topics = type(topic)._default_manager
        subjects = topics.filter(
            translation_key__in=topics.filter(path__startswith=topic.path).values("translation_key")
        )
        further = self.model.further_topics.through.objects.filter(
            contentitem=OuterRef("pk"), topicpage__in=subjects
        )
        return self.filter(Q(primary_topic__in=subjects) | Exists(further), locale=topic.locale_id)

    def of_program(self, program: ProgramPage) -> ContentItemQuerySet:
        """Return the items of a program, in the program's language."""
        if program.pk is None:
            return self.none()
        links = self.model.programs.through.objects.filter(
            contentitem=OuterRef("pk"), programpage__translation_key=program.translation_key
        )
        return self.filter(Exists(links), locale=program.locale_id)

    def by_person(self, person: PersonPage) -> ContentItemQuerySet:
        """Return the items that a person wrote or speaks at, in the language of the person's page."""
        if person.pk is None:
            return self.none()
        same = {"person__translation_key": person.translation_key}
        wrote = apps.get_model("content", "ItemAuthor").objects.filter(item=OuterRef("pk"), **same)
        speaks = apps.get_model("content", "EventSpeaker").objects.filter(event=OuterRef("pk"), **same)
        return self.filter(Exists(wrote) | Exists(speaks), locale=person.locale_id)

    def of_kind(self, kind: Kind) -> ContentItemQuerySet:
        """Return the items of one kind."""
        return self.filter(kind=kind)

    def newest_first(self) -> ContentItemQuerySet:
        """Return the items by published date, the newest first; of one day, the one that was made last
        first."""
        return self.order_by("-published_on", "-pk")

    def since(self, anchor: Anchor) -> ContentItemQuerySet:
        """Return the item at the anchor and all newer ones."""
        return self.filter(
            Q(published_on__gt=anchor.day) | Q(published_on=anchor.day, pk__gte=anchor.pk),
            published_on__gte=anchor.day,
        )

    def before(self, anchor: Anchor) -> ContentItemQuerySet:
        """Return the items older than the anchor."""
        return self.filter(
            Q(published_on__lt=anchor.day) | Q(published_on=anchor.day, pk__lt=anchor.pk),
            published_on__lte=anchor.day,
        )

    def recent(self) -> ContentItemQuerySet:
        """Return the public items, the newest first, with all that a card shows."""
        return self.public().newest_first().for_cards()

    def for_cards(self) -> ContentItemQuerySet:
        """Fetch all that a card shows in this one query."""
        return fetched(self)

    def counts(self) -> Counter[tuple[str, int]]:
        """Return how many items there are of each kind and year."""
        rows = self.order_by().values_list("kind", ExtractYear("published_on")).annotate(Count("pk"))
        return Counter({(kind, year): number for kind, year, number in rows})

    def listing(self, address: str, **cut) -> Listing:
        """Return the public items as a listing whose first page is at the address, cut as Listing
        describes."""
        return Listing(self.public(), address, **cut)
