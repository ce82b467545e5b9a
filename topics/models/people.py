"""The people of the organisation."""

from datetime import datetime
from functools import cached_property
from typing import Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, TitleFieldPanel
from wagtail.models import Page, PageManager
from wagtail.search import index

from harmhub.pages import HubPage, PublicPageQuerySet
from harmhub.store.shown import note, note_children, note_until
from topics.forms import PersonForm
from topics.models.work import WorkPage


class PersonQuerySet(PublicPageQuerySet):
    """People, with what lists say of them."""

    def described(self) -> Self:
        """Return the people with the titles of their public programs, in the same query."""
        programs = apps.get_model("topics", "ProgramPage").objects.public()
        own = programs.filter(translation_key=OuterRef("program__translation_key"), locale=OuterRef("locale"))
        told = JSONObject(title="title", pk="pk", until="expire_at")
        return self.annotate(own_program=Subquery(own.values_list(told)[:1]))


class PersonIndexPage(HubPage):
    """All people."""

    introduction = models.TextField(_("introduction"), blank=True)

    template = "topics/person_index.html"
    content_panels = [*HubPage.content_panels, FieldPanel("introduction")]
    parent_page_types = ["content.HomePage"]
    subpage_types = ["topics.PersonPage"]
    max_count_per_parent = 1
    page_description = _("Lists all people.")

    class Meta:
        verbose_name = _("people index")

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add the public people, in the order of the tree."""
        note_children(self)
        people = PersonPage.objects.public().child_of(self).described()
        return super().get_context(request, *args, **kwargs) | {"people": people}


class PersonPage(WorkPage):
    """Somebody who works here, with the work of this person."""

    role = models.CharField(_("role"), max_length=120, help_text=_("For example “Program officer”."))
    program = models.ForeignKey(
        "topics.ProgramPage",
        verbose_name=_("program"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="members",
    )
    office = models.CharField(_("office"), max_length=80, blank=True, help_text=_("For example “Lisbon”."))
    photo = models.ForeignKey(
        "harmhub.CustomImage",
        verbose_name=_("photo"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    biography = models.TextField(_("biography"), blank=True, help_text=_("One paragraph."))

    objects = PageManager.from_queryset(PersonQuerySet)()

    has_facets = False
    template = "topics/person.html"
    parent_page_types = ["topics.PersonIndexPage"]
    subpage_types: list[str] = []
    page_description = _("Somebody who works here.")
    search_fields = [*WorkPage.search_fields, index.SearchField("role"), index.SearchField("biography")]
    content_panels = [
        TitleFieldPanel("title", placeholder=_("Name*"), help_text=_("As readers see it.")),
        FieldPanel("role"),
        FieldPanel("program"),
        FieldPanel("office"),
        FieldPanel("photo"),
        FieldPanel("biography"),
    ]
    promote_panels: list = []
    settings_panels = [*HubPage.address_panels, *HubPage.settings_panels]
    base_form_class = PersonForm

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    @cached_property
    def public_program(self) -> Page | None:
        """The person's program in the language of this page, while it is public."""
        if self.program_id is None:
            return None
        programs = self._meta.get_field("program").related_model.objects
        return programs.public().versions_of(programs.filter(pk=self.program_id), self.locale_id).first()

    @property
    def description(self) -> str:
        """Role, program and office in one line, as far as they are known and public; no query for a person
        who came ``described()``."""
        if not hasattr(self, "own_program"):
            program = self.public_program
            self.own_program = program and {"title": program.title, "pk": program.pk, "until": None}
        note(f"member:{self.pk}")  # of a program that may be public one day
        title = ""
        if self.own_program:
            note(f"page:{self.own_program['pk']}")
            until = self.own_program["until"]
            note_until(datetime.fromisoformat(until) if until else None)
            title = self.own_program["title"]
        return "\u00a0· ".join(str(part) for part in (self.role, title, self.office) if part)

    @property
    def topics(self) -> list:
        """The public topics in the language of this page that name this person, in the order of the tree;
        none before the page is saved."""
        if self.pk is None:
            return []
        row = self._meta.get_field("topic_people").related_model
        naming = row.objects.filter(topic=OuterRef("pk"), person__translation_key=self.translation_key)
        topics = row._meta.get_field("topic").related_model.objects.public()
        return list(topics.filter(Exists(naming), locale=self.locale_id).order_by("path"))
