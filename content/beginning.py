"""The first pages of a site: its home, and an index of topics, programs, people and each kind of work."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from wagtail.models import Page, PageLogEntry, Revision, Site

from content import models as content
from harmhub.models import SiteSettings
from topics import models as topics

INDEXES: dict[str, type[Page]] = {
    "topics": topics.TopicIndexPage,
    "voices": content.VoicesIndexPage,
    "events": content.EventIndexPage,
    "publications": content.PublicationIndexPage,
    "programs": topics.ProgramIndexPage,
    "people": topics.PersonIndexPage,
}
IN_MENU = {"topics", "voices", "events", "publications"}


def begin(organisation: str, **values: Any) -> tuple[Site, Page]:
    """Put a home page with these values in the place of Wagtail's welcome page; return the default site and
    the page."""
    root = Page.objects.get(depth=1)
    slug = "home-page"  # the welcome page has the better one, and nobody sees it
    home = root.add_child(instance=content.HomePage(title=organisation, slug=slug, **values))
    public = urlsplit(settings.PUBLIC_URL)
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    site.hostname, site.site_name, site.root_page = public.hostname, organisation, home
    site.port = public.port or (443 if public.scheme == "https" else 80)
    site.save()
    # Only now: a site goes with its root page.
    for welcome in Page.objects.filter(depth=2).exclude(pk=home.pk):
        welcome.delete()
    return site, home


def make_indexes(home: Page, introductions: Mapping[str, str], **values: Any) -> dict[str, Page]:
    """Make the index pages below the home page, with these introductions and values; return them by slug."""
    made = {}
    for slug, model in INDEXES.items():
        introduction = introductions.get(slug, "")
        page = model(title=slug.title(), slug=slug, introduction=introduction, **values)
        page.show_in_menus = slug in IN_MENU
        made[slug] = home.add_child(instance=page)
    return made


def keep_first_versions() -> None:
    """Put all pages, as they are, into their history, as a form does it. Without a version Wagtail cannot
    tell that two people change a page at once, nor bring back how it was."""
    made = [
        Revision(
            content_object=page,
            base_content_type=page.get_base_content_type(),
            created_at=page.latest_revision_created_at or timezone.now(),
            content=page.serializable_data(),
            object_str=str(page),
        )
        for page in Page.objects.filter(depth__gt=1).specific()
    ]
    Revision.objects.bulk_create(made)
    for version in made:
        Page.objects.filter(pk=version.object_id).update(
            latest_revision=version, live_revision=version, latest_revision_created_at=version.created_at
        )
    logged = PageLogEntry.objects.filter(page__in=[version.object_id for version in made])
    versions = Page.objects.filter(pk=OuterRef("page_id")).values("latest_revision")
    logged.filter(action="wagtail.create").update(revision=Subquery(versions))


def has_content() -> bool:
    """Return whether somebody has made anything of this site: pages other than Wagtail's welcome page as it
    was installed, settings, files; or whether readers have left something."""
    pages = Page.objects.filter(depth__gt=1)
    untouched = pages.filter(depth=2, slug="home", title__startswith="Welcome to", latest_revision=None)
    if pages.count() > untouched.count() or any(map(_is_filled_in, SiteSettings.objects.all())):
        return True
    # By name: the apps of what readers leave know this one, not the other way round.
    others = ("harmhub.CustomImage", "harmhub.CustomDocument", "contact.Message", "newsletter.Subscriber")
    return any(apps.get_model(name)._default_manager.exists() for name in others)


def _is_filled_in(settings: SiteSettings) -> bool:
    """Return whether a row of site settings says anything: looking at its form is enough to make the row."""
    fields = [field for field in settings._meta.concrete_fields if field.name not in ("id", "site")]
    return any(field.value_from_object(settings) != field.get_default() for field in fields)
