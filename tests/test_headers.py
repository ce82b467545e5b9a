"""Headers: what each answer says to browsers, and what is believed of what proxies say."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as configured
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from psycopg_pool import PoolTimeout

from harmhub import errors, urls


def peer(request):
    forwarded = [name for name in request.META if name.startswith("HTTP_X_FORWARDED")]
    return HttpResponse(f"{request.META['REMOTE_ADDR']} {request.scheme} {request.get_host()} {forwarded}")


def down(request):
    raise {"operational": OperationalError, "interface": InterfaceError, "pool": PoolTimeout}[
        request.GET["as"]
    ]


def wrong(request):
    raise ProgrammingError("of our own making")


def down_in_template(request):
    def later():
        raise OperationalError

    return TemplateResponse(request, engines["django"].from_string("{{ later }}"), {"later": later})


def refuses(request):
    return errors.unavailable(request)


class FailingMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "in-middleware" in request.path:
            raise OperationalError
        return self.get_response(request)


urlpatterns = [
    path("peer/", peer),
    path("down/", down),
    path("down-in-template/", down_in_template),
    path("in-middleware/", peer),
    path("wrong/", wrong),
    path("sent/", require_POST(peer)),
    *urls.urlpatterns,
]
handler400 = "harmhub.errors.handler400"
handler403 = "harmhub.errors.handler403"
handler404 = "harmhub.errors.handler404"
handler500 = "harmhub.errors.handler500"

here = pytest.mark.urls(__name__)


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def policy_of(response):
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@here
def test_public_answer_has_every_header(client):
    response = client.get("/peer/")
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "camera=()" in response["Permissions-Policy"]
    assert not response.cookies


@here
def test_public_policy_allows_nothing_unsafe_and_nothing_from_elsewhere(client):
    policy = policy_of(client.get("/peer/"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    allowed = [value for values in policy.values() for value in values]
    assert not [value for value in allowed if value.startswith("'unsafe") or "//" in value or value == "*"]
    assert all(value.startswith("'sha256-") for value in policy["style-src"] + policy["script-src"])


@pytest.mark.django_db
def test_admin_policy_is_looser_for_inline_scripts_only(client):
    policy = policy_of(client.get(reverse("wagtailadmin_login")))
    assert policy["script-src"] == ["'self'", "'unsafe-inline'"]
    assert policy["script-src-attr"] == policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert not [value for values in policy.values() for value in values if "//" in value or "eval" in value]


@pytest.mark.django_db
def test_preview_may_be_framed_by_the_admin_and_the_page_itself_may_not(client, tree):
    get_user_model().objects.create_superuser("ana", "ana@example.org", "a long pass phrase of mine")
    client.login(username="ana", password="a long pass phrase of mine")
    draft = client.get(reverse("wagtailadmin_pages:view_draft", args=[tree.harm_reduction.pk]))
    assert policy_of(draft)["frame-ancestors"] == ["'none'"]
    address = reverse("wagtailadmin_pages:preview_on_edit", args=[tree.harm_reduction.pk])
    preview = client.get(address)
    assert preview.status_code == 200
    assert preview["X-Frame-Options"] == "SAMEORIGIN"
    assert policy_of(preview)["frame-ancestors"] == ["'self'"]
    public = Client().get(tree.harm_reduction.url)
    assert public["X-Frame-Options"] == "DENY"
    assert policy_of(public)["frame-ancestors"] == ["'none'"]


@pytest.mark.django_db
def test_preview_of_a_https_site_behind_a_proxy_is_no_redirect(client, tree, settings):
    settings.SECURE_SSL_REDIRECT, settings.TRUSTED_PROXIES = True, ["10.0.0.1"]
    settings.PUBLIC_URL = "https://testserver"
    get_user_model().objects.create_superuser("ana", "ana@example.org", "a long pass phrase of mine")
    client.login(username="ana", password="a long pass phrase of mine")
    address = reverse("wagtailadmin_pages:view_draft", args=[tree.harm_reduction.pk])
    proxied = {
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": "203.0.113.5",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    response = client.get(address, **proxied)
    assert response.status_code == 200
    assert "Harm Reduction" in response.content.decode()


@here
def test_onion_service_of_a_https_site_is_answered_where_it_is(client, settings):
    onion = f"{'a' * 56}.onion"
    settings.SECURE_SSL_REDIRECT, settings.PUBLIC_URL = True, "https://testserver"
    settings.ONION_URL, settings.ALLOWED_HOSTS = f"http://{onion}", ["testserver", onion]
    assert client.get("/peer/", HTTP_HOST=onion).status_code == 200
    assert client.get("/peer/", HTTP_HOST=onion.upper()).status_code == 200
    assert client.get("/peer/")["Location"] == "https://testserver/peer/"


FORWARDED = {
    "HTTP_X_FORWARDED_FOR": "203.0.113.5",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PORT": "1",
}


@here
def test_nothing_is_believed_of_a_stranger(client, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    response = client.get("/peer/", REMOTE_ADDR="198.51.100.7", **FORWARDED)
    assert response.content == b"198.51.100.7 http testserver []"


@here
def test_address_and_scheme_are_believed_of_a_trusted_proxy_and_the_host_is_not(client, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    response = client.get("/peer/", REMOTE_ADDR="10.1.2.3", HTTP_HOST="testserver", **FORWARDED)
    assert response.content == b"203.0.113.5 https testserver ['HTTP_X_FORWARDED_PROTO']"


def is_helpful(response):
    text = response.content.decode()
    return (
        response["Cache-Control"] == "no-store"
        and response["X-Robots-Tag"] == "noindex"
        and "<h1>" in text
        and "<style>" in text
        and not response.cookies
    )


@here
@pytest.mark.parametrize(
    "address",
    [
        "/down/?as=operational",
        "/down/?as=interface",
        "/down/?as=pool",
        "/down-in-template/",
        "/in-middleware/",
    ],
)
def test_database_out_of_reach_is_503_wherever_it_shows(client, settings, address):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.FailingMiddleware"]
    response = client.get(address)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert is_helpful(response)


@here
def test_error_of_our_own_is_500_and_asks_nothing_of_the_database(client):
    response = client.get("/wrong/")
    assert response.status_code == 500
    assert is_helpful(response)
    assert "Your message was not sent" in response.content.decode()


def test_page_is_503_while_the_database_cannot_be_reached(client, settings, monkeypatch):
    def unreachable(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr("harmhub.pages.PublicPageQuerySet._fetch_all", unreachable)
    monkeypatch.setattr("topics.hub.Site.get_site_root_paths", unreachable)
    for address in ("/", "/nowhere/"):
        response = client.get(address)
        assert response.status_code == 503
        assert is_helpful(response)


@pytest.mark.django_db
@here
def test_method_that_is_not_taken_has_a_page_and_names_those_that_are(client, tree):
    response = client.get("/sent/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert is_helpful(response)
    page = client.post(tree.harm_reduction.url, {"a": "b"}, headers={"sec-fetch-site": "same-origin"})
    assert page.status_code == 405
    assert is_helpful(page)


@pytest.mark.django_db
def test_missing_page_shows_the_topics(client, tree):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert is_helpful(response)
    text = response.content.decode()
    assert "<title>Page not found" in text
    assert f'<a href="{tree.health.url}">Health</a>' in text
    assert f'<a href="{tree.harm_reduction.url}">Harm Reduction</a>' in text


PRODUCTION = {
    "PUBLIC_URL": "https://hub.example",
    "SECRET_KEY": "x8Qk2v-Zt91LmR_4pWy7NsB0cJd3HfGa6UeTiOoKrVbXnMqPzY5",
    "SEALING_KEYS": "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMzI=",
    "ALLOWED_HOSTS": "hub.example",
    "EMAIL_URL": "smtp://localhost:25",
    "DATABASE_URL": "postgres://hub@localhost/hub",
    "DJANGO_SETTINGS_MODULE": "harmhub.settings",
}


def check(tmp_path, **changes):
    environment = os.environ | PRODUCTION | {"DATA_DIR": str(tmp_path)} | changes
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # for browser tests only
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=configured.BASE_DIR, env=environment, capture_output=True, text=True)


def test_deploy_check_is_clean_with_production_settings(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in ("SECRET_KEY", "SEALING_KEYS")
            for value in ("", "change-me" * 6, "short")
        ),
        ("SEALING_KEYS", "long enough, but no key of Fernet is written like this"),
    ],
)
def test_production_does_not_start_with_a_missing_or_default_secret(tmp_path, name, value):
    done = check(tmp_path, **{name: value})
    assert done.returncode != 0
    assert name in done.stderr
