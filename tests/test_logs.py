"""What the logs hold of visitors: nothing."""

import io
import logging

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from harmhub import sealing
from harmhub.logs import DiscreetFilter, scrub
from harmhub.middleware import Handler
from harmhub.store.asking import asked

pytestmark = pytest.mark.urls(__name__)

SECRETS = ["198.51.100.7", "Mozilla", "ana@example.org", "needle exchange", "a-secret-word"]


def fails(request):
    note = "needle exchange"
    raise ValueError(f"cannot store {note} of ana@example.org")


def fails_twice(request):
    try:
        {}["ana@example.org"]
    except KeyError as error:
        raise RuntimeError("needle exchange") from error


def finds_no_database(request):
    with ConnectionPool("host=/nowhere", open=False, timeout=0) as pool:
        pool.getconn()


def says(request):
    logging.getLogger("contact").warning("A message came in: %s", request.GET["q"])
    return HttpResponse("said")


def streams(request):
    return StreamingHttpResponse(["a", "b"])


urlpatterns = [
    path("fails/", fails),
    path("twice/", fails_twice),
    path("away/", finds_no_database),
    path("says/", says),
    path("streams/", streams),
]
handler400, handler500 = "harmhub.errors.handler400", "harmhub.errors.handler500"


def handler404(request, exception):
    return HttpResponse("not here", status=404)


