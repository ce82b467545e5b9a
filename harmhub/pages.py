"""What all pages share: which of them the public may see, what an address may not be called, how they are
served."""

import re
from functools import cache
from http import HTTPMethod
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import CharField, Exists, ExpressionWrapper, F, Model, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.models import Page, PageManager, PageViewRestriction, ReferenceIndex, Revision
from wagtail.query import PageQuerySet

from harmhub.forms import CopyForm, PageForm
from harmhub.prepared import moment
from harmhub.publishing import UnfinishedError, faults_of
from harmhub.store.serving import RESERVED_ROOTS
from harmhub.store.shown import note, offer

# Parts of listing addresses (``/topics/health/voices/2019/since/…``) and of feeds to come: no page may take
# their place.
RESERVED_SLUGS = {"voices", "events", "publications", "program", "tag", "since", "feed", "calendar"}
YEAR = re.compile(r"[0-9]{4}")

# Nothing right below the home page may take the place of what is no page, or of another language.
TOP_ADDRESSES = {*RESERVED_ROOTS, *dict(settings.LANGUAGES)}


def is_restricted() -> Exists:
    """Return the condition that a page lies in a part of the tree that needs a password, a login or a
    group."""
    asked = ExpressionWrapper(OuterRef("path"), output_field=CharField())
    return Exists(PageViewRestriction.objects.annotate(asked=asked).filter(asked__startswith=F("page__path")))


class PublicPageQuerySet(PageQuerySet):
    """Pages, with the one word that decides what a visitor may see."""

    def public(self) -> Self:
        """Return the pages that everybody may see now: live, not expired, under no view restriction, no
        alias.

        Wagtail's own ``public()`` asks for the restriction only, and its ``live()`` still holds a page past
        ``expire_at`` until the next run of ``publish_scheduled``.
        """
        unexpired = Q(expire_at__isnull=True) | Q(expire_at__gt=moment())
        return self.filter(unexpired, ~is_restricted(), live=True, alias_of__isnull=True)

    def versions_of(self, pages: QuerySet, locale: int | None) -> Self:
        """Return the pages in one language (its number) that are the given ones or translations of them.

        What is chosen on a page stays on the originals when that page is translated.
        """
        return self.filter(translation_key__in=pages.values("translation_key"), locale=locale)


PublicPageManager = PageManager.from_queryset(PublicPageQuerySet)


def all_pages() -> PublicPageQuerySet:
    """Return all pages of all kinds, as plain pages, with the word ``public()``."""
    return PublicPageQuerySet(Page)


def pages_that_use(used: Model) -> list[int]:
    """Return the numbers of the pages that point at something, public or not: in a field, a block or a
    link."""
    found = ReferenceIndex.get_references_to(used)
    found = found.filter(base_content_type=ContentType.objects.get_for_model(Page))
    return [int(number) for number in found.values_list("object_id", flat=True).distinct()]


def live_pages_that_use(used: Model) -> PublicPageQuerySet:
    """Return the pages that point at something and are seen by the public or by those they are restricted
    to."""
    return all_pages().live().filter(pk__in=pages_that_use(used), alias_of__isnull=True)


def is_public(page: Page) -> bool:
    """Whether everybody may see a page now, as ``public()`` decides it in the database.

    A page that came with ``is_restricted`` is asked nothing more; any other costs a query.
    """
    expired = page.expire_at and page.expire_at <= timezone.now()
    if not page.live or expired or page.alias_of_id is not None:
        return False
    if not hasattr(page, "is_restricted"):
        page.is_restricted = all_pages().filter(is_restricted(), pk=page.pk).exists()
    return not page.is_restricted


@cache
def _no_restrictions() -> QuerySet[PageViewRestriction]:
    none = PageViewRestriction.objects.none()
    bool(none)  # Django makes SQL even of this one, once it is looked into
    return none


class HubPage(Page):
    """A page of this site."""

    objects: ClassVar[PageManager] = PublicPageManager()

    base_form_class = PageForm
    copy_form_class = CopyForm
    takes_reserved_slug = False
    # Forms post to addresses of their own; a page only ever answers with itself.
    allowed_http_methods = [HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS]
    # For pages that no menu can show: Wagtail's own panels offer that to all.
    address_panels = [
        MultiFieldPanel(
            [
                FieldPanel(
                    "slug",
                    heading=_("Address"),
                    help_text=_("The last part of the page’s address, made from its title."),
                ),
                FieldPanel(
                    "seo_title",
                    heading=_("Title for search engines"),
                    help_text=_("Shown as the headline there. Empty: the title."),
                ),
                FieldPanel(
                    "search_description",
                    heading=_("Description for search engines"),
                    help_text=_("Shown below the headline there. Empty: the summary or introduction."),
                ),
            ],
            _("Address and search engines"),
        )
    ]

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a slug that is part of another address."""
        super().clean()
        try:
            self.refuse_taken(self.slug or "")
        except ValidationError as error:
            raise ValidationError({"slug": error}) from error

    def refuse_taken(self, slug: str) -> None:
        """Raise ValidationError where a slug ``is_taken()``."""
        if self.is_taken(slug):
            message = _("“%(slug)s” is part of other addresses. Please choose another.")
            raise ValidationError(message, params={"slug": slug})

    def is_taken(self, slug: str) -> bool:
        """Return whether a page of this kind at this slug would hide something else, or be hidden by it."""
        if "content.HomePage" in self.parent_page_types and slug in TOP_ADDRESSES:
            return True
        return not self.takes_reserved_slug and (slug in RESERVED_SLUGS or bool(YEAR.fullmatch(slug)))

    def _get_autogenerated_slug(self, base_slug: str) -> str:
        found = super()._get_autogenerated_slug(base_slug)
        return super()._get_autogenerated_slug(f"{base_slug}-page") if self.is_taken(found) else found

    def publish(self, revision: Revision, *args, **kwargs) -> None:
        """Publish a revision of this page, now or at its time. UnfinishedError: it lacks something."""
        page = revision.as_object()
        if faults := faults_of(page):
            raise UnfinishedError(page, faults)
        super().publish(revision, *args, **kwargs)

    def route(self, request: HttpRequest, path_components: list[str]):
        """Answer as Wagtail does, but never with a page past its expiry. Http404: there is nothing to
        serve."""
        if not path_components and self.expire_at and self.expire_at <= timezone.now():
            raise Http404
        return super().route(request, path_components)

    def serve(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """Return the page; for an alias, the way to the page it repeats."""
        if self.alias_of_id:
            original = all_pages().public().filter(pk=self.alias_of_id).first()
            if original is None or not original.get_url(request):
                raise Http404
            return redirect(original.get_url(request))
        response = super().serve(request, *args, **kwargs)
        if is_public(self):
            self.note_ties(**kwargs)
            offer()
        return response

    def note_ties(self, **cut: str) -> None:
        """Note that the page shows what it is tied to: topics, programs, people, authors."""
        note(f"key:{self.translation_key}", f"ties:{self.pk}")

    def serve_password_required_response(self, request, form, action_url):
        """Return the form for a shared password. It tells nothing of the page, not even its title: the form's
        address takes the number of any page."""
        context = {"form": form, "action_url": action_url}
        return TemplateResponse(request, "wagtailcore/password_required.html", context)

    def get_view_restrictions(self):
        """Return the restrictions that this page stands under; no query where its finder has told that there
        are none."""
        if getattr(self, "is_restricted", True):
            return super().get_view_restrictions()
        return _no_restrictions()
