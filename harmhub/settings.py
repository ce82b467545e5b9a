"""Django settings, read from the environment. The README lists every variable in one table.

Sections: environment · applications · requests · templates · data · languages · files · mail and jobs ·
security · logging · Wagtail.
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from cryptography.fernet import Fernet, MultiFernet
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.utils.csp import CSP
from django.utils.functional import lazy

from harmhub import embedded_postgres, pooling
from harmhub.mail.keys import SELECTOR, mail_domain, read_key
from harmhub.mail.mailbox import Mailbox
from harmhub.mail.providers import configuration
from harmhub.styles import style_hashes
from harmhub.zones import zone_names

# --- environment ---------------------------------------------------------------------------------

# With room for what makes an address of a message's own of it: 26 signs before the @ (RFC 5321, 4.5.3.1).
_plain_address = re.compile(r"[A-Za-z0-9_.-]{1,38}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")
HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")  # as ALLOWED_HOSTS has it
ONION = re.compile(r"https?://(?:[a-z0-9-]+\.)*[a-z2-7]{56}\.onion(?::\d{1,5})?")


def _number(name: str, default: int, most: int) -> int:
    """Return a positive number from the environment, or refuse to start."""
    value = env.str(name, default=str(default))
    if not value.isdecimal() or not 0 < int(value) <= most:
        raise ImproperlyConfigured(f"{name} is a number from 1 to {most}, not “{value}”.")
    return int(value)


def _entries(name: str) -> list[str]:
    """Return what a list of the environment holds, without the white space around its commas."""
    return [entry.strip() for entry in env.str(name, default="").split(",") if entry.strip()]


def _url[Read](name: str, example: str, read: Callable[[str], Read]) -> Read | None:
    """Return what a URL of the environment says, None where it is unset, or refuse to start."""
    try:
        return read(value) if (value := env.str(name, default="")) else None
    except (ImproperlyConfigured, ValueError, KeyError) as problem:
        # Not its value, which may hold a password.
        raise ImproperlyConfigured(f"{name} cannot be read: it is like {example}.") from problem


if env.str("DEBUG", default="off").lower() not in {*env.BOOLEAN_TRUE_STRINGS, "off", "false", "no", "0", ""}:
    raise ImproperlyConfigured("DEBUG is on or off.")
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / ".data").absolute()
PORT = _number("PORT", 8000, most=65_535)
# No part of an origin tells capitals from small letters; all that compare it take it for such a text.
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/").lower()
try:
    _public = urlsplit(PUBLIC_URL)
    # Browsers name the origin in ASCII, and so do the headers of mails.
    _is_origin = ORIGIN.fullmatch(PUBLIC_URL) and _public.hostname
    _ = _public.port
except ValueError:  # more than 65535, or between brackets no address
    _is_origin = False
if not _is_origin:
    raise ImproperlyConfigured(
        "PUBLIC_URL is an origin such as https://www.example.org, without a path, and in ASCII: a name in "
        "another script as the DNS has it (xn--)."
    )
# Where the site is an onion service as well; only printed where readers decide how to write.
ONION_URL = env.str("ONION_URL", default="").rstrip("/")
if ONION_URL and not ONION.fullmatch(ONION_URL):
    raise ImproperlyConfigured(
        "ONION_URL is like http:// and 56 letters and digits and .onion, without a path."
    )


def _secret(name: str) -> str:
    """Return a secret of at least 32 characters from the environment, or refuse to start."""
    value = env.str(name, default="")
    if len(value) < 32 or value.startswith(("django-insecure", "change-me", "changeme")):
        raise ImproperlyConfigured(
            f"{name} is missing, too short or a default. Set it to at least 32 random characters; "
            "`make run` makes one for a site of your own machine."
        )
    return value


SECRET_KEY = _secret("SECRET_KEY")
# Fernet keys, newest first. The first seals; all open. The last also keys the address look-up: never drop it.
SEALING_KEYS = [key.strip() for key in _secret("SEALING_KEYS").split(",") if key.strip()]
try:
    MultiFernet([Fernet(key) for key in SEALING_KEYS])
except ValueError as problem:
    raise ImproperlyConfigured("SEALING_KEYS are Fernet keys: each 32 bytes in base64.") from problem

# --- applications --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "harmhub",
    "harmhub.mail",
    "harmhub.users",
    "topics",
    "content",
    "contact",
    "newsletter",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.simple_translation",
    "wagtail.locales",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "procrastinate.contrib.django",
    "django_otp",
    "django_otp_webauthn",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

AUTH_USER_MODEL = "users.User"
ROOT_URLCONF = "harmhub.urls"
WSGI_APPLICATION = "harmhub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- requests ------------------------------------------------------------------------------------

MIDDLEWARE = [
    "harmhub.logs.AccessLogMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "harmhub.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "harmhub.middleware.BadInputMiddleware",
    "harmhub.origin.OriginMiddleware",
    "harmhub.middleware.StatementTimeoutMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "harmhub.users.middleware.DoorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "harmhub.publishing.UnfinishedPageMiddleware",
    "topics.redirects.RedirectMiddleware",
]

_own_names = [re.sub(r":\d+$", "", urlsplit(url).netloc) for url in (PUBLIC_URL, ONION_URL) if url]
_also = ["127.0.0.1", "[::1]"] if _public.hostname == "localhost" else []
ALLOWED_HOSTS = _entries("ALLOWED_HOSTS") or [*_own_names, *_also]
if not all(map(HOST.fullmatch, ALLOWED_HOSTS)):
    raise ImproperlyConfigured("ALLOWED_HOSTS are names such as www.example.org, without https:// and port.")
if not all(validate_host(name, ALLOWED_HOSTS) for name in _own_names):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts of PUBLIC_URL and ONION_URL, too.")
# Peers (addresses or networks) whose X-Forwarded-For is believed; X-Forwarded-Host never is.
TRUSTED_PROXIES = _entries("TRUSTED_PROXIES")
try:
    _ = [ip_network(entry, strict=False) for entry in TRUSTED_PROXIES if entry != "unix"]
except ValueError as problem:
    raise ImproperlyConfigured(
        "TRUSTED_PROXIES are addresses or networks such as 10.0.0.0/8, or the word unix."
    ) from problem


def _cache(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("no cache")
    return url


# A cache in front that is told of pages that are dropped: see docs/varnish.md.
_purge = _url("PURGE_URL", "http://127.0.0.1:6081", _cache) or ""
_purging = {"BACKEND": "wagtail.contrib.frontend_cache.backends.HTTPBackend", "LOCATION": _purge}
WAGTAILFRONTENDCACHE = {"default": _purging} if _purge else {}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# Django refuses more fields than this with a 400. Wagtail's largest editing forms need more than Django's
# 1,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000

# --- templates -----------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["harmhub.templates.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "wagtail.templatetags.wagtailcore_tags",
                "wagtail.images.templatetags.wagtailimages_tags",
                "harmhub.templatetags.hub",
                "content.templatetags.cards",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "topics.hub.context",
            ],
        },
    },
]

# --- data ----------------------------------------------------------------------------------------


def _database(url: str) -> dict[str, Any]:
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ValueError("another kind of database")
    found = env.db_url_config(url)
    if not found["NAME"] and "service" not in found.get("OPTIONS", {}):
        raise ValueError("none of the server's databases")
    return found


# How many mails are on the wire at once: where the server is far away, each waits for its answers.
MAIL_CONNECTIONS = _number("MAIL_CONNECTIONS", 1, most=32)
_default = _url("DATABASE_URL", "postgres://user:password@host/name", _database) or _database(
    embedded_postgres.database_url(DATA_DIR)
)
DATABASES = {
    "default": _default
    | {
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _default.get("OPTIONS", {})  # sslmode, for example
        | {
            "pool": pooling.options(MAIL_CONNECTIONS),
            "connect_timeout": 2,
            # A connection keeps the plans of what it is asked often: planning a topic page's queries anew
            # takes the database twice as long as answering them. And values that are sent apart stand in none
            # of its logs of errors: what somebody searched for, for example.
            "server_side_binding": True,
            "prepare_threshold": 2,
        },
    }
}
CACHES = {
    # Wagtail keeps the sites' root paths here. Files, so that all processes of a machine see one state.
    "default": {
        "BACKEND": "harmhub.cache.ForgivingFileCache",
        "LOCATION": DATA_DIR / "cache",
    }
}

# --- languages -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
try:
    ZoneInfo(TIME_ZONE)
except (ValueError, KeyError, OSError):
    raise ImproperlyConfigured("TIME_ZONE is a name of the IANA database such as Europe/Lisbon.") from None
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = "harmhub.formats"
WAGTAIL_I18N_ENABLED = True
LANGUAGES = WAGTAIL_CONTENT_LANGUAGES = [
    ("en", "English"),
    ("ar", "العربية"),
    ("es", "Español"),
    ("fr", "Français"),
    ("pt", "Português"),
    ("ru", "Русский"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- files ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Originals and documents lie here, outside what any server shows; see harmhub.models.
MEDIA_ROOT = DATA_DIR / "private"
MEDIA_URL = "/private/"
STORAGES = {
    "default": {"BACKEND": "harmhub.files.Originals"},
    "renditions": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Text: Wagtail writes it into the job that deletes a file.
        "OPTIONS": {"location": str(DATA_DIR / "public"), "base_url": "/media/"},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "OPTIONS": {"file_permissions_mode": 0o644},  # a web server in front sends them, too
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_HANDLERS = [
    "harmhub.memory_uploads.PrivateUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
WHITENOISE_MAX_AGE = 3600

# --- mail and jobs -------------------------------------------------------------------------------


def _mail_server(url: str) -> dict[str, Any]:
    found = env.email_url_config(url)
    if not urlsplit(url).scheme.startswith("smtp") or not found["EMAIL_HOST"]:
        raise ValueError("no mail server")
    return found


_smtp = _url("EMAIL_URL", "smtp+tls://user:password@mail.example.org:587", _mail_server)
MAILERS = {
    # All mail becomes rows first; the sender takes the other way out. See docs/mail.md.
    "default": {"BACKEND": "harmhub.mail.backends.QueueBackend"},
    "outgoing": {
        "BACKEND": "harmhub.mail.backends.SmtpBackend",
        "OPTIONS": {
            "host": _smtp["EMAIL_HOST"],
            "port": _smtp["EMAIL_PORT"] or 25,
            "username": _smtp["EMAIL_HOST_USER"] or "",
            "password": _smtp["EMAIL_HOST_PASSWORD"] or "",
            "use_tls": _smtp.get("EMAIL_USE_TLS", False),
            "use_ssl": _smtp.get("EMAIL_USE_SSL", False),
            "timeout": 20,
        },
    }
    if _smtp
    else {"BACKEND": "harmhub.mail.backends.EmlBackend", "OPTIONS": {"file_path": DATA_DIR / "mail"}},
}
# How long a sender holds a mail it claimed; a killed sender's mail goes out after this time.
MAIL_LEASE_SECONDS = _number("MAIL_LEASE_SECONDS", 180, most=86_400)
# What the mail server or provider allows; so many are never reached where it does not matter.
MAILS_PER_SECOND = _number("MAILS_PER_SECOND", 10_000, most=10_000)


def _rate(text: str) -> tuple[str, float]:
    """Return a domain and a number, as in gmail.com=5. ValueError: it is none."""
    found = re.fullmatch(r"(\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+)=(\d+(?:\.\d+)?)", text)
    if not found or not 0.1 <= float(found[2]) <= 10_000:
        raise ValueError("no rate")
    return found[1], float(found[2])


# How many a second go to a domain; * is each other one.
MAILS_PER_DOMAIN = (
    _url(
        "MAILS_PER_DOMAIN",
        "gmail.com=5,*=20, each from 0.1 to 10000",
        lambda text: dict(_rate(each.strip().lower()) for each in text.split(",")),
    )
    or {}
)
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="") or f"updates@{_public.hostname}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where replies to answers arrive; each message has an address of its own, with a + in it: docs/inbox.md.
CONTACT_REPLY_ADDRESS = env.str("CONTACT_REPLY_ADDRESS", default="")
if CONTACT_REPLY_ADDRESS and not _plain_address.fullmatch(CONTACT_REPLY_ADDRESS):
    raise ImproperlyConfigured("CONTACT_REPLY_ADDRESS is a plain address such as answers@example.org.")
# The key that mails are signed with (DKIM), and its name in the DNS. See docs/mail.md.
try:
    DKIM_KEY = read_key(_told) if (_told := env.str("DKIM_KEY", default="")) else None
except ValueError as problem:
    raise ImproperlyConfigured(f"DKIM_KEY {problem}.") from None
try:
    _ = mail_domain(DEFAULT_FROM_EMAIL) if DKIM_KEY or env.str("FROM_EMAIL", default="") else ""
except ValueError as problem:
    raise ImproperlyConfigured(
        "FROM_EMAIL is an address such as updates@example.org; its domain is what mails are signed for."
    ) from problem
DKIM_SELECTOR = env.str("DKIM_SELECTOR", default="harmhub")
if not SELECTOR.fullmatch(DKIM_SELECTOR):
    raise ImproperlyConfigured("DKIM_SELECTOR is a name of letters, digits and hyphens, such as harmhub.")
# Whom to ask what the DNS says: an address and a port. None: whom the machine asks.
DNS_SERVER: tuple[str, int] | None = None
# Mail that cannot be delivered comes back to an address of its own below this one: see docs/mail.md. With the
# number of the mail, what is before the @ must not be longer than SMTP allows.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="").lower()
if BOUNCE_ADDRESS and not re.fullmatch(r"[a-z0-9_-]{1,14}@[a-z0-9-]+(\.[a-z0-9-]+)*", BOUNCE_ADDRESS):
    raise ImproperlyConfigured(
        "BOUNCE_ADDRESS is like bounces@example.org, with at most 14 plain letters before the @."
    )

BOUNCE_INBOX = _url("BOUNCE_INBOX_URL", "imap+ssl://user:password@mail.example.org/INBOX", Mailbox.at)
# What the provider tells of mail it has sent comes to /anymail/<provider>/tracking/: see docs/providers.md.
ANYMAIL_PROVIDER = env.str("ANYMAIL_PROVIDER", default="")
try:
    ANYMAIL = configuration(
        ANYMAIL_PROVIDER,
        env.str("ANYMAIL_WEBHOOK_SECRET", default=""),
        env.str("ANYMAIL_WEBHOOK_KEY", default=""),
    )
except ValueError as problem:
    raise ImproperlyConfigured(str(problem)) from problem

# --- security ------------------------------------------------------------------------------------

_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [url for url in (PUBLIC_URL, ONION_URL) if url]
# What ends a session, beside its cookie: see harmhub.users.models.
SESSION_ENGINE = "harmhub.users.sessions"
SESSION_COOKIE_AGE = 12 * 3600
LOGIN_REDIRECT_URL = "wagtailadmin_home"
# Who may do one of these has to have a second factor. See docs/staff-login.md.
SECOND_FACTOR_FOR = [
    "contact.view_message",
    "contact.change_message",
    "contact.export_message",
    "newsletter.view_subscription",
    "newsletter.export_subscription",
    "newsletter.erase_subscription",
    "newsletter.import_subscription",
    "newsletter.view_suppression",
    "newsletter.change_suppression",
    "newsletter.view_signup",
    "newsletter.change_signup",
    "newsletter.view_update",
    "newsletter.view_run",
    "newsletter.publish_mailing",
    "newsletter.lock_mailing",
    "newsletter.unlock_mailing",
    "mail.view_mail",
    "mail.change_mail",
    # What is sent in the organisation's name, and whose approval it takes.
    *(
        model.replace(".", f".{verb}_")
        for model in (
            "contact.cannedanswer",
            "newsletter.mailing",
            "newsletter.mailingitem",
            "newsletter.secondpersontask",
        )
        for verb in ("view", "add", "change", "delete")
    ),
    "users.view_user",
    "users.add_user",
    "users.change_user",
    "users.delete_user",
    "auth.add_group",
    "auth.change_group",
    "auth.delete_group",
]
# Nothing: what is no passkey is answered in words, and is no error of the site.
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = ""
OTP_WEBAUTHN_RP_ID = _public.hostname
OTP_WEBAUTHN_RP_NAME_CALLABLE = "harmhub.users.passkeys.name_of_site"
# Browsers make passkeys for these only; without one there are still codes.
_secure = _https or _public.hostname == "localhost"
OTP_WEBAUTHN_ALLOWED_ORIGINS = [PUBLIC_URL if _secure else f"https://{_public.hostname}"]
CSRF_FAILURE_VIEW = "harmhub.errors.forbidden_form"
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 63_072_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
# Only a trusted proxy's X-Forwarded-Proto survives HeadersMiddleware.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The public site's policy. Stored pages cannot carry nonces, so styles and the one script go by hash.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": style_hashes("css"),
    "script-src": style_hashes("js"),
    "img-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "harmhub.users.passwords.GuessableValidator"},
]

# --- logging: no address, token, query or text of a reader is ever logged -------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"discreet": {"()": "harmhub.logs.DiscreetFilter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["discreet"]},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "harmhub": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # The development server's access log knows queries; harmhub.access is ours.
        "django.server": {"level": "CRITICAL", "propagate": False},
        "procrastinate": {"level": "WARNING"},
        # A line for each try to connect, while each request that found no connection has a line already.
        "psycopg.pool": {"level": "ERROR"},
    },
}

# --- Wagtail -------------------------------------------------------------------------------------

WAGTAIL_SITE_NAME = "harmhub"
WAGTAILADMIN_BASE_URL = PUBLIC_URL
WAGTAIL_GRAVATAR_PROVIDER_URL = None
# Nobody has proved a new one, and mail goes to it: who looks after users sets it.
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_FINISH_WORKFLOW_ACTION = "harmhub.approving.publish_approved"
WAGTAIL_USER_TIME_ZONES = lazy(zone_names, list)()  # finding all zones takes a while
WAGTAILADMIN_USER_LOGIN_FORM = "harmhub.login.LoginForm"
WAGTAILADMIN_USER_PASSWORD_RESET_FORM = "harmhub.login.PasswordResetForm"  # noqa: S105
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAILIMAGES_IMAGE_MODEL = "harmhub.CustomImage"
WAGTAILIMAGES_RENDITION_STORAGE = "renditions"
WAGTAILIMAGES_EXTENSIONS = ["avif", "gif", "jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 20 * 1024 * 1024
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 25_000_000
WAGTAILIMAGES_IMAGE_FORM_BASE = "harmhub.uploads.PictureForm"
WAGTAILIMAGES_INDEX_PAGE_SIZE = 30
WAGTAILDOCS_DOCUMENT_MODEL = "harmhub.CustomDocument"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
# PDFs, too, go out as attachments: none of an editor's files opens within this site.
WAGTAILDOCS_INLINE_CONTENT_TYPES: list[str] = []
WAGTAILDOCS_PASSWORD_REQUIRED_TEMPLATE = "wagtailcore/password_required.html"  # noqa: S105 (as for pages)
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "epub", "odt", "ods", "pdf", "pptx", "txt", "vtt", "xlsx", "zip"]
WAGTAILDOCS_MAX_UPLOAD_SIZE = 50 * 1024 * 1024