@pytest.fixture
def log(settings):
    """All that the site's one handler writes during a test."""
    settings.MIDDLEWARE = [
        "harmhub.logs.AccessLogMiddleware",
        "harmhub.middleware.BadInputMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(DiscreetFilter())
    handler.setFormatter(logging.Formatter(settings.LOGGING["formatters"]["line"]["format"], style="{"))
    loggers = [logging.getLogger(name) for name in ("", "django", "harmhub")]
    loggers = [each for each in loggers if each.name == "root" or not each.propagate]
    for each in loggers:
        each.addHandler(handler)
    yield stream
    for each in loggers:
        each.removeHandler(handler)


def visit(address, **extra):
    client = Client(raise_request_exception=False)
    return client.get(address, REMOTE_ADDR="198.51.100.7", HTTP_USER_AGENT="Mozilla/5.0 (X11)", **extra)


def clean(log):
    return [secret for secret in SECRETS if secret in log.getvalue()] == []


def test_access_line_has_method_path_status_size_and_duration(log):
    response = visit("/streams/?q=needle+exchange")
    assert response.status_code == 200
    assert "harmhub.access GET /streams/ 200 - " in log.getvalue()
    visit("/says/?q=hello")
    line = log.getvalue().splitlines()[-1]
    assert "harmhub.access GET /says/ 200 4 " in line
    assert float(line.rsplit(" ", 1)[1]) >= 0
    assert "?" not in log.getvalue()
    assert clean(log)


def test_what_the_site_asks_itself_is_no_access(log):
    status, _, body = asked(Handler(), "/streams/")
    assert (status, body) == (200, b"ab")
    assert log.getvalue() == ""


def test_error_is_logged_by_type_and_place_only(log):
    assert visit("/fails/?q=ana@example.org").status_code == 500
    written = log.getvalue()
    assert "500 GET /fails/" in written
    assert "builtins.ValueError" in written
    assert "test_logs.py" in written
    assert "in fails" in written
    assert clean_of_values(written)


def test_cause_of_an_error_is_logged_by_type_and_place_only(log):
    visit("/twice/")
    written = log.getvalue()
    places = [written.index(text) for text in ("builtins.KeyError", "which led to", "builtins.RuntimeError")]
    assert places == sorted(places)
    assert clean_of_values(written)


def test_a_database_that_is_away_is_one_line_for_each_request_and_no_place(log):
    assert visit("/away/").status_code == 503
    assert "503 GET /away/" in log.getvalue()
    assert "File" not in log.getvalue()


def clean_of_values(written):
    """The code that failed is shown as it stands in the file; what was in its variables is not."""
    return (
        "cannot store needle" not in written
        and "'ana@" not in written
        and "198.51.100.7" not in written
        and "Mozilla" not in written
    )


@pytest.mark.parametrize(
    ("address", "extra", "expected"),
    [
        ("/nowhere/ana@example.org/?token=a-secret-word", {}, "404 GET /nowhere/…/"),
        ("/says/?q=ana@example.org%20198.51.100.7", {}, "A message came in: … …"),
        ("/says/?q=hello%0AINFO%20harmhub.access%20forged", {}, "A message came in: hello INFO"),
        ("/says/", {"HTTP_HOST": "a-secret-word.example"}, "400 GET /says/"),
        ("/says/?q=%00a-secret-word", {}, "400 "),
        ("/a%0Ab/", {}, "404 GET /a%0Ab/"),
    ],
)
def test_log_names_nobody(log, address, extra, expected):
    visit(address, **extra)
    assert expected in log.getvalue()
    assert clean(log)


def test_other_peoples_messages_lose_what_was_put_into_them(log):
    logger = logging.getLogger("some.library")
    logger.warning("Could not read %s, try %d: %s", "needle exchange", 3, ValueError("ana@example.org"))
    logger.warning("%(who)s wrote %(number).1f", {"who": "Mozilla", "number": 1.5})
    logger.error("a %.3s of %5x", "needle exchange", 255)
    logger.error("Seen from 198.51.100.7 and 2001:db8::7 at 12:30:45 by ana@example.org")
    written = log.getvalue()
    assert "Could not read …, try 3: ValueError" in written
    assert "… wrote 1.5" in written
    assert "a … of    ff" in written
    assert "Seen from … and … at 12:30:45 by …" in written
    assert clean(log)


def test_record_of_other_handlers_stays_as_it_was():
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "to %s", ("ana@example.org",), None)
    assert DiscreetFilter().filter(record).getMessage() == "to …"
    assert record.getMessage() == "to ana@example.org"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("/confirm/?token=abc&x=1 HTTP", "/confirm/?… HTTP"),
        ("postgres://dev:dev@localhost:5432/x", "postgres://…/x"),
        ("from [2001:db8::1]:443", "from […]:443"),
        ("::ffff:198.51.100.7", "…"),
        ("peer 198.51.100.7:8080 left", "peer …:8080 left"),
        ("1.2.3 and 12:30:45", "1.2.3 and 12:30:45"),
        ("/voices/what-we-learned-from-ten-years-of-harm-reduction-2026/", None),
        ("d41d8cd98f00b204e9800998ecf8427e", "…"),
        (
            "/admin/password_reset/confirm/MQ/d2k1x9-d41d8cd98f00b204e9800998ecf8427e/",
            "/admin/password_reset/confirm/MQ/d2k1x9-…/",
        ),
        ("Why? Because.", "Why? Because."),
    ],
)
def test_scrubbing_takes_addresses_and_tokens_and_leaves_words(text, scrubbed):
    assert scrub(text) == (text if scrubbed is None else scrubbed)


def test_tokens_are_scrubbed():
    for _ in range(200):
        assert sealing.new_token() not in scrub(f"token {sealing.new_token()} {sealing.new_token()}")
        token = sealing.new_token()
        assert token not in scrub(f"a {token} b")
    assert "gAAAA" not in scrub(sealing.seal("text").decode())


@given(st.ip_addresses().map(str))
def test_every_address_is_scrubbed(address):
    assert scrub(f"from {address} to") == "from … to"


@given(st.text(), st.text())
def test_any_text_can_be_logged(message, argument):
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, message, (argument,), None)
    assert "\n" not in DiscreetFilter().filter(record).getMessage()


def test_path_of_any_length_is_one_short_line():
    from harmhub.logs import scrubbed_path

    assert len(scrubbed_path(RequestFactory().get("/" + "a/" * 5000))) <= 200
