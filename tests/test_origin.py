"""Who may send forms to public addresses: pages of ours, told by the browser, without a cookie."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from hypothesis import given
from hypothesis import strategies as st

from harmhub.origin import any_origin, from_here

ONION = f"http://{'a' * 56}.onion"

pytestmark = pytest.mark.urls(__name__)


def done(request):
    return HttpResponse("done")


urlpatterns = [
    path("contact/1/", done),
    path("one-click/", any_origin(done)),
    path("admin/login/", csrf_protect(done)),
]
handler403 = "harmhub.errors.handler403"


@pytest.fixture(autouse=True)
def bare_pages(settings):
    """These tests need no database: the error pages come without the site's frame."""
    settings.PUBLIC_URL, settings.ONION_URL = "https://hub.example", ONION
    settings.ALLOWED_HOSTS = ["hub.example", "testserver"]
    settings.SECURE_SSL_REDIRECT = False
    settings.MIDDLEWARE = [
        "harmhub.origin.OriginMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]


@pytest.fixture
def bare_error(monkeypatch):
    monkeypatch.setattr(
        "harmhub.errors._framed", lambda request, *args, **kwargs: HttpResponse("no", status=403)
    )


def post(address="/contact/1/", **headers):
    return Client(enforce_csrf_checks=True).post(address, {"message": "x"}, headers=headers)


@pytest.mark.usefixtures("bare_error")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": ""}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://hub.example"}, 403),
        ({"origin": "https://hub.example"}, 200),
        ({"origin": "https://hub.example:443"}, 200),
        ({"origin": ONION}, 200),
        ({"origin": "http://hub.example"}, 403),
        ({"origin": "https://hub.example.evil.example"}, 403),
        ({"origin": "https://hub.example:8443"}, 403),
        ({"origin": "https://hub.example@evil.example"}, 403),
        ({"origin": "https://hub.example/"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "https://hub.onion"}, 403),
        ({"origin": "https://hub.example, https://evil.example"}, 403),
        ({"referer": "https://hub.example/topics/"}, 403),
        ({"x-forwarded-host": "evil.example", "origin": "https://evil.example"}, 403),
        ({}, 403),
    ],
)
def test_form_is_taken_from_pages_of_ours_only(headers, status):
    assert post(**headers).status_code == status


@pytest.mark.usefixtures("bare_error")
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_unsafe_methods_are_checked_too(method):
    client = Client(enforce_csrf_checks=True)
    assert getattr(client, method)("/contact/1/").status_code == 403
    assert (
        getattr(client, method)("/contact/1/", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    )


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_is_never_refused(method):
    response = getattr(Client(enforce_csrf_checks=True), method)(
        "/contact/1/", headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    )
    assert response.status_code == 200


@pytest.mark.usefixtures("bare_error")
def test_without_an_onion_service_no_origin_is_not_its_own(settings):
    settings.ONION_URL = ""
    assert [post(**headers).status_code for headers in ({}, {"origin": ""}, {"origin": ONION})] == [403] * 3


def test_accepted_form_sets_no_cookie():
    assert not post(**{"sec-fetch-site": "same-origin"}).cookies


def test_one_click_unsubscription_is_taken_from_anywhere():
    assert post("/one-click/").status_code == 200
    assert post("/one-click/", **{"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.usefixtures("bare_error")
def test_admin_keeps_the_token_check():
    address = "/admin/login/"
    assert post(address, **{"sec-fetch-site": "same-origin"}).status_code == 403
    token = "a" * 32
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = token
    assert client.post(address, {"csrfmiddlewaretoken": token}).status_code == 200


@given(st.text(st.characters(max_codepoint=255)))
def test_any_origin_header_is_answered(rf_origin):
    from django.test import RequestFactory

    request = RequestFactory().post("/contact/1/", headers={"origin": rf_origin})
    assert from_here(request) is (rf_origin.lower() in {"http://testserver", "http://testserver:80"})
