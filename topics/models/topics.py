"""The topic: a page in a tree, with what the organisation thinks, who works on it, and its recent work."""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from uuid import UUID

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail import blocks
from wagtail.admin.panels import (
    FieldPanel,
    MultiFieldPanel,
    MultipleChooserPanel,
    ObjectList,
    TabbedInterface,
)
from wagtail.fields import RichTextField, StreamField
from wagtail.rich_text import expand_db_html
from wagtail.search import index

from harmhub.models import address_lines, nobody, validate_addresses
from harmhub.pages import HubPage, is_public, is_restricted
from harmhub.prepared import Prepared
from harmhub.publishing import Row
from harmhub.store.shown import note_children, note_pages, note_until
from topics.forms import TopicForm
from topics.models.people import PersonPage
from topics.models.programs import ProgramPage
from topics.models.work import WorkPage

MESSAGES_KEPT_DAYS = 90  # where no topic says otherwise
SIMPLE_TEXT = ["bold", "italic", "link", "document-link", "ul", "ol"]


OPEN_CALLS_HELP = _(
    "Press the plus sign once for each call. On the day after it closes, a call vanishes by itself."
)


class OpenCall(blocks.StructBlock):
    """A call for proposals. It vanishes by itself on the day after it closes."""

    title = blocks.CharBlock(label=_("Title"), max_length=120)
    link = blocks.URLBlock(label=_("Link"), required=False)
    closes = blocks.DateBlock(label=_("Closing date"), help_text=_("The last day on which one can apply."))

    class Meta:
        icon = "date"
        label = _("Call")
        label_format = "{title} ({closes})"
        preview_template = "topics/open_call_preview.html"
        description = _("A call for proposals with its closing date.")


class TopicIndexPage(HubPage):
    """All topics, by area."""

    introduction = models.TextField(_("introduction"), blank=True)

    template = "topics/topic_index.html"
    content_panels = [*HubPage.content_panels, FieldPanel("introduction")]
    parent_page_types = ["content.HomePage"]
    subpage_types = ["topics.TopicPage"]
    max_count_per_parent = 1
    page_description = _("Lists all topics by area.")

    class Meta:
        verbose_name = _("topic index")


