"""Whose something about a topic is: the nearest topic's, itself included, that names a team, else the
site's."""

from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from harmhub.models import SiteSettings
from topics.models import TopicPage


def nearest(number: Combinable, path: Combinable) -> Subquery:
    """Return, in SQL, this number of the nearest topic that has one, of those on the way down to a place in
    the tree (itself included); NULL where none has."""
    below = ExpressionWrapper(path, CharField())
    above = TopicPage.objects.annotate(below=below, number=number)
    named = above.filter(below__startswith=F("path"), number__isnull=False).order_by("-depth")
    return Subquery(named.values("number")[:1], IntegerField())


def with_team[Found: QuerySet](found: Found, path: str, kept: str = "") -> Found:
    """Return these rows with ``its_team``, the number of a group or None. path: from a row to the place of
    its topic in the tree; kept: the field with the group of a row whose topic was deleted. What a topic names
    holds for its translations, where they name no other."""
    family = TopicPage.objects.filter(translation_key=OuterRef("translation_key"), team__isnull=False)
    own_first = family.annotate(is_own=ExpressionWrapper(Q(pk=OuterRef("pk")), BooleanField()))
    named = Subquery(own_first.order_by("-is_own", "pk").values("team")[:1], IntegerField())
    theirs: list[Combinable] = [nearest(named, OuterRef(path))]
    if kept:
        theirs.append(Case(When(topic=None, then=F(kept)), output_field=IntegerField()))
    return found.annotate(its_team=Coalesce(*theirs, Value(_team_of_the_site(), IntegerField())))


def team_of(topic: TopicPage | None) -> int | None:
    """Return the number of the group whose is what is sent to this topic; None: everybody's."""
    if topic is None:
        return _team_of_the_site()
    return with_team(TopicPage.objects.filter(pk=topic.pk), "path").values_list("its_team", flat=True).get()


def _team_of_the_site() -> int | None:
    return SiteSettings.of_default_site().team_id


def of_teams[Found: QuerySet](found: Found, user: Any, path: str, kept: str = "") -> Found:
    """Return of these rows those that somebody may see, of those who may see messages at all: who is in their
    team. Where neither a topic above nor the site names a team, everybody is."""
    if user.is_superuser:
        return found
    return with_team(found, path, kept).filter(Q(its_team=None) | Q(its_team__in=user.groups.values("pk")))
