"""ContentItem: what all kinds of work have in common."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.fields import StreamField
from wagtail.search import index

from content.blocks import Body
from content.forms import ItemForm
from content.models.credits import Credit, credited
from content.panels import HookPanel, hooks_of
from harmhub.pages import HubPage
from topics.kinds import Kind
from topics.models import ProgramPage, TopicPage

SUMMARY_LENGTH = 240  # characters
LONGEST_AHEAD = timedelta(days=366)  # of a published date, from when the work is public


class ItemTag(TaggedItemBase):
    """A tag on an item."""

    content_object = ParentalKey("content.ContentItem", on_delete=models.CASCADE, related_name="tagged_items")


class ContentItem(HubPage):
    """A piece of work: a concrete base, so that one query lists all kinds; only its kinds can be created."""

    KIND: Kind | None = None

    kind = models.CharField(max_length=12, choices=Kind.choices, editable=False)
    summary = models.TextField(
        _("summary"),
        max_length=SUMMARY_LENGTH,
        help_text=_("One or two sentences, shown in lists and mails. At most 240 characters."),
    )
    published_on = models.DateField(
        _("published date"),
        default=timezone.localdate,
        help_text=_("Work is listed by this date, the newest first. To publish at a time, set a schedule."),
    )
    image = models.ForeignKey(
        "harmhub.CustomImage",
        verbose_name=_("image"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Shown on cards and beside the text. Work without an image is fine, too."),
    )
    image_caption = models.CharField(_("caption"), max_length=240, blank=True)
    primary_topic = models.ForeignKey(
        TopicPage,
        verbose_name=_("topic"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="primary_items",
        help_text=_(
            "What this work is mainly about. It appears on the page of this topic and of the topics above it."
        ),
    )
    further_topics = ParentalManyToManyField(
        TopicPage,
        verbose_name=_("further topics"),
        blank=True,
        related_name="further_items",
        help_text=_("Other topics on whose pages it appears, too. Topics above a chosen one need no mark."),
    )
    programs = ParentalManyToManyField(
        ProgramPage,
        verbose_name=_("programs"),
        blank=True,
        related_name="program_items",
        help_text=_("The programs that this work comes from. It appears on their pages."),
    )
    tags = ClusterTaggableManager(through=ItemTag, blank=True)
    tell_subscribers = models.BooleanField(
        _("tell subscribers"),
        default=True,
        db_default=True,
        help_text=_("Once it is public, those who follow its topics get it by mail."),
    )
    change_note = models.CharField(
        _("tell subscribers of a change"),
        max_length=140,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "What has changed: “New figures for 2026”. Each note is told once; without one, nobody is told."
        ),
    )
    body = StreamField(Body(), verbose_name=_("body"), blank=True)

    is_creatable = False
    exclude_fields_in_copy = ["change_note"]
    base_form_class = ItemForm
    subpage_types: list[str] = []
    search_fields = [
        *HubPage.search_fields,
        index.SearchField("summary"),
        index.SearchField("body"),
        index.FilterField("kind"),
        index.FilterField("published_on"),
        index.FilterField("primary_topic_id"),
    ]

    basics = [
        *HubPage.content_panels,
        FieldPanel("summary"),
        FieldPanel("primary_topic"),
        FieldPanel("published_on"),
    ]
    picture = MultiFieldPanel([FieldPanel("image"), FieldPanel("image_caption")], _("Image"))
    authors_panel = InlinePanel(
        "authors",
        label=_("Author"),
        heading=_("Authors, in order"),
        help_text=_("For each author, choose one of our people, or write the name of somebody from outside."),
    )
    body_help = _("Press the plus sign, then choose what to add: text, a heading, a picture …")
    about = [FieldPanel("further_topics"), FieldPanel("programs"), FieldPanel("tags")]
    # The form has one of the two: a work is new once.
    mail = [FieldPanel("tell_subscribers"), FieldPanel("change_note"), HookPanel("what_subscribers_get")]

    class Meta:
        verbose_name = _("work")
        verbose_name_plural = _("works")
        indexes = [
            models.Index(fields=["-published_on", "-page_ptr"], name="item_newest"),
            models.Index(fields=["kind", "-published_on", "-page_ptr"], name="item_newest_of_kind"),
            models.Index(
                fields=["page_ptr"], condition=~models.Q(change_note=""), name="item_with_a_change_note"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("summary"), SUMMARY_LENGTH), name="item_summary_is_short"
            ),
        ]

    @classmethod
    def tabs(cls, content: list, *more: ObjectList) -> TabbedInterface:
        """Return the editing form of one kind: its content, further tabs of its own, what it is about, and
        the settings."""
        settings = [*HubPage.address_panels, *HubPage.settings_panels]
        return TabbedInterface(
            [
                ObjectList(content, heading=_("Content")),
                *more,
                ObjectList(cls.about, heading=_("Where it appears")),
                ObjectList(cls.mail, heading=_("Subscribers")),
                ObjectList(settings, heading=_("Settings")),
            ]
        )

    def clean_to_publish(self) -> None:
        """Raise ValidationError where the published date is a slip of the keyboard, which would put the work
        above all others for years."""
        goes_live = timezone.localtime(max(filter(None, (self.go_live_at, timezone.now()))))
        if self.published_on and self.published_on - goes_live.date() > LONGEST_AHEAD:
            words = _("This day is more than a year ahead. Is the year right? Work is listed by it.")
            raise ValidationError({"published_on": words})

    def save(self, *args, **kwargs) -> None:
        """Save the item with its kind, which is a column so that lists and counts need no join."""
        if self.KIND:
            self.kind = self.KIND
        super().save(*args, **kwargs)

    @property
    def preview_modes(self) -> list[tuple[str, str]]:
        """What the editor may look at before publishing; the hook ``preview_of_work`` adds to it."""
        further = [(mode, str(label)) for mode, label, _show in hooks_of("preview_of_work")]
        return [("", str(_("Page"))), ("card", str(_("Card in lists"))), *further]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """Return the page, or how lists or others show it."""
        if mode_name == "card":
            self.kind = self.KIND or ""
            return TemplateResponse(request, "content/card_preview.html", {"item": self})
        others = {mode: show for mode, _label, show in hooks_of("preview_of_work")}
        if mode_name in others:
            return others[mode_name](self)
        return super().serve_preview(request, mode_name)

    @cached_property
    def detail(self) -> ContentItem:
        """The item as its own kind; without a query where a listing has fetched it."""
        if type(self) is not ContentItem:
            return self
        return getattr(self, f"{self.kind}page")

    @cached_property
    def credits(self) -> list[ItemAuthor]:
        """The authors, in order, each with its public page."""
        return credited(self.authors.all(), self.locale_id)

    @cached_property
    def byline(self) -> list[str]:
        """The authors' names, in order; without a query where a listing has fetched them."""
        return [author.shown_name for author in self.credits]

    @cached_property
    def topics(self) -> list[TopicPage]:
        """The public topics of the item in its language, the primary one first."""
        chosen = {topic.pk for topic in self.further_topics.all()} | {self.primary_topic_id}
        named = TopicPage.objects.filter(pk__in=chosen - {None})
        found = TopicPage.objects.public().versions_of(named, self.locale_id).order_by("path")
        return sorted(found, key=lambda topic: not self._is_primary(topic))

    @property
    def topic(self) -> TopicPage | None:
        """The primary topic in the item's language, while it is public."""
        return next((topic for topic in self.topics if self._is_primary(topic)), None)

    def _is_primary(self, topic: TopicPage) -> bool:
        primary = self.primary_topic
        return primary is not None and topic.translation_key == primary.translation_key

    @property
    def related(self) -> list[ContentItem]:
        """Up to three other works on the primary topic, the newest first."""
        if self.topic is None:
            return []
        return self.topic.items.newest(3, without=self.pk)

    @property
    def sensitive(self) -> bool:
        """Whether one of its topics, public or not, may put readers at risk."""
        chosen = [self.primary_topic, *self.further_topics.all(), *self.topics]
        return any(topic.sensitive for topic in {topic.pk: topic for topic in chosen if topic}.values())

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add what stands beside the text."""
        context = super().get_context(request, *args, **kwargs)
        return context | {"item": self, "topic": self.topic, "sensitive_topic": self.sensitive}


class ItemAuthor(Credit):
    """Somebody who made an item: one of our people, or a name from outside."""

    item = ParentalKey(ContentItem, on_delete=models.CASCADE, related_name="authors")

    panels = [FieldPanel("person"), FieldPanel("name")]

    class Meta(Credit.Meta):
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person"],
                name="author_once_an_item",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) | models.Q(name=""),
                name="author_person_or_name",
                violation_error_message=_("Choose a person or write a name, not both."),
            ),
        ]
