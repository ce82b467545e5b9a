"""The work of the organisation, and the pages that list it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    """Voices, events and publications; the home page and the index pages."""

    name = "content"
    verbose_name = _("Content")

    def ready(self) -> None:
        """Have pictures made before somebody looks at them, documents read, and names kept when people
        leave; and no database migrated that is not ready for it."""
        from django.db.models.signals import post_save, pre_delete, pre_migrate
        from wagtail.signals import page_published

        from content import tasks
        from content.models.credits import keep_name
        from content.upgrade import refuse_half_way
        from harmhub.models import CustomDocument, CustomImage
        from topics.models import PersonPage

        uid = "content.prepare_card"
        post_save.connect(tasks.prepare_saved_picture, sender=CustomImage, dispatch_uid=uid)
        page_published.connect(tasks.prepare_published, dispatch_uid=uid)
        post_save.connect(
            tasks.read_saved_document, sender=CustomDocument, dispatch_uid="content.read_document"
        )
        pre_delete.connect(keep_name, sender=PersonPage, dispatch_uid="content.keep_name")
        pre_migrate.connect(refuse_half_way, sender=self, dispatch_uid="content.refuse_half_way")
