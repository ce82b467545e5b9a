"""Who moves a topic decides by whom messages are read: that is for those who decide who is in which team."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from wagtail.models import Page

from contact.models.teams import with_team
from topics.models import TopicPage


def refused(request: HttpRequest, pages: Iterable[Page], destination: Page) -> HttpResponse | None:
    """Return the way back, with a word, where moving these pages would give messages to another team, and
    this user may not say whose team a topic is; else None."""
    if request.user.has_perm("auth.change_group"):
        return None
    for page in pages:
        parent = page.get_parent()
        if team_at(parent) != team_at(destination) and inherit_their_team(page):
            words = _(
                "“%s” was not moved: another team would read the messages to it. "
                "Somebody who may change groups can move it."
            )
            messages.error(request, words % page.get_admin_display_title())
            return redirect("wagtailadmin_explore", parent.pk)
    return None


def team_at(page: Page) -> int | None:
    """Return the number of the team of what lies below this page and names none."""
    found: QuerySet[Any] = with_team(Page.objects.filter(pk=page.pk), "path")
    return found.values_list("its_team", flat=True).get()


def inherit_their_team(page: Page) -> bool:
    """Whether there are messages to topics, from this page on, whose team is named further above."""
    topics = TopicPage.objects.filter(path__startswith=page.path)
    family = TopicPage.objects.filter(translation_key=OuterRef("translation_key"), team__isnull=False)
    named = tuple(topics.filter(Exists(family)).values_list("path", flat=True))
    written_to = topics.filter(messages__isnull=False).values_list("path", flat=True).distinct()
    return any(not path.startswith(named) for path in written_to)
