"""Django settings, read from the environment. The README lists every variable in one table.

Sections: environment · applications · requests · templates · data · languages · files · mail and jobs ·
security · logging · Wagtail.
"""

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.functional import lazy

from harmhub import embedded_postgres, environment, pooling
from harmhub.mail.keys import SELECTOR, mail_domain, read_key
from harmhub.mail.mailbox import Mailbox
from harmhub.mail.providers import configuration
from harmhub.styles import style_hashes
from harmhub.zones import zone_names

# --- environment ---------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = environment.switch("DEBUG")
DATA_DIR = Path(environment.text("DATA_DIR") or BASE_DIR / ".data").absolute()
PORT = environment.number("PORT", 8000, most=65_535)
PUBLIC_URL = environment.origin("PUBLIC_URL", f"http://localhost:{PORT}")
# Where the site is an onion service as well; only printed where readers decide how to write.
ONION_URL = environment.onion("ONION_URL")
_origins = [url for url in (PUBLIC_URL, ONION_URL) if url]
_public = urlsplit(PUBLIC_URL)
SECRET_KEY = environment.secret("SECRET_KEY")
# Fernet keys, newest first. The first seals; all open. The last also keys the address look-up: never drop it.
SEALING_KEYS = environment.fernet_keys("SEALING_KEYS")

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

ALLOWED_HOSTS = environment.hosts("ALLOWED_HOSTS", _origins)
# Peers (addresses or networks) whose X-Forwarded-For is believed; X-Forwarded-Host never is.
TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES")
# A cache in front that is told of pages that are dropped: see docs/varnish.md.
_purge = environment.read("PURGE_URL", "http://127.0.0.1:6081", environment.http_server) or ""
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

# How many mails are on the wire at once: where the server is far away, each waits for its answers.
MAIL_CONNECTIONS = environment.number("MAIL_CONNECTIONS", 1, most=32)
_named = environment.read("DATABASE_URL", "postgres://user:password@host/name", environment.database)
_default = _named or environment.database(embedded_postgres.database_url(DATA_DIR))
_asked = environment.asked_of_sessions(_default.get("OPTIONS", {}))
DATABASES = {
    "default": _default
    | {
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _default.get("OPTIONS", {})  # sslmode, for example
        | {
            # Compiling a statement (JIT) takes seconds where running it takes milliseconds. What the
            # environment asks for comes later, and counts.
            "options": f"-c jit=off {_asked}".strip(),
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
TIME_ZONE = environment.zone("TIME_ZONE", "UTC")
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
        # A web server in front sends them, too.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750  # names of files tell what is not public yet
FILE_UPLOAD_HANDLERS = [
    "harmhub.memory_uploads.PrivateUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
WHITENOISE_MAX_AGE = 3600

# --- mail and jobs -------------------------------------------------------------------------------

_smtp = environment.read(
    "EMAIL_URL", "smtp+tls://user:password@mail.example.org:587", environment.mail_server
)
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
MAIL_LEASE_SECONDS = environment.number("MAIL_LEASE_SECONDS", 180, most=86_400)
# What the mail server or provider allows; so many are never reached where it does not matter.
MAILS_PER_SECOND = environment.number("MAILS_PER_SECOND", 10_000, most=10_000)
# How many a second go to a domain; * is each other one.
MAILS_PER_DOMAIN = (
    environment.read("MAILS_PER_DOMAIN", "gmail.com=5,*=20, each from 0.1 to 10000", environment.rates) or {}
)
DEFAULT_FROM_EMAIL = environment.text("FROM_EMAIL", f"updates@{_public.hostname}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where replies to answers arrive; each message has an address of its own, with a + in it: docs/inbox.md.
# With room for that: 26 signs before the @ (RFC 5321, 4.5.3.1).
CONTACT_REPLY_ADDRESS = environment.matching(
    "CONTACT_REPLY_ADDRESS",
    r"[A-Za-z0-9_.-]{1,38}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    "a plain address such as answers@example.org",
)
# The key that mails are signed with (DKIM), and its name in the DNS. See docs/mail.md.
try:
    DKIM_KEY = read_key(_told) if (_told := environment.text("DKIM_KEY")) else None
except ValueError as problem:
    raise ImproperlyConfigured(f"DKIM_KEY {problem}.") from None
try:
    _ = mail_domain(DEFAULT_FROM_EMAIL) if DKIM_KEY or environment.text("FROM_EMAIL") else ""
except ValueError as problem:
    raise ImproperlyConfigured(
        "FROM_EMAIL is an address such as updates@example.org; its domain is what mails are signed for."
    ) from problem
DKIM_SELECTOR = environment.matching(
    "DKIM_SELECTOR", SELECTOR, "a name of letters, digits and hyphens, such as harmhub", default="harmhub"
)
# Whom to ask what the DNS says: an address and a port. None: whom the machine asks.
DNS_SERVER: tuple[str, int] | None = None
# Mail that cannot be delivered comes back to an address of its own below this one: see docs/mail.md. With the
# number of the mail, what is before the @ must not be longer than SMTP allows.
BOUNCE_ADDRESS = environment.matching(
    "BOUNCE_ADDRESS",
    r"(?ai)[a-z0-9_-]{1,14}@[a-z0-9-]+(\.[a-z0-9-]+)*",
    "like bounces@example.org, with at most 14 plain letters before the @",
).lower()
BOUNCE_INBOX = environment.read(
    "BOUNCE_INBOX_URL", "imap+ssl://user:password@mail.example.org/INBOX", Mailbox.at
)
# What the provider tells of mail it has sent comes to /anymail/<provider>/tracking/: see docs/providers.md.
ANYMAIL_PROVIDER = environment.text("ANYMAIL_PROVIDER")
try:
    ANYMAIL = configuration(
        ANYMAIL_PROVIDER,
        environment.text("ANYMAIL_WEBHOOK_SECRET"),
        environment.text("ANYMAIL_WEBHOOK_KEY"),
    )
except ValueError as problem:
    raise ImproperlyConfigured(str(problem)) from problem

# --- security ------------------------------------------------------------------------------------

_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = _origins
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
