"""Voices: articles."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.search import index

from content.models.items import ContentItem
from topics.kinds import Kind


class VoicesPage(ContentItem):
    """An article."""

    KIND = Kind.VOICES

    kicker = models.CharField(
        _("kicker"),
        max_length=60,
        blank=True,
        help_text=_("A word or two above the title, such as “Field notes”."),
    )
    standfirst = models.TextField(
        _("standfirst"),
        blank=True,
        help_text=_("Shown large under the title. Empty: the summary is shown there."),
    )

    template = "content/voices.html"
    parent_page_types = ["content.VoicesIndexPage"]
    is_creatable = True
    page_description = _("An article by one or more authors.")
    search_fields = [*ContentItem.search_fields, index.SearchField("standfirst")]

    edit_handler = ContentItem.tabs(
        [
            *ContentItem.basics,
            FieldPanel("kicker"),
            FieldPanel("standfirst"),
            ContentItem.picture,
            ContentItem.authors_panel,
            FieldPanel("body", help_text=ContentItem.body_help),
        ]
    )

    class Meta:
        verbose_name = _("article (Voices)")
        verbose_name_plural = _("Voices")
