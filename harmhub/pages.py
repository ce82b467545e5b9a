"""What all pages share: which of them the public may see, what an address may not be called, how they are served."""

import re
from http import HTTPMethod
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.models import Page, PageManager, PageViewRestriction
from wagtail.query import PageQuerySet

# Parts of listing addresses (``/topics/health/voices/2019/since/…``) and of feeds to come: no page may take their place.
RESERVED_SLUGS = {"voices", "events", "publications", "since", "feed", "calendar"}


def is_restricted() -> Exists:
    """Return the condition that a page lies in a part of the tree that needs a password, a login or a group."""
    asked = ExpressionWrapper(OuterRef("path"), output_field=CharField())
    return Exists(PageViewRestriction.objects.annotate(asked=asked).filter(asked__startswith=F("page__path")))


class PublicPageQuerySet(PageQuerySet):
    """Pages, with the one word that decides what a visitor may see."""

    def public(self) -> Self:
        """Return the pages that everybody may see now: live, not expired, under no view restriction, no alias.

        Wagtail's own ``public()`` asks for the restriction only, and its ``live()`` still holds a page past ``expire_at`` until
        the next run of ``publish_scheduled``.
        """
        unexpired = Q(expire_at__isnull=True) | Q(expire_at__gt=timezone.now())
        return self.filter(unexpired, ~is_restricted(), live=True, alias_of__isnull=True)


PublicPageManager = PageManager.from_queryset(PublicPageQuerySet)


def all_pages() -> PublicPageQuerySet:
    """Return all pages of all kinds, as plain pages, with the word ``public()``."""
    return PublicPageQuerySet(Page)


class HubPage(Page):
    """A page of this site."""

    objects: ClassVar[PageManager] = PublicPageManager()

    # Set where the page was found together with its surroundings: no second query for restrictions then.
    known_unrestricted = False
    takes_reserved_slug = False
    # Forms post to addresses of their own; a page only ever answers with itself.
    allowed_http_methods = [HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS]
    # For pages that no menu can show: Wagtail's own panels offer that to all.
    address_panels = [
        MultiFieldPanel(
            [FieldPanel("slug"), FieldPanel("seo_title"), FieldPanel("search_description")],
            _("Address and search engines"),
        )
    ]

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a slug that is part of a listing's address."""
        super().clean()
        if not self.takes_reserved_slug and (
            self.slug in RESERVED_SLUGS or re.fullmatch(r"\d{4}", self.slug or "")
        ):
            raise ValidationError(
                {
                    "slug": _("“%(slug)s” is used in addresses of listings. Please choose another.")
                    % {"slug": self.slug}
                }
            )

    def route(self, request: HttpRequest, path_components: list[str]):
        """Answer as Wagtail does, but never with a page past its expiry. Http404: there is nothing to serve."""
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
        return super().serve(request, *args, **kwargs)

    def get_view_restrictions(self):
        """Return the restrictions that this page stands under."""
        return (
            PageViewRestriction.objects.none() if self.known_unrestricted else super().get_view_restrictions()
        )
