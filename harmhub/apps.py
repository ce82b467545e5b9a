"""The kernel: users, pictures, documents, site settings, and what every request and response needs."""

import sys
from types import ModuleType, SimpleNamespace

from django.apps import AppConfig, apps


class HarmhubConfig(AppConfig):
    """The project itself as an app: it owns the models that no single topic app owns."""

    name = "harmhub"
    verbose_name = "harmhub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Change in Wagtail what it has no setting for; note what pages show."""
        _leave_out_the_api()
        _make_exports_inert()
        _keep_dates_as_typed()
        _note_what_is_fetched()


def _leave_out_the_api() -> None:
    """Have Wagtail's apps, whose turn comes after this one's, not load its API where it is not installed.

    They would all the same, with a schema of each kind of page, which nobody could ask for: a fifth of the
    time of every start of Django, and some 15 MB of every process.
    """
    if apps.is_installed("wagtail.api.v3"):
        return
    none = ModuleType("harmhub.no_api")
    vars(none).update(
        api=SimpleNamespace(add_router=lambda prefix, router: None),
        router=None,
        register_content_types=lambda: None,
    )
    sys.modules["wagtail.api.v3.api"] = none
    for app in ("images", "documents", "snippets", "contrib.redirects", "locales"):
        for part in ("", ".registry", ".router"):
            sys.modules[f"wagtail.{app}.api.v3{part}"] = none


def _make_exports_inert() -> None:
    """Have no spreadsheet execute what stands in an export, Wagtail's own reports included."""
    from wagtail.admin.views.mixins import SpreadsheetExportMixin as Export

    from harmhub.records import inert

    # The last word, for all values that Wagtail says nothing of.
    Export.custom_value_preprocess[object] = dict.fromkeys(Export.FORMATS, inert)


def _keep_dates_as_typed() -> None:
    """Have the calendars leave what they cannot read to the form, which says so. They would write the moment
    of typing in its place, and nobody would notice."""
    from wagtail.admin.widgets import datetime

    for widget in (datetime.AdminDateInput, datetime.AdminTimeInput, datetime.AdminDateTimeInput):
        configured = widget.get_config
        widget.get_config = lambda self, configured=configured: configured(self) | {"validateOnBlur": False}


def _note_what_is_fetched() -> None:
    """Have the page store know which pages, pictures and documents a page was made of."""
    from django.db.models.signals import post_init
    from wagtail.models import Page

    from harmhub.models import CustomDocument, CustomImage
    from harmhub.store import shown

    for model in apps.get_models():
        if issubclass(model, Page):
            post_init.connect(shown.note_page, sender=model)
    post_init.connect(shown.note_image, sender=CustomImage)
    post_init.connect(shown.note_document, sender=CustomDocument)
