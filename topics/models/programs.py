"""Programs: the parts of the organisation that work on topics."""

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel
from wagtail.search import index

from harmhub.pages import HubPage
from harmhub.store.shown import note_children
from topics.forms import ProgramForm
from topics.models.people import PersonPage
from topics.models.work import WorkPage


class ProgramIndexPage(HubPage):
    """All programs."""

    introduction = models.TextField(_("introduction"), blank=True)

    template = "topics/program_index.html"
    content_panels = [*HubPage.content_panels, FieldPanel("introduction")]
    parent_page_types = ["content.HomePage"]
    subpage_types = ["topics.ProgramPage"]
    max_count_per_parent = 1
    page_description = _("Lists all programs.")

    class Meta:
        verbose_name = _("program index")

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add the public programs, in the order of the tree."""
        note_children(self)
        programs = ProgramPage.objects.public().child_of(self)
        return super().get_context(request, *args, **kwargs) | {"programs": programs}


class ProgramPage(WorkPage):
    """A part of the organisation that works on topics, with its own recent work."""

    purpose = models.TextField(_("purpose"), help_text=_("One paragraph, shown large under the title."))
    tagline = models.CharField(
        _("in a few words"),
        max_length=80,
        blank=True,
        help_text=_("Shown under its name in lists: “Services, medicines, community care”."),
    )
    office = models.CharField(_("office"), max_length=80, blank=True)
    topics = ParentalManyToManyField(
        "topics.TopicPage",
        verbose_name=_("topics"),
        blank=True,
        related_name="focused_programs",
        help_text=_("The topics that this program focuses on."),
    )

    template = "topics/program.html"
    parent_page_types = ["topics.ProgramIndexPage"]
    subpage_types: list[str] = []
    page_description = _("A part of the organisation that works on topics.")
    search_fields = [*WorkPage.search_fields, index.SearchField("purpose")]
    content_panels = [
        *WorkPage.content_panels,
        FieldPanel("purpose"),
        FieldPanel("tagline"),
        FieldPanel("office"),
        FieldPanel("topics"),
    ]
    promote_panels: list = []
    settings_panels = [*HubPage.address_panels, *HubPage.settings_panels]
    base_form_class = ProgramForm

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")

    @property
    def people(self) -> list[PersonPage]:
        """The public people of this program, in the order of the tree; none before it is saved."""
        if self.pk is None:
            return []
        members = PersonPage.objects.public().filter(
            program__translation_key=self.translation_key, locale=self.locale_id
        )
        return list(members.order_by("path"))

    @property
    def public_topics(self) -> list:
        """The public topics that this program focuses on, in its language, in the order of the tree."""
        topics = self._meta.get_field("topics").related_model.objects
        chosen = topics.filter(pk__in=[topic.pk for topic in self.topics.all()])
        return list(topics.public().versions_of(chosen, self.locale_id).order_by("path"))
