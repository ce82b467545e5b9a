"""Canned answers in the admin."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.history import HistoryView
from wagtail.admin.views.generic.models import CopyView, DeleteView, EditView, IndexView
from wagtail.admin.views.generic.usage import UsageView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button

from contact.models import CannedAnswer
from contact.models.teams import of_teams


def seen_by(user: Any) -> QuerySet[CannedAnswer]:
    """Return the canned answers for all topics, and those of the teams that somebody is in."""
    others = of_teams(CannedAnswer.objects.exclude(topic=None), user, "topic__path")
    return CannedAnswer.objects.filter(Q(topic=None) | Q(pk__in=others.values("pk")))


class OwnOnly:
    """Has a view know only the canned answers of its user's teams."""

    request: Any
    kwargs: Any

    def get_object(self, queryset: QuerySet | None = None) -> CannedAnswer:
        """Return the one that is asked for. Http404: it is another team's."""
        return get_object_or_404(seen_by(self.request.user), pk=unquote(str(self.kwargs["pk"])))


class CannedAnswerEditView(OwnOnly, EditView):
    """Change one."""


class CannedAnswerCopyView(OwnOnly, CopyView):
    """Copy one."""


class CannedAnswerDeleteView(OwnOnly, DeleteView):
    """Delete one."""


class CannedAnswerHistoryView(OwnOnly, HistoryView):
    """What was done with one."""


class CannedAnswerUsageView(OwnOnly, UsageView):
    """Where one is used."""


class CannedAnswerIndexView(IndexView):
    """The canned answers."""

    def get_base_queryset(self) -> QuerySet[CannedAnswer]:
        """Return those that this user may see."""
        return seen_by(self.request.user).select_related("topic")


class CannedAnswerViewSet(ModelViewSet):
    """The canned answers: written in the settings, inserted on the page of a message."""

    model = CannedAnswer
    icon = "edit"
    menu_label = gettext_lazy("Canned answers")
    add_to_settings_menu = True
    inspect_view_enabled = False
    copy_view_enabled = True
    index_view_class = CannedAnswerIndexView
    edit_view_class = CannedAnswerEditView
    copy_view_class = CannedAnswerCopyView
    delete_view_class = CannedAnswerDeleteView
    history_view_class = CannedAnswerHistoryView
    usage_view_class = CannedAnswerUsageView
    list_display = [
        "title",
        "topic",
        Column("language", accessor="get_language_display", sort_key="language"),
    ]
    list_filter = ["language"]
    search_fields = ["title", "text"]
    panels = [FieldPanel("title"), FieldPanel("topic"), FieldPanel("language"), FieldPanel("text")]


def canned_answers_button(user: Any) -> list[Button]:
    """Return the way to the canned answers, for who may see them."""
    if not user.has_perm("contact.view_cannedanswer"):
        return []
    return [Button(gettext_lazy("Canned answers"), url=reverse("canned_answer:index"), icon_name="edit")]
