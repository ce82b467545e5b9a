"""How many a work would reach, told to its editor before it goes."""

from collections import Counter

from django.db.models import Count, Q
from wagtail.models import Page

from content.models import ContentItem, Entry
from newsletter.models import List, Pace, Subscriber, Subscription
from topics.paths import steps_to


def readers_by_pace(item: ContentItem) -> Counter[str]:
    """Return how many subscribers of each pace follow a list that has this work, or would have it if it were
    public now. Who has two such lists at two paces counts twice."""
    about = Q(page=None) | Q(page__in=_pages_of(item))
    tags = [tag.pk for tag in item.tags.all()]
    lists = List.objects.filter(
        about,
        Q(kind="") | Q(kind=item.KIND or item.kind),
        Q(program=None) | Q(program__in=list(item.programs.all())),
        Q(tag=None) | Q(tag__in=tags),
        locale=item.locale_id,
    )
    followed = Subscription.objects.active().filter(list__in=lists)
    asked = followed.filter(subscriber__in=Subscriber.objects.writable()).order_by().values("pace")
    found = dict(asked.annotate(number=Count("subscriber", distinct=True)).values_list("pace", "number"))
    return Counter({pace.value: found[pace.value] for pace in Pace if found.get(pace.value)})


def _pages_of(item: ContentItem) -> set[int]:
    """Return the pages that list an item; of one that is not public, those that are likely to."""
    if listed := set(Entry.objects.filter(item=item.pk).values_list("page_id", flat=True)):
        return listed
    topics = {topic for topic in (item.primary_topic, *item.further_topics.all()) if topic}
    paths = {step for topic in topics for step in steps_to(topic.path)}
    people = {author.person_id for author in item.authors.all() if author.person_id}
    above = Page.objects.filter(path__in=paths).values_list("pk", flat=True)
    return {*above, *(program.pk for program in item.programs.all()), *people}
