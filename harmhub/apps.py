"""The kernel: users, pictures, documents, site settings, and what every request and response needs."""

from django.apps import AppConfig


class HarmhubConfig(AppConfig):
    """The project itself as an app: it owns the models that no single topic app owns."""

    name = "harmhub"
    verbose_name = "harmhub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have no spreadsheet execute what stands in an export, Wagtail's own reports included."""
        from wagtail.admin.views.mixins import SpreadsheetExportMixin as Export

        from harmhub.records import inert

        # The last word, for all values that Wagtail says nothing of.
        Export.custom_value_preprocess[object] = dict.fromkeys(Export.FORMATS, inert)
