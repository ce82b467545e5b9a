"""What every page of one request shares: the site with its settings, the way down to the page, the main menu,
the directory.

A topic page has seven queries in all, so nothing here asks twice: site and settings come in one query, the
pages above the requested one and those of the menu in another.
"""

from functools import cached_property
from itertools import accumulate
from types import SimpleNamespace
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from wagtail import views
from wagtail.models import Page, Site
from wagtail.models.sites import SiteRootPath
from wagtail.url_routing import RouteResult

from harmhub.models import SiteSettings
from harmhub.pages import all_pages, is_public, is_restricted
from harmhub.prepared import Prepared
from harmhub.private_files import private_collections
from harmhub.store import shells
from harmhub.store.parts import kept, kept_copy
from harmhub.store.shown import note, note_children, note_pages
from topics.models import TopicPage
from topics.models.topics import is_of_team
from topics.models.work import OLDER, WorkPage, without_cut

NO_ANCHOR = "unreadable"
DEEPEST = Page._meta.get_field("path").max_length // Page.steplen  # steps in the tree of pages


@Prepared
def _settings_rows(site: int) -> QuerySet[SiteSettings]:
    return SiteSettings.objects.select_related(*SiteSettings.select_related).filter(site=site)


@Prepared
def _pages_around(
    above: list[str],
    asked: str,
    below_asked: int,
    root: str,
    below_root: int,
    keys: list[UUID],
    *,
    translated: bool,
) -> QuerySet[Page]:
    """Return the pages on the way to the path that is asked for, ``above`` and itself, the topics right below
    it, the pages right below the home page, whose path is ``root``, those with one of some translation keys,
    and the translations of what is asked for, if they are wanted.

    below_asked, below_root: the depths.
    """
    along = Q(url_path__in=[*above, asked])
    # Only of a topic: an index of a kind may have a million pages below it.
    below = Q(topicpage__isnull=False, depth=below_asked, url_path__startswith=asked)
    sections = Q(depth=below_root, url_path__startswith=root)
    wanted = along | below | sections
    if keys:
        wanted |= Q(translation_key__in=keys)
    if translated:
        asked_for = Page.objects.filter(url_path=asked)
        wanted |= Q(translation_key=Subquery(asked_for.values("translation_key")[:1]))
    pages = all_pages().filter(wanted).annotate(is_restricted=is_restricted(), is_of_team=is_of_team())
    return pages.select_related("topicpage").order_by("path")


