"""The work of the organisation, and the pages that list it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    """Voices, events and publications; the home page and the index pages."""

    name = "content"
    verbose_name = _("Content")
