"""Whose something about a topic is: the nearest topic's, itself included, that names a team, else the
site's."""

from typing import Any

from django.db.models import (
    BooleanField,
    CharField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from harmhub.models import SiteSettings
from topics.models import TopicPage


def with_team[Found: QuerySet](found: Found, path: str) -> Found:
    """Return these rows with ``its_team``, the number of a group or None. path: from a row to the place of
    its topic in the tree. What a topic names holds for its translations, where they name no other."""
    family = TopicPage.objects.filter(translation_key=OuterRef("translation_key"), team__isnull=False)
    own_first = family.annotate(is_own=ExpressionWrapper(Q(pk=OuterRef("pk")), BooleanField()))
    named = Subquery(own_first.order_by("-is_own", "pk").values("team")[:1], IntegerField())
    above = TopicPage.objects.annotate(
        below=ExpressionWrapper(OuterRef(path), CharField()), named=named
    ).filter(below__startswith=F("path"), named__isnull=False)
    site = SiteSettings.objects.filter(site__is_default_site=True).values_list("team", flat=True).first()
    nearest = Subquery(above.order_by("-depth").values("named")[:1], IntegerField())
    return found.annotate(its_team=Coalesce(nearest, Value(site, IntegerField())))


def of_teams[Found: QuerySet](found: Found, user: Any, path: str) -> Found:
    """Return of these rows those that somebody may see, of those who may see messages at all: who is in their
    team. Where neither a topic above nor the site names a team, everybody is."""
    if user.is_superuser:
        return found
    return with_team(found, path).filter(Q(its_team=None) | Q(its_team__in=user.groups.values("pk")))
