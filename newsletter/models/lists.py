"""Lists: what one can subscribe to. Every listing that can be looked at can be followed."""

from collections.abc import Iterable
from datetime import date
from typing import Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from wagtail.models import Locale, Page

from content.models import Entry
from content.models.entries import EVERYWHERE
from content.streams import Stream
from harmhub.mail.composing import organisation_name
from harmhub.pages import all_pages
from topics.kinds import Kind

WHAT = ("page_id", "locale_id", "kind", "program_id", "tag_id")


class ListQuerySet(models.QuerySet["List"]):
    """Lists, found by what they are about."""

    def kept(self, wanted: "List") -> "List":
        """Return the saved list that is the same as this one, made where there is none."""
        fields = {name: getattr(wanted, name) for name in WHAT}
        return self.get_or_create(**fields, defaults={"family": wanted.family_key})[0]

    def followed(self) -> Self:
        """Return those with an active subscription."""
        subscriptions = apps.get_model("newsletter", "Subscription")
        return self.filter(Exists(subscriptions.objects.active().filter(list=OuterRef("pk"))))

    def in_any_language(self, numbers: Iterable[int]) -> Self:
        """Return the lists with these numbers, and the same ones in other languages."""
        return self.filter(family__in=self.model.objects.filter(pk__in=numbers).values("family"))

    def ever_followed(self) -> Self:
        """Return those that have or had subscribers, or somebody who is asked to confirm."""
        subscriptions = apps.get_model("newsletter", "Subscription")
        theirs = subscriptions.objects.filter(list=OuterRef("pk"))
        return self.filter(Q(was_followed=True) | Exists(theirs))

    def numbered(self, since: date) -> Self:
        """Return the lists with their numbers: of now, and of what happened after a day."""
        tallies = apps.get_model("newsletter", "Tally").objects.filter(list=OuterRef("pk"), day__gt=since)
        recent = lambda name: Subquery(  # noqa: E731
            tallies.order_by().values("list").annotate(sum=Sum(name)).values("sum")
        )
        confirmed = Q(subscriptions__confirmed_at__isnull=False)
        return self.annotate(
            subscribers=Count("subscriptions", filter=confirmed & Q(subscriptions__left_at=None)),
            pending=Count("subscriptions", filter=~confirmed),
            signed_up=Coalesce(recent("signed_up"), 0),
            gone=Coalesce(recent("left"), 0),
        )

    def found_by(self, words: str) -> Self:
        """Return those whose name has all of these words. It needs what ``named()`` looks up."""
        found = self
        for word in words.split():
            about = Q(page=None, organisation__icontains=word) | Q(page__title__icontains=word)
            kinds = [kind for kind in Kind if word.casefold() in kind.plural.casefold()]
            cut = Q(kind__in=kinds) | Q(program__title__icontains=word) | Q(tag__name__icontains=word)
            found = found.filter(about | cut)
        return found

    def unused(self) -> Self:
        """Return those that nobody ever followed, and that nobody is about to follow."""
        return self.filter(was_followed=False, subscriptions=None, sign_ups=None)

    def named(self) -> Self:
        """Return the lists with what their names need, looked up once for all of them."""
        return self.select_related("page", "program", "tag").annotate(organisation=Value(organisation_name()))


def _translated(page: Page, locale: Locale) -> Page | None:
    return all_pages().public().filter(translation_key=page.translation_key, locale=locale).first()


class List(models.Model):
    """The public work of a page (none: of the whole organisation) in a language, as far as it is of a kind,
    by a program and with a tag, where these are told."""

    page = models.ForeignKey("wagtailcore.Page", models.CASCADE, null=True, related_name="+")
    locale = models.ForeignKey("wagtailcore.Locale", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind, blank=True, default="")
    program = models.ForeignKey("topics.ProgramPage", models.CASCADE, null=True, related_name="+")
    tag = models.ForeignKey("taggit.Tag", models.CASCADE, null=True, related_name="+")
    # The same in all languages: a link in an old mail leaves a list also after its language was changed.
    family = models.CharField(max_length=120)
    was_followed = models.BooleanField(default=False)
    organisation = ""  # its name; there after ``named()``

    objects = ListQuerySet.as_manager()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["page", "locale", "kind", "program", "tag"],
                nulls_distinct=False,
                name="list_once",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def about(cls, page: Page | None, language: str = "") -> "List":
        """Return the list of the work that a page lists, of everything in a language without a page; in the
        site's own language where no page is in it. It is not saved."""
        if page:
            return cls(page=page, locale_id=page.locale_id)
        return cls(locale=Locale.objects.filter(language_code=language).first() or Locale.get_default())

    @property
    def key(self) -> tuple:
        """What makes two lists the same."""
        return tuple(getattr(self, name) for name in WHAT)

    @property
    def family_key(self) -> str:
        """What it shares with the same list in other languages."""
        page, program = (each and each.translation_key for each in (self.page, self.program))
        return f"{page or ''}:{self.kind}:{program or ''}:{self.tag_id or ''}"

    @property
    def name(self) -> str:
        """What it is about, in a few words: ``Harm Reduction · Voices``."""
        whole = self.page.title if self.page else self.organisation or organisation_name()
        kind = Kind(self.kind).plural if self.kind else ""
        parts = [whole, kind, self.program and self.program.title, self.tag and self.tag.name]
        return " · ".join(part for part in parts if part)

    def in_language(self, language: str) -> "List | None":
        """Return the same list in another language, None where its page or its program is not in it. It
        needs what ``named()`` looks up."""
        locale = Locale.objects.filter(language_code=language).first()
        if locale is None:
            return None
        page, program = (each and _translated(each, locale) for each in (self.page, self.program))
        if (self.page and not page) or (self.program and not program):
            return None
        wanted = List(
            page=page, locale=locale, kind=self.kind, program_id=program and program.pk, tag=self.tag
        )
        return List.objects.kept(wanted)

    @property
    def language(self) -> str:
        """The name of its language, as its readers write it."""
        code = self.locale.language_code
        return dict(settings.LANGUAGES).get(code, code)

    @property
    def facets(self) -> tuple[int, ...]:
        """The numbers of program and tag, as entries have them."""
        tag = None if self.tag_id is None else -self.tag_id
        return tuple(number for number in (self.program_id, tag) if number is not None)

    @property
    def works(self) -> models.QuerySet[Entry]:
        """The entries of its public work."""
        kind = Kind(self.kind) if self.kind else None
        return Stream(self.page_id or EVERYWHERE, self.locale_id, kind, self.facets).entries
