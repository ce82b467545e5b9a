"""Logs that tell what the site did and nothing about who asked: no addresses, User-Agents, queries, tokens or
texts.

Two things see to it. Every handler has ``DiscreetFilter``, which leaves out of other people's messages
whatever was put into them, and of exceptions their words. And the access log is our own, because servers' own
ones know addresses.
"""

import copy
import ipaddress
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator

import psycopg
from django.http import HttpRequest, HttpResponseBase
from django.utils.encoding import escape_uri_path
from psycopg_pool import PoolTimeout

access = logging.getLogger("harmhub.access")
NOBODY = "harmhub.nobody"  # in the environ of a request (WSGI) that no reader made

# Loggers of our own code: what they say is chosen by us. Everybody else's arguments are left out.
OURS = ("harmhub", "topics", "content", "contact", "newsletter")
HIDDEN = "…"
_QUERY = re.compile(r"\?[^\s\"']+")
_EMAIL = re.compile(r"[^\s@<>\"'/=]+@[^\s@<>\"'/]+")
_IPV6 = re.compile(r"(?<![\w:.])(?=[^:\s]*:[^:\s]*:)[0-9a-fA-F:.]*[0-9a-fA-F:](?![\w:])")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
# At least 32 characters of base64 or hexadecimal. Slugs, which are lower case, are none.
_TOKEN = re.compile(
    r"(?<![\w-])(?=[\w=-]*[A-Z])(?=[\w=-]*[a-z])[\w-]{32,}=*(?![\w-])|(?<![^\W_])[0-9a-fA-F]{32,}(?![^\W_])",
    re.ASCII,
)


def scrub(text: str) -> str:
    """Return the text without queries, e-mail and IP addresses, and tokens, on one line."""
    text = _QUERY.sub("?" + HIDDEN, text)
    text = _EMAIL.sub(HIDDEN, text)
    text = _IPV4.sub(HIDDEN, _IPV6.sub(_without_address, text))
    return _TOKEN.sub(HIDDEN, text).replace("\r", " ").replace("\n", " ")


def scrubbed_path(request: HttpRequest) -> str:
    """Return the path of a request as it may stand in a log: percent-encoded, at most 200 characters,
    scrubbed."""
    return scrub(escape_uri_path(request.path)[:200])


class DiscreetFilter(logging.Filter):
    """Replace each record by one that holds nothing of a visitor; exceptions keep their types and places in
    the code."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record to write. It is a copy: other handlers keep their own view."""
        record = copy.copy(record)
        record.msg, record.args = scrub(self._message(record)), None
        if record.exc_info and record.exc_info[1]:
            # Where it was a visitor's input that was refused, the place in the code tells nothing.
            refused = getattr(record, "status_code", 500) < 500
            told = refused or is_outage(record.exc_info[1])
            record.exc_text = "" if told else "".join(_places(record.exc_info[1])).rstrip()
            record.exc_info = None
        return record

    def _message(self, record: logging.LogRecord) -> str:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and record.name.startswith("django"):
            status = getattr(record, "status_code", "")
            return f"{status} {request.method} {scrubbed_path(request)}"
        if record.name.partition(".")[0] not in OURS and record.args:
            return _without_arguments(record)
        return record.getMessage()


class AccessLogMiddleware:
    """Write one line per request: method, path without query, status, size in bytes, duration in
    milliseconds; none of what the site asks itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        if NOBODY in request.META:
            return response
        size = response.headers.get("Content-Length") or len(getattr(response, "content", b"")) or "-"
        milliseconds = (time.perf_counter() - began) * 1000
        access.info(
            "%s %s %s %s %.1f",
            request.method,
            scrubbed_path(request),
            response.status_code,
            size,
            milliseconds,
        )
        return response


def _without_address(match: re.Match[str]) -> str:
    """Return the match hidden if it is an address; times of day look alike."""
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return match[0]
    return HIDDEN


def _without_arguments(record: logging.LogRecord) -> str:
    """Return the message with numbers as they are, exceptions by their type, and anything else hidden."""

    def shown(value: object) -> object:
        if isinstance(value, int | float):
            return value
        return type(value).__name__ if isinstance(value, BaseException) else HIDDEN

    arguments = record.args
    try:
        if isinstance(arguments, dict):
            return str(record.msg) % {name: shown(value) for name, value in arguments.items()}
        return str(record.msg) % tuple(shown(value) for value in arguments or ())
    except (
        TypeError,
        ValueError,
        KeyError,
    ):  # a format that wants something else, such as %c or %.3s of a number
        return str(record.msg)


def is_outage(error: BaseException | None) -> bool:
    """Return whether the database was away: each request fails then, and where it did so tells nothing."""
    while error is not None:
        if isinstance(error, PoolTimeout):
            return True
        if isinstance(error, psycopg.OperationalError) and (error.sqlstate or "57P").startswith("57P"):
            return True  # no state: no connection; 57P: the server shuts down or starts up
        error = error.__cause__ or error.__context__
    return False


def _places(error: BaseException) -> Iterator[str]:
    """Yield the lines of a traceback, oldest cause first: files, lines and code, and of exceptions only the
    type."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _places(cause)
        yield "which led to\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
