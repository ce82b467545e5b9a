"""Input that nobody can read, sent to the running site: never 5xx, never over two seconds, a plain page."""

import encodings
import io
import pkgutil
import re
import socket
import time

import pytest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from harmhub.errors import handler400
from harmhub.middleware import BadInputMiddleware, Request
from tests.factories import Tree

FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=xyz"
OURS = "Sec-Fetch-Site: same-origin"
NOT_READ = {400, 413, 414}
# Where forms are sent; the contact box of a topic has an address of its own.
FORMS = {"contact": "", "newsletter": "/newsletter/", "look-up": "/contact/look-up/write/"}


@pytest.fixture(scope="module")
def topic(running_site_server, django_db_blocker):
    """Return the address of a topic page of the running site, and that of its contact form."""
    with django_db_blocker.unblock(), running_site_server.orm():
        topic = Tree().harm_reduction
        return topic.url, f"/contact/{topic.pk}/"


@pytest.fixture
def send(site_server):
    """Send one request as it is written; return status, headers and body. Fails on 5xx and when slow."""

    def sent(line, *headers, body=b"", host=None, length=None):
        lines = [
            f"Host: {host if host is not None else f'localhost:{site_server.port}'}",
            "Connection: close",
        ]
        if (length is None and body) or length:
            lines.append(f"Content-Length: {length or len(body)}")
        head = "\r\n".join([f"{line} HTTP/1.1", *lines, *headers, "", ""]).encode("latin-1")
        began = time.monotonic()
        status, headers, text = talk(site_server.port, head + body)
        assert status < 500, (line, status)
        assert time.monotonic() - began < 2, line
        return status, headers, text

    return sent


def talk(port, message):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        connection.sendall(message)
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin-1").lower(), body.decode()


def is_plain_page(headers, text):
    return (
        "cache-control: no-store" in headers
        and "set-cookie" not in headers
        and "<h1>" in text
        and "traceback" not in text.lower()
        and 'name="robots" content="noindex"' in text
    )


@pytest.mark.parametrize(
    "line",
    [
        "GET /a%00b/",
        "GET /?q=%00",
        "GET /?q=a%00b&x=1",
        "GET //evil.example/",
        "GET //[/",
        "GET /%2f%2f%5bx/",
        "GET /static/%00",
        "GET /media/a%00",
        "GET /documents/1/%00",
        "GET /newsletter/confirm/?token=%00",
        "GET /?" + "a=b&" * 5000,
        "GET /nowhere/?" + "a=b&" * 5000,
    ],
)
def test_address_that_is_no_text_is_refused_with_a_plain_page(send, line):
    status, headers, text = send(line)
    assert status == 400
    assert is_plain_page(headers, text)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /%zz/", 404),
        ("GET /%/", 404),
        ("GET /%ff/", 404),
        ("GET /%ED%A0%80/", 404),
        ("GET /%E2%84%80//", 404),
        ("GET /x/?next=//%5B", 404),
        ("GET /" + "a" * 60_000 + "/", 404),
        ("GET /?q=%ED%A0%80&%zz=%", 200),
        ("GET /?q=%ff&q[]=1&=&&", 200),
        ("GET /?q=" + "%41" * 3_000, 200),
        ("GET /static/../../etc/passwd", 404),
        ("GET /media/" + "a" * 300, 404),
        ("HEAD /media/images/" + "a" * 5_000, 404),
        ("GET /media/" + "a/" * 2_500, 404),
        ("GET /documents/99999999999999999999/x.pdf", 404),
        ("GET /contact/99999999999999999999/", 404),
        ("GET /newsletter/confirm/?token=" + "x" * 10_000, None),
    ],
)
def test_odd_address_and_query_read_as_text(send, line, status):
    answer = send(line)[0]
    assert answer == status if status else answer < 500


@pytest.mark.parametrize(
    "anchor", ["%00", "%zz", "-1", "2026", "99999-99", "0000-00-00-0", "a" * 3000, "%ff", "..", "x.y", "'"]
)
def test_odd_listing_anchor_is_answered(send, topic, anchor):
    for line in (
        f"GET {topic[0]}since/{anchor}/",
        f"GET {topic[0]}voices/since/{anchor}/",
        f"GET {topic[0]}?since={anchor}",
    ):
        send(line)


@pytest.mark.parametrize("line", ["GET /{} ", "GET /topics/health/{} ", "GET /topics/since/{} "])
def test_address_with_more_steps_than_any_page_has_is_answered_at_once(send, topic, line):
    assert send(line.format("a/" * 30_000).rstrip())[0] in {302, 404}


def test_address_longer_than_a_server_reads_is_refused(send):
    assert send("GET /?q=" + "a" * 90_000)[0] in NOT_READ


