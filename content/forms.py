"""Editing forms that need more than their model's fields."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminPageForm


class WallTimeField(forms.DateTimeField):
    """A time as the clock on the wall shows it, in no zone: the form knows which."""

    def prepare_value(self, value):
        """Return what the field shows; the form has already put the time into the event's zone."""
        return value.replace(tzinfo=None) if isinstance(value, datetime) else value

    def to_python(self, value):
        """Return a naive datetime. ValidationError: no date and time."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value.replace(tzinfo=None)
        for pattern in self.input_formats:
            try:
                return self.strptime(value, pattern)
            except (ValueError, TypeError):
                continue
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class EventForm(WagtailAdminPageForm):
    """An event is written in the time of its place, whatever the editor's own zone is."""

    TIMES = ("starts_at", "ends_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        zone = ZoneInfo(self.instance.time_zone or "UTC")
        for name in self.TIMES:
            if value := getattr(self.instance, name):
                self.initial[name] = value.astimezone(zone).replace(tzinfo=None)
            old = self.fields[name]
            self.fields[name] = WallTimeField(
                required=old.required, widget=old.widget, label=old.label, help_text=old.help_text, input_formats=old.input_formats
            )

    def clean(self) -> dict:
        """Give both times the event's zone. Errors: an hour that the clocks skip; an end before the start."""
        cleaned = super().clean()
        zone = ZoneInfo(cleaned.get("time_zone") or self.instance.time_zone or "UTC")
        for name in self.TIMES:
            if value := cleaned.get(name):
                cleaned[name] = value.replace(tzinfo=zone)
                if cleaned[name].astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
                    self.add_error(name, _("This hour does not exist there: the clocks go forward."))
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["ends_at"] < cleaned["starts_at"]:
            self.add_error("ends_at", _("The event ends before it starts."))
        return cleaned
