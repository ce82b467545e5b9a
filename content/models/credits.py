"""Credits: who wrote or speaks. A name belongs to its work, whatever becomes of the page of the person."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.models import Revision

from harmhub.publishing import Row
from topics.models import PersonPage


class Credit(Row):
    """Somebody named on a work: one of our people, or a name from outside."""

    person = models.ForeignKey(
        PersonPage,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="%(class)ss",
    )
    name = models.CharField(_("name"), max_length=255, blank=True, help_text=_("For somebody from outside."))

    class Meta(Row.Meta):
        abstract = True

    @property
    def shown_name(self) -> str:
        """The name to print; empty where the row is not filled in yet."""
        return self.person.title if self.person else self.name

    def clean_to_publish(self) -> None:
        """Refuse a row that names nobody, too."""
        super().clean_to_publish()
        if not self.shown_name:
            raise ValidationError(_("Choose a person or write a name."))

    @classmethod
    def relation(cls) -> str:
        """Return the name under which a work knows these rows."""
        return next(field for field in cls._meta.fields if isinstance(field, ParentalKey)).remote_field.name


def credited(rows: models.QuerySet, locale: int | None) -> list:
    """Return the rows of authors or speakers that name somebody, each with ``page``: the person's page in
    the language of the work, where it is public, else None. The name belongs to the work and is printed in
    any case."""
    named = list(rows.select_related("person") if isinstance(rows, models.QuerySet) else rows)
    keys = [row.person.translation_key for row in named if row.person]
    people = PersonPage.objects.public().filter(translation_key__in=keys, locale=locale)
    pages = {person.translation_key: person for person in people}
    for row in named:
        row.page = pages.get(row.person.translation_key) if row.person else None
    return [row for row in named if row.shown_name]


def keep_name(instance: PersonPage, **given: Any) -> None:
    """Write the name of a person whose page is about to be deleted into all work that names her, published
    or not: it stays, without a link."""
    by_name = {"person": None, "name": instance.title}
    for credit in Credit.__subclasses__():
        credit._default_manager.filter(person=instance).update(**by_name)
        rows = credit.relation()
        naming = {f"content__{rows}__contains": [{"person": instance.pk}]}
        versions = list(Revision.objects.filter(**naming))
        for version in versions:
            for row in version.content[rows]:
                row |= by_name if row.get("person") == instance.pk else {}
        Revision.objects.bulk_update(versions, ["content"], batch_size=100)
