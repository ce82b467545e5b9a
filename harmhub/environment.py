"""What the environment says, as values for the settings; what cannot be meant is refused in one sentence.

The functions raise ImproperlyConfigured, whose words name the variable and never tell what may hold a
password; the readers at the end raise ValueError. The README lists every variable in one table.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from cryptography.fernet import Fernet, MultiFernet
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from psycopg import pq

TRUE, FALSE = environ.Env.BOOLEAN_TRUE_STRINGS, ("off", "false", "no", "0")
SHORTEST_SECRET = 32  # characters
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")
ONION = re.compile(r"https?://(?:[a-z0-9-]+\.)*[a-z2-7]{56}\.onion(?::\d{1,5})?")
HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")  # as ALLOWED_HOSTS has it
RATE = re.compile(r"(\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+)=(\d+(?:\.\d+)?)")


def text(name: str, default: str = "") -> str:
    """Return what a variable says; the default where it is unset or empty."""
    return os.environ.get(name) or default


def switch(name: str) -> bool:
    """Return whether a variable is on; unset, it is off."""
    value = text(name, "off").lower()
    if value not in {*TRUE, *FALSE}:
        raise ImproperlyConfigured(f"{name} is on or off.")
    return value in TRUE


def number(name: str, default: int, most: int) -> int:
    """Return a positive number."""
    value = os.environ.get(name, str(default))
    if not value.isdecimal() or not 0 < int(value) <= most:
        raise ImproperlyConfigured(f"{name} is a number from 1 to {most}, not “{value}”.")
    return int(value)


def entries(name: str) -> list[str]:
    """Return what a list holds, without the white space around its commas."""
    return [entry.strip() for entry in text(name).split(",") if entry.strip()]


def read[Read](name: str, example: str, reader: Callable[[str], Read]) -> Read | None:
    """Return what a reader makes of a variable, None where that is unset.

    reader: raises ValueError, KeyError or ImproperlyConfigured. example: what it understands.
    """
    try:
        return reader(value) if (value := text(name)) else None
    except (ImproperlyConfigured, ValueError, KeyError) as problem:
        raise ImproperlyConfigured(f"{name} cannot be read: it is like {example}.") from problem


def secret(name: str) -> str:
    """Return a secret."""
    value = text(name)
    if len(value) < SHORTEST_SECRET or value.startswith(("django-insecure", "change-me", "changeme")):
        raise ImproperlyConfigured(
            f"{name} is missing, too short or a default. Set it to at least {SHORTEST_SECRET} random "
            "characters; `make run` makes one for a site of your own machine."
        )
    return value


def fernet_keys(name: str) -> list[str]:
    """Return the keys of a list of secrets."""
    keys = [key.strip() for key in secret(name).split(",") if key.strip()]
    try:
        MultiFernet([Fernet(key) for key in keys])
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name} are Fernet keys: each 32 bytes in base64.") from problem
    return keys


def origin(name: str, default: str) -> str:
    """Return an origin (RFC 6454), without a slash at its end and in small letters: no part of it tells
    capitals from them, and all that compare it take it for such a text."""
    value = os.environ.get(name, default).rstrip("/").lower()
    try:
        parts = urlsplit(value)
        # Browsers name the origin in ASCII, and so do the headers of mails.
        is_origin = bool(ORIGIN.fullmatch(value) and parts.hostname and parts.port != 0)
    except ValueError:  # more than 65535, or between brackets no address
        is_origin = False
    if not is_origin:
        raise ImproperlyConfigured(
            f"{name} is an origin such as https://www.example.org, without a path, and in ASCII: a name in "
            "another script as the DNS has it (xn--)."
        )
    return value


def onion(name: str) -> str:
    """Return the origin of an onion service, without a slash at its end; "" where there is none."""
    value = text(name).rstrip("/")
    if value and not ONION.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} is like http:// and 56 letters and digits and .onion, without a path."
        )
    return value


def hosts(name: str, origins: Sequence[str]) -> list[str]:
    """Return the names that the site answers to; where the variable is unset, those of its origins, of which
    the public one is the first. They have to be among them."""
    own = [re.sub(r":\d+$", "", urlsplit(each).netloc) for each in origins]
    on_this_machine = urlsplit(origins[0]).hostname == "localhost"
    found = entries(name) or [*own, *(["127.0.0.1", "[::1]"] if on_this_machine else [])]
    if not all(map(HOST.fullmatch, found)):
        raise ImproperlyConfigured(f"{name} are names such as www.example.org, without https:// and port.")
    if not all(validate_host(each, found) for each in own):
        raise ImproperlyConfigured(f"{name} must name the hosts of PUBLIC_URL and ONION_URL, too.")
    return found


def networks(name: str) -> list[str]:
    """Return addresses and networks of peers; the word unix stands for those that have none."""
    found = entries(name)
    try:
        _ = [ip_network(entry, strict=False) for entry in found if entry != "unix"]
    except ValueError as problem:
        raise ImproperlyConfigured(
            f"{name} are addresses or networks such as 10.0.0.0/8, or the word unix."
        ) from problem
    return found


def zone(name: str, default: str) -> str:
    """Return the name of a time zone."""
    value = os.environ.get(name, default)
    try:
        ZoneInfo(value)
    except (ValueError, KeyError, OSError):
        raise ImproperlyConfigured(f"{name} is a name of the IANA database such as Europe/Lisbon.") from None
    return value


def matching(name: str, pattern: str | re.Pattern[str], words: str, default: str = "") -> str:
    """Return what matches a pattern; "" only where that is the default. words: how it has to be."""
    value = os.environ.get(name, default)
    if (value or default) and not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} is {words}.")
    return value


def asked_of_sessions(options: Mapping[str, Any]) -> str:
    """Return what is asked of each session with PostgreSQL: by the options of a database's settings, else by
    the service (pg_service.conf) that they or PGSERVICE name, else by PGOPTIONS. So does libpq."""
    if asked := options.get("options"):
        return asked
    before = os.environ.copy()
    try:
        os.environ |= {"PGSERVICE": options["service"]} if "service" in options else {}
        defaults = {each.keyword: each.val for each in pq.Conninfo.get_defaults()}
    finally:
        if "service" in options:
            del os.environ["PGSERVICE"]
        os.environ |= before
    return (defaults[b"options"] or b"").decode()


# --- readers, for read() -------------------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """Return a URL as Django's settings of a database."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ValueError("another kind of database")
    found = environ.Env.db_url_config(url)
    if not found["NAME"] and "service" not in found.get("OPTIONS", {}):
        raise ValueError("none of the server's databases")
    return found


def mail_server(url: str) -> dict[str, Any]:
    """Return a URL as what EMAIL_HOST and its like have been."""
    found = environ.Env.email_url_config(url)
    if not urlsplit(url).scheme.startswith("smtp") or not found["EMAIL_HOST"]:
        raise ValueError("no mail server")
    return found


def http_server(url: str) -> str:
    """Return a URL of HTTP."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("no server")
    return url


def rates(told: str) -> dict[str, float]:
    """Return domains and numbers, as in gmail.com=5,*=20."""
    found = {}
    for each in told.split(","):
        match = RATE.fullmatch(each.strip().lower())
        if not match or not 0.1 <= float(match[2]) <= 10_000:
            raise ValueError("no rate")
        found[match[1]] = float(match[2])
    return found
