"""All addresses. Forms, files and the admin have fixed ones; everything else is a page of the tree."""

from collections.abc import Callable

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponseBase
from django.urls import include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView, View
from wagtail.admin import urls as admin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.documents import urls as document_urls
from wagtail.urls import serve_pattern

from harmhub import views
from harmhub.choosing import ChooserView
from harmhub.deleting import DeleteDocumentView
from harmhub.login import document_password, page_password
from harmhub.users.desk import AccountView
from topics.hub import serve, serve_oddly_anchored

handler400 = "harmhub.errors.handler400"
handler403 = "harmhub.errors.handler403"
handler404 = "harmhub.errors.handler404"
handler500 = "harmhub.errors.handler500"


def within_admin(view: type[View]) -> Callable[..., HttpResponseBase]:
    """Return a view in the wrappings that Wagtail gives to those of its admin."""
    return never_cache(require_admin_access(view.as_view()))


urlpatterns = [
    path("admin/second-factor/", include("harmhub.users.urls")),
    # Before Wagtail's own, whose names they are found by.
    path("admin/account/", within_admin(AccountView)),
    path("admin/choose-page/", within_admin(ChooserView)),
    path("admin/documents/delete/<int:document_id>/", within_admin(DeleteDocumentView)),
    path("admin/", include(admin_urls)),
    # Wagtail's own, with a limit on guessing.
    path("documents/authenticate_with_password/<int:restriction_id>/", document_password),
    path("documents/", include(document_urls)),
    path("media/<path:path>", views.rendition, name="rendition"),
    path("shared/<int:page>.jpg", views.shared_picture, name="shared_picture"),
    path("health/", views.health, name="health"),
    path("favicon.ico", views.favicon),
    path("robots.txt", views.robots_txt, name="robots_txt"),
]

if settings.ANYMAIL_PROVIDER:
    from harmhub.mail.events import tracking

    urlpatterns.append(path(f"anymail/{settings.ANYMAIL_PROVIDER}/tracking/", tracking, name="tracking"))

urlpatterns += i18n_patterns(
    path("contact/", include("contact.urls")),
    path("newsletter/", include("newsletter.urls")),
    path("", include("content.urls")),
    # Wagtail's password and login forms of restricted pages, with a limit on guessing: there is one login
    # form.
    path(
        "_util/authenticate_with_password/<int:page_view_restriction_id>/<int:page_id>/",
        page_password,
        name="wagtailcore_authenticate_with_password",
    ),
    path(
        "_util/login/",
        RedirectView.as_view(pattern_name="wagtailadmin_login", query_string=True),
        name="wagtailcore_login",
    ),
    re_path(serve_pattern, serve, name="wagtail_serve"),
    # What Wagtail's pattern refuses, or no anchor has, still leads to the listing's first page; what lacks
    # nothing but its last slash gets that first, as any address does.
    re_path(r"^(?P<path>(?:[\w-]+/)*)since/(?![\w-]+\Z).*$", serve_oddly_anchored),
    prefix_default_language=False,
)

if settings.DEBUG:
    from django.contrib.staticfiles.urls import staticfiles_urlpatterns

    urlpatterns = staticfiles_urlpatterns() + urlpatterns