@pytest.mark.parametrize(
    "host", ["evil.example", "", "a b", "[::", "localhost@evil.example", "localhost/../x", "x" * 300]
)
def test_hostile_host_is_refused_and_not_repeated(send, host):
    status, headers, text = send("GET /", host=host)
    assert status == 400
    assert not host or host not in text + headers


def test_forwarded_host_is_inert(send):
    status, headers, text = send("GET /topics", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https")
    assert status < 400 or status == 404
    assert "evil.example" not in headers + text


@pytest.mark.parametrize(
    "header",
    [
        'Cookie: sessionid="abcdefgh\\000xyz"',
        'Cookie: sessionid=\xff\xfe; ;=;;"',
        "Cookie: csrftoken=\xed\xa0\x80; messages=x; django_language=%00",
        "Accept-Language: " + "a-" * 3000,
        "Range: bytes=9-1",
        "If-Modified-Since: yesterday",
        "Content-Type: text/html; charset=hex",
        "Content-Type: text/html; charset=undefined",
        "Content-Type: text/html; charset*=bogus'en'%ff",
        "Content-Type: text/html; charset=" + "../" * 300,
        "Content-Type: " + ";" * 5000,
        "Origin: \xff",
        "X-Forwarded-For: not-an-address, ::ffff:1.2.3.4.5",
    ],
)
@pytest.mark.parametrize("path", ["/", "/admin/", "/?q=a"])
def test_odd_header_is_answered(send, path, header):
    assert send(f"GET {path}", header)[0] in {200, 302, 400}


UNREADABLE = {
    "NUL": (FORM, b"message=%00"),
    "raw NUL": (FORM, b"message=a\0b"),
    "NUL in a name": (FORM, b"%00=x"),
    "undecodable": (FORM, b"message=%ff"),
    "raw undecodable": (FORM, b"message=\xff"),
    "lone surrogate": (FORM, b"message=%ED%A0%80"),
    "5,000 fields": (FORM, b"a=b&" * 5000),
    "500 KB of separators": (FORM, b"&" * 500_000),
    "1 MB field": (FORM, b"message=" + b"a" * 1_000_000),
    "4 MB field": (FORM, b"message=" + b"a" * 4_000_000),
    "unknown charset": (FORM + "; charset=klingon", b"message=x"),
    "other charset": (FORM + "; charset=utf-16", b"message=x"),
    "no text codec": (MULTIPART + "; charset=hex", b"--xyz--"),
    "multipart without boundary": ("Content-Type: multipart/form-data", b"x"),
    "multipart with a long boundary": ("Content-Type: multipart/form-data; boundary=" + "x" * 5000, b"x"),
    "multipart cut off": (MULTIPART, b'--xyz\r\nContent-Disposition: form-data; name="message"\r\n\r\nhello'),
    "multipart of nothing": (MULTIPART, b"garbage"),
    "multipart NUL": (
        MULTIPART,
        b'--xyz\r\nContent-Disposition: form-data; name="m"\r\n\r\n\0\r\n--xyz--\r\n',
    ),
    "multipart undecodable": (
        MULTIPART,
        b'--xyz\r\nContent-Disposition: form-data; name="m"\r\n\r\n\xff\r\n--xyz--\r\n',
    ),
    "multipart endless headers": (MULTIPART, b"--xyz\r\n" + b"A: b\r\n" * 80_000 + b"\r\n--xyz--\r\n"),
    "multipart 5,000 fields": (
        MULTIPART,
        b"".join(b'--xyz\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(5000))
        + b"--xyz--\r\n",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("form", FORMS)
def test_form_that_is_no_text_is_refused_with_a_plain_page(send, topic, form, name):
    kind, body = UNREADABLE[name]
    status, headers, text = send(f"POST {FORMS[form] or topic[1]}", kind, OURS, body=body)
    assert status in NOT_READ
    assert is_plain_page(headers, text)


ODD = {
    "malformed percent": (FORM, b"message=%zz%"),
    "500 KB field": (FORM, b"message=" + b"a" * 500_000),
    "500 KB field, encoded": (FORM, b"message=" + b"%41" * 170_000),
    "unknown field, long address": (FORM, b"website2=x&email=" + b"a@" * 100_000),
    "odd key": (FORM, b"message=x&reference=%E2%84%A8%C2%B2%D9%A2&key=%F0%9D%9F%9A%27%22%0A--"),
    "long key": (FORM, b"message=x&reference=a&key=" + b"%C3%9F" * 50_000),
    "list of another world": (FORM, b"email=a@b.example&topic=99999999999999999999"),
    "list that is no number": (FORM, b"email=a@b.example&topic=abc"),
    "multipart bad base64": (
        MULTIPART,
        b'--xyz\r\nContent-Disposition: form-data; name="m"\r\nContent-Transfer-Encoding: base64\r\n\r\n!'
        b"\r\n--xyz--\r\n",
    ),
    "multipart bad file name": (
        MULTIPART,
        b"--xyz\r\nContent-Disposition: form-data; name=\"m\"; filename*=bogus'x'%ff\r\n\r\nx\r\n--xyz--\r\n",
    ),
    "JSON": ("Content-Type: application/json", b"{"),
    "no type": ("X-Nothing: x", b"message=x"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("form", FORMS)
def test_odd_form_is_answered_with_a_page(send, topic, form, name):
    kind, body = ODD[name]
    status, _, text = send(f"POST {FORMS[form] or topic[1]}", kind, OURS, body=body)
    assert status in {200, 400, 413, 422, 429}
    assert "<h1>" in text


def test_body_longer_than_anything_sent_on_purpose_is_refused_before_it_is_read(send):
    for path in ("/newsletter/", "/admin/login/"):
        assert send(f"POST {path}", FORM, OURS, body=b"x=1", length=10**10)[0] == 413


def test_form_that_comes_in_pieces_without_a_length_is_not_taken_for_an_empty_one(send, topic):
    pieces = b"7\r\nmessage\r\n6\r\n=Words\r\n0\r\n\r\n"
    status, headers, text = send(
        f"POST {topic[1]}", FORM, OURS, "Transfer-Encoding: chunked", body=pieces, length=0
    )
    assert status == 411
    assert is_plain_page(headers, text)


def test_form_that_was_cut_short_is_no_message(site_server, topic):
    with socket.create_connection(("127.0.0.1", site_server.port), timeout=10) as connection:
        head = f"POST {topic[1]} HTTP/1.1\r\nHost: localhost:{site_server.port}\r\n{FORM}\r\n{OURS}\r\n"
        connection.sendall(f"{head}Content-Length: 500\r\n\r\nmessage=Half+a+sen".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer or int(answer.split()[1]) >= 400


def test_body_shorter_than_announced_holds_nobody_up_once_the_sender_is_gone(site_server, send):
    with socket.create_connection(("127.0.0.1", site_server.port), timeout=10) as connection:
        head = f"POST /newsletter/ HTTP/1.1\r\nHost: localhost:{site_server.port}\r\n{FORM}\r\n{OURS}\r\n"
        connection.sendall(f"{head}Content-Length: 500\r\n\r\nemail=x".encode())
    assert send("GET /health/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_page_takes_no_form(send, topic, method):
    status, headers, text = send(f"{method} {topic[0]}", FORM, OURS, body=b"a=b")
    assert status == 405
    assert re.search(r"^allow: .*get", headers, re.M)
    assert is_plain_page(headers, text)


def test_form_from_elsewhere_is_refused_with_a_page(send, topic):
    for header in ("Sec-Fetch-Site: cross-site", "Origin: https://evil.example", "Accept: */*"):
        status, headers, text = send(f"POST {topic[1]}", FORM, header, body=b"message=x")
        assert status == 403
        assert is_plain_page(headers, text)


def test_missing_page_leads_on_to_the_topics(send, topic):
    status, headers, text = send("GET /nowhere/")
    assert status == 404
    assert is_plain_page(headers, text)
    assert f'href="{topic[0]}"' in text or "Health" in text


def read(request):
    """A page that reads its form, behind the middleware."""

    def page(request):
        text = "".join(f"{name}{value}" for name, values in request.POST.lists() for value in values)
        assert not set(text) & {"\0", "\ufffd"}
        return HttpResponse()

    return BadInputMiddleware(page)(request)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([FORM, MULTIPART, FORM + "; charset=x", "Content-Type: " + "a" * 9]),
)
def test_any_body_is_either_read_or_refused(body, kind):
    environment = RequestFactory()._base_environ(
        REQUEST_METHOD="POST", CONTENT_TYPE=kind.partition(": ")[2], CONTENT_LENGTH=str(len(body))
    )
    environment["wsgi.input"] = io.BytesIO(body)
    assert convert_exception_to_response(read)(Request(environment)).status_code in {200, 400}


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_request_with_any_content_type_can_be_made(kind):
    request = Request(RequestFactory()._base_environ(CONTENT_TYPE=kind))
    assert request.content_params is not None


def test_no_codec_of_python_breaks_a_request():
    for module in pkgutil.iter_modules(encodings.__path__):
        request = Request(
            RequestFactory()._base_environ(
                CONTENT_TYPE=f"a/b; charset={module.name}", QUERY_STRING="a=%ff&" * 5000
            )
        )
        assert BadInputMiddleware(lambda request: handler400(request))(request).status_code == 400
