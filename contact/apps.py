"""The contact box: messages of readers to the people of a topic."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactConfig(AppConfig):
    """Messages, and what happens to them."""

    name = "contact"
    verbose_name = _("Contact")

    def ready(self) -> None:
        """Keep what was done with messages among who may see them."""
        from contact.audit import keep_to_teams

        keep_to_teams()
