"""All addresses. Forms, files and the admin have fixed ones; everything else is a page of the tree."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView
from wagtail.admin import urls as admin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.documents import urls as document_urls
from wagtail.urls import serve_pattern

from harmhub import views
from harmhub.choosing import choose_page
from harmhub.login import document_password, page_password
from harmhub.users.desk import AccountView
from topics.hub import serve, serve_oddly_anchored

handler400 = "harmhub.errors.handler400"
handler403 = "harmhub.errors.handler403"
handler404 = "harmhub.errors.handler404"
handler500 = "harmhub.errors.handler500"

urlpatterns = [
    path("admin/second-factor/", include("harmhub.users.urls")),
    # Wagtail's own, which begins at the root.
    path("admin/choose-page/", choose_page),
    # Before Wagtail's, in its wrappings.
    path(
        "admin/account/",
        never_cache(require_admin_access(AccountView.as_view())),
        name="wagtailadmin_account",
    ),
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
