"""Editing forms that need more than their model's fields."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from harmhub.zones import zone_names
from topics.forms import TreePageForm


@cache
def zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return UTC and the IANA time zones that name a place, by continent, as choices of a select field.

    The labels begin with the town, so that an editor who types "Lis" is led to Lisbon.
    """
    places = [name.split("/", 1) for name in zone_names() if name != "UTC"]
    groups = groupby(places, key=lambda name: name[0])
    by_continent = [
        (
            continent,
            [
                (f"{continent}/{town}", town.replace("_", " ").replace("/", ", "))
                for _continent, town in towns
            ],
        )
        for continent, towns in groups
    ]
    return [("UTC", [("UTC", "UTC")]), *by_continent]


class ItemForm(TreePageForm):
    """What all kinds of work share: topics and programs by name, and people or names in the rows."""

    tree_fields = ("primary_topic", "further_topics", "programs")
    rows_of_people = ("authors", "speakers")
    # Selects that always have a value: no star asks the editor to do something.
    with_default = ("status", "time_zone", "publication_type")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.with_default:
            if name in self.fields:
                self.fields[name].required = False
        # New work is told, changes are not unless the editor says what they are.
        if self.instance.first_published_at:
            self.fields.pop("tell_subscribers", None)
        else:
            self.fields.pop("change_note", None)
            self.instance.change_note = ""  # it may have come along with a copy

    def clean(self) -> dict:
        """Refuse rows that name nobody, unless this is a draft, which may be half filled in."""
        cleaned = super().clean()
        for name in self.with_default:
            if cleaned.get(name) == "":
                cleaned[name] = self._meta.model._meta.get_field(name).get_default()
        if not self.is_deferred_validation:
            for row in (row for name in self.rows_of_people for row in self.formsets.get(name, ())):
                self._check_row(row)
        return cleaned

    def _post_clean(self) -> None:
        """Ask the work with what was typed what only a public page may not."""
        super()._post_clean()
        if not self.is_deferred_validation:
            try:
                self.instance.clean_to_publish()
            except ValidationError as error:
                self._update_errors(error)

    @staticmethod
    def _check_row(row: forms.ModelForm) -> None:
        filled = row.cleaned_data if row.is_valid() else {}
        is_kept = row.has_changed() or not row.empty_permitted
        if filled and is_kept and not (filled.get("DELETE") or filled.get("person") or filled.get("name")):
            row.add_error("person", _("Choose a person or write a name, or delete this row."))


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
        for pattern in self.input_formats or ():
            try:
                return self.strptime(value, pattern)
            except (ValueError, TypeError):
                continue
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class EventForm(ItemForm):
    """An event is written in the time of its place, whatever the editor's own zone is."""

    TIMES = ("starts_at", "ends_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        old_zone = self.fields["time_zone"]
        stored = self.instance.time_zone
        self.fields["time_zone"] = forms.ChoiceField(
            choices=self._zones_with(stored),
            required=False,
            label=old_zone.label,
            help_text=old_zone.help_text,
        )
        for name in self.TIMES:
            if value := getattr(self.instance, name):
                self.initial[name] = value.astimezone(ZoneInfo(stored or "UTC")).replace(tzinfo=None)
            old = self.fields[name]
            self.fields[name] = WallTimeField(
                required=old.required,
                widget=old.widget,
                label=old.label,
                help_text=old.help_text,
                input_formats=old.input_formats,
                error_messages=old.error_messages,
            )

    def clean(self) -> dict:
        """Give both times the event's zone. Errors: an hour that the clocks skip; an end before the start."""
        cleaned = super().clean()
        zone = ZoneInfo(cleaned.get("time_zone") or self.instance.time_zone or "UTC")
        for name in self.TIMES:
            if value := cleaned.get(name):
                if value == (known := self.initial.get(name)):
                    value = known  # an hour that comes twice in a night: this one knows which it is
                cleaned[name] = value.replace(tzinfo=zone)
                if not MINYEAR < value.year < MAXYEAR:
                    self.add_error(name, _("There is no such year in our calendar."))
                elif cleaned[name].astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
                    self.add_error(
                        name, _("This hour does not exist in %s: the clocks go forward then.") % zone.key
                    )
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["ends_at"] < cleaned["starts_at"]:
            self.add_error("ends_at", _("The event ends before it starts."))
        return cleaned

    @staticmethod
    def _zones_with(stored: str) -> list:
        """Return all zones; one that was stored by an import and is not among them keeps its place."""
        known = any(stored == name for _continent, towns in zones() for name, _town in towns)
        return zones() if known or not stored else [*zones(), (stored, [(stored, stored)])]
