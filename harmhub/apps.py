"""The kernel: users, pictures, documents, site settings, and what every request and response needs."""

from django.apps import AppConfig


class HarmhubConfig(AppConfig):
    """The project itself as an app: it owns the models that no single topic app owns."""

    name = "harmhub"
    verbose_name = "harmhub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Change in Wagtail what it has no setting for."""
        _make_exports_inert()
        _keep_dates_as_typed()


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
