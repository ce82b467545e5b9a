"""Form fields and forms for editing pages that point at others of the tree."""

from collections.abc import Iterator

from django import forms
from django.db.models import Q, QuerySet
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext as _

from harmhub.forms import PageForm
from topics.paths import labels_of


class TreeChoices(ModelChoiceIterator):
    """Pages with labels that say where they lie ("Health › Harm Reduction"), A to Z, in one query."""

    def __iter__(self) -> Iterator[tuple]:
        """Yield value and label of each page."""
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        pages = list(self.queryset.order_by("path"))
        labels = labels_of({page.path: page.draft_title or page.title for page in pages})
        found = []
        for page in pages:
            label = labels[page.path]
            found.append((self.field.prepare_value(page), label if page.live else _("%s (draft)") % label))
        yield from sorted(found, key=lambda choice: choice[1].casefold())

    def __len__(self) -> int:
        """Return the number of choices."""
        return self.queryset.count() + (self.field.empty_label is not None)


class TreeChoiceField(forms.ModelChoiceField):
    """One page of the tree, in a select."""

    iterator = TreeChoices


class TreeMultipleChoiceField(forms.ModelMultipleChoiceField):
    """Several pages of the tree, as checkboxes."""

    iterator = TreeChoices
    widget = forms.CheckboxSelectMultiple


class TreePageForm(PageForm):
    """The editing form of a page that names others of the tree, in ``tree_fields``.

    Offered are the pages of the edited page's own language, and what is chosen already: a translation stays
    on the topics of its original until its editor chooses others.
    """

    tree_fields: tuple[str, ...] = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.tree_fields:
            if old := self.fields.get(name):
                kind = (
                    TreeMultipleChoiceField
                    if isinstance(old, forms.ModelMultipleChoiceField)
                    else TreeChoiceField
                )
                self.fields[name] = kind(
                    self._offered(name), required=old.required, label=old.label, help_text=old.help_text
                )

    def _offered(self, name: str) -> QuerySet:
        field = self._meta.model._meta.get_field(name)
        locale = self.instance.locale_id or (self.parent_page and self.parent_page.locale_id)
        if field.many_to_many:
            chosen = [page.pk for page in getattr(self.instance, name).all()]
        else:
            chosen = [getattr(self.instance, field.attname)]
        pages = field.related_model.objects.filter(Q(locale=locale, alias_of__isnull=True) | Q(pk__in=chosen))
        return pages.only("path", "title", "draft_title", "live")


class TopicForm(PageForm):
    """Who may not say whose team a topic is does not do so by an older version either."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "team" not in self.fields and (latest := self.instance.latest_revision):
            self.instance.team_id = latest.as_object().team_id


class ProgramForm(TreePageForm):
    """A program names the topics that it focuses on."""

    tree_fields = ("topics",)


class PersonForm(TreePageForm):
    """A person belongs to a program."""

    tree_fields = ("program",)
