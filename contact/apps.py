"""The contact box: messages of readers to the people of a topic."""

from django.apps import AppConfig
from django.db.models.signals import pre_delete
from django.utils.translation import gettext_lazy as _


class ContactConfig(AppConfig):
    """Messages, and what happens to them."""

    name = "contact"
    verbose_name = _("Contact")

    def ready(self) -> None:
        """Keep what was done with messages among who may see them."""
        from contact.audit import keep_to_teams
        from contact.models import Message
        from contact.remaining import keep_team, let_doubles_go
        from topics.models import TopicPage

        keep_to_teams()
        pre_delete.connect(keep_team, sender=TopicPage, dispatch_uid="contact.keep_team")
        pre_delete.connect(let_doubles_go, sender=Message, dispatch_uid="contact.let_doubles_go")