class TopicPage(WorkPage):
    """A topic. One that others lie under is an area."""

    introduction = models.TextField(
        _("introduction"), help_text=_("One paragraph, shown large under the title.")
    )
    image = models.ForeignKey(
        "harmhub.CustomImage",
        verbose_name=_("image"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Shown where the topic is shared, not on its page."),
    )
    learn_more = RichTextField(
        _("learn more"), blank=True, features=SIMPLE_TEXT, help_text=_("A longer explanation, or links.")
    )
    contact_addresses = models.TextField(
        _("contact addresses"),
        blank=True,
        validators=[validate_addresses],
        help_text=_(
            "Who is told of messages, one address a line. Empty: as the topic above, at last the site’s."
        ),
    )
    team = models.ForeignKey(
        "auth.Group",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET(nobody),
        related_name="+",
        help_text=_(
            "Who may read messages to this topic, whatever its language. Empty: as the topic above, at last "
            "the site’s."
        ),
    )
    local_help = RichTextField(
        _("local help"),
        blank=True,
        features=SIMPLE_TEXT,
        help_text=_(
            "Whom to call in need. The contact box, which is no emergency service, leads to it. "
            "Empty: as the topic above, at last the site’s page."
        ),
    )
    messages_kept_days = models.PositiveSmallIntegerField(
        _("days that messages are kept"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_(
            "For how many days after it was closed a message is kept, 1 to 365; readers are told. "
            "Empty: as the topic above, at last 90."
        ),
    )
    grant_seekers = RichTextField(_("for grant seekers"), blank=True, features=SIMPLE_TEXT)
    open_calls = StreamField([("call", OpenCall())], verbose_name=_("open calls"), blank=True)
    has_newsletter = models.BooleanField(
        _("has a newsletter of its own"),
        default=False,
        help_text=_(
            "The sign-up bar of this topic, and of the topics below it, then offers updates about it."
        ),
    )
    is_sensitive = models.BooleanField(
        _("sensitive"),
        default=False,
        help_text=_(
            "Readers may be at risk for reading this: show “Exit this page” here and on the topics below."
        ),
    )
    wikidata = models.CharField(
        _("Wikidata item"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^Q[1-9]\d*$", _("A number such as Q1402338."))],
        help_text=_("Tells machines what this topic is, for example Q1402338."),
    )

    is_of_team = False  # known after ``lineage``, and where the hub has found the topic

    base_form_class = TopicForm
    template = "topics/topic.html"
    parent_page_types = ["topics.TopicIndexPage", "topics.TopicPage"]
    subpage_types = ["topics.TopicPage"]
    page_description = _("A topic with its explanation, people, programs and recent work.")
    search_fields = [
        *WorkPage.search_fields,
        index.SearchField("introduction"),
        index.SearchField("learn_more"),
    ]

    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    *WorkPage.content_panels,
                    FieldPanel("introduction"),
                    FieldPanel("learn_more"),
                    FieldPanel("image"),
                ],
                heading=_("Content"),
            ),
            ObjectList(
                [
                    MultipleChooserPanel(
                        "topic_people",
                        chooser_field_name="person",
                        label=_("Person"),
                        heading=_("People, in order"),
                    ),
                    FieldPanel("contact_addresses"),
                    # Who may read messages is decided by who decides who is in which group.
                    FieldPanel("team", permission="auth.change_group"),
                    FieldPanel("messages_kept_days"),
                    FieldPanel("local_help"),
                    MultiFieldPanel(
                        [FieldPanel("grant_seekers"), FieldPanel("open_calls", help_text=OPEN_CALLS_HELP)],
                        _("For grant seekers"),
                    ),
                ],
                heading=_("People and grants"),
            ),
            ObjectList(
                [
                    FieldPanel("has_newsletter"),
                    FieldPanel("is_sensitive"),
                    FieldPanel("wikidata"),
                    *WorkPage.address_panels,
                    *WorkPage.settings_panels,
                ],
                heading=_("Settings"),
            ),
        ]
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    @cached_property
    def lineage(self) -> list["TopicPage"]:
        """This topic, then the topics it lies under, the nearest first. Each knows whether it, or a
        translation of it, names a team (``is_of_team``)."""
        if not self.path:
            return [self]
        line = TopicPage.objects.ancestor_of(self, inclusive=True).order_by("-depth")
        annotated = line.annotate(is_restricted=is_restricted(), is_of_team=is_of_team())
        found = {topic.pk: topic for topic in annotated}
        # As it was read before, or is being edited; only what the rows add is of now.
        self.is_of_team = self.pk in found and found.pop(self.pk).is_of_team
        return [self, *found.values()]

    @cached_property
    def subtopics(self) -> list["TopicPage"]:
        """The public topics right below this one, A to Z; none before it is saved."""
        if self.pk is None:
            return []
        note_children(self)
        return sorted(TopicPage.objects.public().child_of(self), key=lambda topic: topic.title.casefold())

    @property
    def area(self) -> "TopicPage | None":
        """The nearest topic, itself included, that has a newsletter; None: the whole organisation is
        meant."""
        return next((topic for topic in self.lineage if topic.has_newsletter and is_public(topic)), None)

    @property
    def sensitive(self) -> bool:
        """Whether this topic, or one that it lies under, may put its readers at risk."""
        return any(topic.is_sensitive for topic in self.lineage)

    @property
    def contact_recipients(self) -> list[str]:
        """The addresses told of messages: of the nearest topic that names any; empty where none does."""
        return next(
            (found for topic in self.lineage if (found := address_lines(topic.contact_addresses))), []
        )

    @property
    def has_team(self) -> bool:
        """Whether this topic, or one that it lies under, names who may read messages to it."""
        note_pages(*self.lineage)
        return any(topic.is_of_team or topic.team_id for topic in self.lineage)

    @property
    def messages_kept(self) -> int:
        """For how many days messages are kept after they were closed: as the nearest topic says that does."""
        note_pages(*self.lineage)  # a part of the page may tell readers
        told = (topic.messages_kept_days for topic in self.lineage)
        return next((days for days in told if days), MESSAGES_KEPT_DAYS)

    @property
    def local_help_source(self) -> str:
        """The local help of the nearest topic that has any, as editors' rich text. What lies above may be a
        draft."""
        note_pages(*self.lineage)  # what is not there may come
        helps = (topic.local_help for topic in self.lineage if topic is self or is_public(topic))
        return next((found for found in helps if found), "")

    @cached_property
    def _texts(self) -> list[str]:
        """The rich texts of the panel as HTML, made together: their links cost one query."""
        mark = "<!--next-->"
        return expand_db_html(f"{self.learn_more}{mark}{self.grant_seekers}").split(mark)

    @property
    def learn_more_html(self) -> SafeString:
        """The longer explanation as HTML."""
        return mark_safe(self._texts[0])  # noqa: S308 (cleaned by the editor's field)

    @property
    def grant_seekers_html(self) -> SafeString:
        """The text for grant seekers as HTML."""
        return mark_safe(self._texts[1])  # noqa: S308 (as above)

    @property
    def local_help_html(self) -> SafeString:
        """The local help of this topic, or of the nearest above that has any, as HTML."""
        return mark_safe(expand_db_html(self.local_help_source))  # noqa: S308 (as above)

    @property
    def calls(self) -> list[blocks.StructValue]:
        """The calls that are open today, the first to close first."""
        today = timezone.localdate()
        calls = sorted(
            (c.value for c in self.open_calls if c.value["closes"] and c.value["closes"] >= today),
            key=lambda c: c["closes"],
        )
        if calls and calls[0]["closes"] < date.max:  # no day comes after that one
            day_after = calls[0]["closes"] + timedelta(days=1)
            note_until(timezone.make_aware(datetime.combine(day_after, time())))
        return calls

    @property
    def people(self) -> list[PersonPage]:
        """The public people of this topic in its language, in the editor's order; in a preview, as they are
        about to be."""
        self.note_ties()
        rows = self.topic_people.all()
        if not isinstance(rows, models.QuerySet):  # a preview's, in memory
            order = {row.person.translation_key: place for place, row in enumerate(rows) if row.person_id}
            people = PersonPage.objects.public().described().filter(locale=self.locale_id)
            return sorted(
                people.filter(translation_key__in=order), key=lambda person: order[person.translation_key]
            )
        return _people_of(self.pk, self.locale_id)

    @property
    def programs(self) -> list[ProgramPage]:
        """The public programs that focus on this topic, in the order of the tree."""
        self.note_ties()
        return _programs_on(self.translation_key, self.locale_id)

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add the topic and its flag; the template asks it for the panel, which older pages leave out."""
        context = super().get_context(request, *args, **kwargs)
        return context | {"topic": self, "sensitive_topic": self.sensitive}


def is_of_team() -> Exists:
    """Return the condition that a page is a topic that names a team, or a translation of one."""
    return Exists(TopicPage.objects.filter(translation_key=OuterRef("translation_key"), team__isnull=False))


@Prepared
def _people_of(topic: int, locale: int) -> QuerySet[PersonPage]:
    rows = TopicPerson.objects.filter(topic=topic, person__translation_key=OuterRef("translation_key"))
    people = PersonPage.objects.public().described().filter(Exists(rows), locale=locale)
    return people.order_by(Subquery(rows.values("sort_order")[:1]), "path")


@Prepared
def _programs_on(topic: UUID, locale: int) -> QuerySet[ProgramPage]:
    """topic: its translation key."""
    return ProgramPage.objects.public().filter(topics__translation_key=topic, locale=locale).distinct()


class TopicPerson(Row):
    """A person who works on a topic."""

    topic = ParentalKey(TopicPage, on_delete=models.CASCADE, related_name="topic_people")
    person = models.ForeignKey(
        "topics.PersonPage", verbose_name=_("person"), on_delete=models.CASCADE, related_name="topic_people"
    )

    panels = [FieldPanel("person")]

    class Meta(Row.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "person"],
                name="person_once_a_topic",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]
