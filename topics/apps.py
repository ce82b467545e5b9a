"""The hub itself: topics, programs and people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TopicsConfig(AppConfig):
    """Topics, the programs that work on them, and the people behind both."""

    name = "topics"
    verbose_name = _("Topics")
