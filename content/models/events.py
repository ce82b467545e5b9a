"""Events: they have a time in a zone, a place or an address online, and may be postponed or cancelled."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.fields import RichTextField
from wagtail.search import index

from content.forms import EventForm
from content.models.credits import Credit, credited
from content.models.items import ContentItem
from harmhub.store.shown import note_until
from topics.kinds import Kind


def validate_zone(name: str) -> None:
    """Raise ValidationError unless the name is an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is no time zone."), params={"name": name})


class EventPage(ContentItem):
    """Something that happens at a time."""

    KIND = Kind.EVENT

    class Status(models.TextChoices):
        """What the organisers say of it; whether it is past, the clock says."""

        SCHEDULED = "scheduled", _("Takes place")
        POSTPONED = "postponed", _("Postponed")
        CANCELLED = "cancelled", _("Cancelled")

    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.SCHEDULED)
    starts_at = models.DateTimeField(
        _("starts"), null=True, help_text=_("As the clocks in the time zone below show it.")
    )
    ends_at = models.DateTimeField(
        _("ends"),
        null=True,
        blank=True,
        help_text=_("Without an end, it counts as over a day after its start."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=timezone.get_default_timezone_name, validators=[validate_zone],
        help_text=_("Of the place; for an event online, of whoever invites. Readers see that time, and UTC."),
    )  # fmt: skip
    place = models.CharField(_("place"), max_length=240, blank=True, help_text=_("Hall, street, town."))
    town = models.CharField(
        _("town"),
        max_length=80,
        blank=True,
        help_text=_("Shown in lists, where there is no room for the whole address."),
    )
    online_url = models.URLField(
        _("address online"),
        blank=True,
        help_text=_("Shown on the page. Leave it empty if the link comes with the registration."),
    )
    is_online = models.BooleanField(_("takes place online, too"), default=False)
    access_notes = models.TextField(
        _("access"), blank=True, help_text=_("Steps, captions, interpretation, hearing loop.")
    )
    languages = models.CharField(
        _("languages"),
        max_length=160,
        blank=True,
        help_text=_("For example “English and Portuguese, interpreted”."),
    )
    registration_url = models.URLField(
        _("registration"),
        blank=True,
        help_text=_(
            "Where one registers. The button vanishes when the event is over, postponed or cancelled."
        ),
    )
    recording_url = models.URLField(
        _("recording"), blank=True, help_text=_("Afterwards: where the recording is.")
    )
    transcript = RichTextField(
        _("transcript"), blank=True, features=["bold", "italic", "link", "document-link", "ul", "ol"]
    )

    template = "content/event.html"
    parent_page_types = ["content.EventIndexPage"]
    is_creatable = True
    page_description = _("Something that happens at a time, at a place or online.")
    base_form_class = EventForm
    search_fields = [
        *ContentItem.search_fields,
        index.SearchField("place"),
        index.FilterField("starts_at"),
        index.FilterField("status"),
    ]

    edit_handler = ContentItem.tabs(
        [
            *ContentItem.basics,
            MultiFieldPanel(
                [
                    FieldPanel("status"),
                    FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
                    FieldPanel("time_zone"),
                ],
                _("When"),
            ),
            MultiFieldPanel(
                [FieldPanel("place"), FieldPanel("town"), FieldPanel("is_online"), FieldPanel("online_url")],
                _("Where"),
            ),
            FieldPanel("registration_url"),
            ContentItem.picture,
            FieldPanel("body", help_text=ContentItem.body_help),
        ],
        ObjectList(
            [
                InlinePanel(
                    "speakers",
                    label=_("Speaker"),
                    heading=_("Speakers, in order"),
                    help_text=_("Choose one of our people, or write the name of somebody from outside."),
                ),
                FieldPanel("languages"),
                FieldPanel("access_notes"),
                MultiFieldPanel([FieldPanel("recording_url"), FieldPanel("transcript")], _("Afterwards")),
            ],
            heading=_("Speakers and access"),
        ),
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
                name="event_ends_after_start",
                violation_error_message=_("The event ends before it starts."),
            )
        ]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the place."""
        return ZoneInfo(self.time_zone)

    @property
    def starts(self) -> datetime | None:
        """The start in the zone of the place; None while the editor has not said when."""
        return self.starts_at and self.starts_at.astimezone(self.zone)

    @property
    def ends(self) -> datetime | None:
        """The end in the zone of the place; None where none was given."""
        return self.ends_at and self.ends_at.astimezone(self.zone)

    @property
    def is_past(self) -> bool:
        """Whether it is over: after its end, or without one, a day after its start."""
        if self.starts_at is None:
            return False
        over = self.ends_at or self.starts_at + timedelta(days=1)
        note_until(over + timedelta(seconds=1))
        return over < timezone.now()

    @property
    def online(self) -> bool:
        """Whether one can take part from afar."""
        return self.is_online or bool(self.online_url)

    @property
    def whereabouts(self) -> str:
        """In few words where it takes place: a town, "Lisbon and online", "Online"; "" where that is open.
        Where no town is given, what the place is called."""
        town = self.town or self.place.partition(",")[0].strip()
        if town and self.online:
            return gettext("%(town)s and online") % {"town": town}
        return town or (gettext("Online") if self.online else "")

    @property
    def is_upcoming(self) -> bool:
        """Whether it takes place as announced and has not begun."""
        note_until(self.starts_at)
        return self.is_on and bool(self.starts_at and self.starts_at > timezone.now())

    @property
    def appearing(self) -> list["EventSpeaker"]:
        """The speakers, in order, each with its public page."""
        return credited(self.speakers.all(), self.locale_id)

    @property
    def is_on(self) -> bool:
        """Whether it takes place as announced."""
        return self.status == self.Status.SCHEDULED


class EventSpeaker(Credit):
    """Somebody who speaks at an event: one of our people, or a name from outside."""

    event = ParentalKey(EventPage, on_delete=models.CASCADE, related_name="speakers")
    role = models.CharField(
        _("role"), max_length=160, blank=True, help_text=_("For example “budget office, city of Lisbon”.")
    )

    panels = [FieldPanel("person"), FieldPanel("name"), FieldPanel("role")]

    class Meta(Credit.Meta):
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"],
                name="speaker_once_an_event",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) | models.Q(name=""),
                name="speaker_person_or_name",
                violation_error_message=_("Choose a person or write a name, not both."),
            ),
        ]