class Hub:
    """Lazily, what the templates of one request may show around a page."""

    def __init__(self, request: HttpRequest):
        self.request = request

    @cached_property
    def settings(self) -> SiteSettings:
        """The settings of the request's site; defaults where nobody has filled them in.

        Where there is one site, as there mostly is, it comes along in the same query.
        """
        sites = {root.site_id for root in self._site_roots}
        known = sites.pop() if len(sites) == 1 else None
        found = kept_copy(("settings",), lambda: self._settings_of(known))
        if known and found.pk:
            self.request._wagtail_site = found.site  # type: ignore[attr-defined]
        return found

    def _settings_of(self, known: int | None) -> SiteSettings:
        site = None if known else Site.find_for_request(self.request)
        number = known or (site and site.pk)
        found = _settings_rows(number) if number else []
        return found[0] if found else SiteSettings(site=site or Site.find_for_request(self.request))

    @property
    def public_url(self) -> str:
        """The origin that addresses are printed with, without a slash at its end."""
        return settings.PUBLIC_URL

    @property
    def onion_url(self) -> str:
        """The origin of this site as an onion service, likewise; "" where there is none."""
        return settings.ONION_URL

    @cached_property
    def private_collections(self) -> frozenset[int]:
        """The numbers of the collections whose files are not for the public."""
        return private_collections()

    @cached_property
    def _site_roots(self) -> list[SiteRootPath]:
        """The home pages of all sites in all languages; Wagtail's addresses of pages ask for them, too."""
        roots = kept(("site roots",), Site.get_site_root_paths)  # a change to a site drops everything
        self.request._wagtail_cached_site_root_paths = roots  # type: ignore[attr-defined]
        return roots

    @cached_property
    def _roots(self) -> dict[str, str]:
        """The internal path of the home page in each language that has one, the site's own language first."""
        site = self.settings.site_id
        return {root.language_code: root.root_path for root in self._site_roots if root.site_id == site}

    @property
    def languages(self) -> dict[str, str]:
        """The languages that the site has pages in: their codes and own names."""
        found = {code: name for code, name in settings.LANGUAGES if code in self._roots}
        return found or {settings.LANGUAGE_CODE: dict(settings.LANGUAGES)[settings.LANGUAGE_CODE]}

    @cached_property
    def root_path(self) -> str:
        """The internal path of the home page in the request's language, else in the first; empty without a
        site."""
        return self._roots.get(get_language() or "", next(iter(self._roots.values()), ""))

    @cached_property
    def sections(self) -> list[Page]:
        """The public pages right below the home page."""
        return self._sections_of(self.surroundings(""))

    @property
    def section(self) -> int | None:
        """The number of the section that is served or holds the page that is; that of the home page there."""
        return self.trail[:2][-1].pk if self.trail else None

    @property
    def menu(self) -> list[Page]:
        """The sections that ask to be shown in menus."""
        return self._noted([page for page in self.sections if page.show_in_menus])

    @property
    def footer(self) -> list[Page]:
        """The sections that do not: what is looked for at the end of a page."""
        return self._noted([page for page in self.sections if not page.show_in_menus])

    @staticmethod
    def _noted(pages: list[Page]) -> list[Page]:
        note_pages(*pages)  # they were fetched for the page, and are shown in a part of it
        return pages

    @property
    def safety_page(self) -> Page | None:
        """The page on staying safe, while it is public; in the request's language, where there is one."""
        return self._shown(self.settings.safety_page)

    @property
    def help_page(self) -> Page | None:
        """The page with local help, as above."""
        return self._shown(self.settings.help_page)

    @property
    def privacy_page(self) -> Page | None:
        """The page on privacy, as above."""
        return self._shown(self.settings.privacy_page)

    def _shown(self, chosen: Page | None) -> Page | None:
        if chosen is None:
            return None
        note_pages(chosen)  # it may become public
        note(f"versions:{chosen.translation_key}")  # or be translated
        versions = [page for page in self._named if page.translation_key == chosen.translation_key]
        note_pages(*versions)
        # One in the request's language lies below its home page; of the others, only the chosen one will do.
        return next(
            (page for page in versions if page.url_path.startswith(self.root_path)),
            next((page for page in versions if page == chosen), None),
        )

    @cached_property
    def _named(self) -> list[Page]:
        """The public pages that the settings name, in all languages."""
        return self._named_of(self.surroundings(""))

    def _named_of(self, pages: list[Page]) -> list[Page]:
        return [page for page in pages if page.translation_key in self._keys and is_public(page)]

    @cached_property
    def _keys(self) -> set[UUID]:
        named = (self.settings.safety_page, self.settings.help_page, self.settings.privacy_page)
        return {page.translation_key for page in named if page}

    @cached_property
    def trail(self) -> list[Page]:
        """The pages from the home page down to the one that is served; empty where none is."""
        return []

    @property
    def versions(self) -> list[SimpleNamespace]:
        """The public translations of the page that is served: language (its code) and address."""
        note_pages(*self._versions)  # until when they are public
        note(*(f"versions:{page.translation_key}" for page in self.trail[-1:]))  # there may be one more
        return [
            SimpleNamespace(language=language, address=address)
            for page in self._versions
            if is_public(page) and (address := page.get_url(self.request))
            for language, root in self._roots.items()
            if page.url_path.startswith(root)
        ]

    @cached_property
    def _versions(self) -> list[Page]:
        return []

    @property
    def above(self) -> list[Page]:
        """The public pages on the way down, without the one that is served."""
        return [page for page in self.trail[:-1] if is_public(page)]

    @property
    def directory(self) -> list[SimpleNamespace]:
        """The areas with the topics right below them, A to Z."""
        note(*(f"directory:{code}" for code, root in self._roots.items() if root == self.root_path))
        topics = TopicPage.objects.public().filter(
            url_path__startswith=self.root_path, depth__in=(self._root_depth + 2, self._root_depth + 3)
        )
        by_parent: dict[str, list[TopicPage]] = {}
        for topic in sorted(topics, key=lambda topic: topic.title.casefold()):
            by_parent.setdefault(topic.path[: -Page.steplen], []).append(topic)
        areas = [
            topic for group in by_parent.values() for topic in group if topic.depth == self._root_depth + 2
        ]
        return [SimpleNamespace(area=area, topics=by_parent.get(area.path, [])) for area in areas]

    def _sections_of(self, pages: list[Page]) -> list[Page]:
        return [
            page
            for page in pages
            if page.depth == self._root_depth + 1
            and page.url_path.startswith(self.root_path)
            and is_public(page)
        ]

    @property
    def _root_depth(self) -> int:
        return self.root_path.count("/")

    def surroundings(self, path: str, *, below: bool = True) -> list[Page]:
        """Return, in one query, the pages along a path below the home page, its translations, the topics
        right below its end where they are asked for, and the pages right below the home page; of a path with
        more steps than the tree can have, only those."""
        if not self.root_path:
            return []
        path = path if path.count("/") <= DEEPEST else ""
        return kept_copy(("surroundings", path, below), lambda: self._surroundings(path, below))

    def _surroundings(self, path: str, below: bool) -> list[Page]:
        steps = accumulate([self.root_path, *(f"{part}/" for part in path.split("/") if part)])
        *above, asked = steps
        translated = len(self._roots) > 1
        depth = asked.count("/") + 1 if below else 0
        keys = sorted(self._keys)
        found = _pages_around(
            above, asked, depth, self.root_path, self._root_depth + 1, keys, translated=translated
        )
        for page in found:
            if page.url_path == asked and below:
                note_children(page)
            if page.url_path == asked and translated:
                note(f"versions:{page.translation_key}")
        note(*(f"versions:{key}" for key in keys))  # of what the settings name
        return found

    @staticmethod
    def _topic(page: Page) -> TopicPage | None:
        """Return a page of the surroundings as a topic, without a query; None if it is none."""
        topic = getattr(page, "topicpage", None)
        if topic:
            topic.is_restricted, topic.is_of_team = page.is_restricted, page.is_of_team
        return topic

    @staticmethod
    def _specific(found: Page) -> Page:
        """Return a page as its own kind. Only pages with listings are rendered often enough to be kept."""
        if found.specific_class and issubclass(found.specific_class, WorkPage):
            return kept_copy(("page", found.pk), lambda: found.specific)
        return found.specific

    def find(self, path: str) -> RouteResult | None:
        """Return the page that a path leads to, and remember the way and the menu. None: there is no such
        page.

        Wagtail asks once for each step of the path and once more for each step's own kind; this asks once in
        all, and once more for a page that is no topic.
        """
        if get_language() not in self._roots:
            return None
        whole = without_cut(path)
        is_older = OLDER in path[len(whole) :].split("/")
        pages = self.surroundings(whole, below=not is_older)
        self.sections, self._named = self._sections_of(pages), self._named_of(pages)
        wanted = f"{self.root_path}{path}"
        self.trail = [page for page in pages if wanted.startswith(page.url_path)]
        if not self.trail:
            return None
        found = self.trail[-1]
        self._versions = [
            page for page in pages if page.translation_key == found.translation_key and page != found
        ]
        page = self._topic(found) or self._specific(found)
        page.is_restricted = found.is_restricted
        if isinstance(page, TopicPage):
            page.lineage = [topic for step in reversed(self.trail) if (topic := self._topic(step))]
        if isinstance(page, TopicPage) and found.url_path == f"{self.root_path}{whole}" and not is_older:
            below = [topic for each in pages if (topic := self._topic(each)) and topic.is_child_of(page)]
            page.subtopics = sorted(filter(is_public, below), key=lambda topic: topic.title.casefold())
        try:
            return page.route(
                self.request, [part for part in wanted[len(found.url_path) :].split("/") if part]
            )
        except Http404:
            self.trail, self._versions = [], []
            return None


def hub_of(request: HttpRequest) -> Hub:
    """Return the request's hub, made at the first call."""
    if not hasattr(request, "hub"):
        request.hub = Hub(request)  # type: ignore[attr-defined]
    return request.hub  # type: ignore[attr-defined]


def context(request: HttpRequest) -> dict:
    """Context processor: give every template the hub."""
    return {"hub": hub_of(request)}


def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a page's address: Wagtail's own view, hooks and restrictions, with the page found in fewer
    queries; in none where only pieces of it have changed."""
    if page := shells.again(request):
        return page
    request._wagtail_route_for_request = hub_of(request).find(path)  # type: ignore[attr-defined]
    return shells.keep(views.serve(request, path), request)


def serve_oddly_anchored(request: HttpRequest, path: str) -> HttpResponse:
    """Answer the address of a listing with an anchor that is none."""
    return serve(request, f"{path}{OLDER}/{NO_ANCHOR}/")
