"""Canned answers in the admin."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel
from wagtail.admin.ui.tables import Column
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button

from contact.models import CannedAnswer


class CannedAnswerViewSet(ModelViewSet):
    """The canned answers: written in the settings, inserted on the page of a message."""

    model = CannedAnswer
    icon = "edit"
    menu_label = gettext_lazy("Canned answers")
    add_to_settings_menu = True
    inspect_view_enabled = False
    copy_view_enabled = True
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
