"""Settings that cannot be meant are refused, in a sentence that names them and gives no secret away."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage.handler import StorageHandler

from harmhub.first_run import data_dir
from harmhub.mail.providers import configuration

WRONG = {
    "PORT": ("abc", "0", "99999", "-1"),
    "MAIL_LEASE_SECONDS": ("", "1.5"),
    "PUBLIC_URL": (
        "example.org",
        "https://example.org/hub",
        "http://localhost:99999",
        "https://müller.example",
        "https://example.org?hub",
        "https://example.org#hub",
        "https://user:hunter2@example.org",
        "https://example.org:8000 ",
        "http://[::1",
        "http://[:::::]",
    ),
    "BOUNCE_ADDRESS": (
        "bounces",
        "b@",
        "fifteen-letters@example.org",
        "a+b@example.org",
        "b@example.org\n",
        "bounce\u017f@example.org",
    ),
    "BOUNCE_INBOX_URL": ("hunter2", "imap://host/INBOX", "pop3://a:hunter2@host", "imap://a:hunter2@host:x"),
    "ANYMAIL_PROVIDER": ("hunter2", "postmark", "mailgun"),
    "MAILS_PER_DOMAIN": (
        "gmail.com",
        "gmail.com=x",
        "gmail.com=0",
        "*=1e9",
        "a@gmail.com=5",
        "gmail.com=5;*=2",
    ),
    "ONION_URL": ("hub.onion", f"http://{'a' * 56}.onion/hub", f"http://{'a' * 16}.onion"),
    "PURGE_URL": ("varnish", "ftp://varnish", "http://", "http://[::1", "http://varnish:x"),
    "TRUSTED_PROXIES": ("abc", "10.0.0.0/99", "unix,proxy.example.org"),
    "ALLOWED_HOSTS": ("https://example.org", "example.org:8000", "example.org example.com", "example.org"),
    "DEBUG": ("maybe",),
    "DATABASE_URL": (
        "hub",
        "mysql://user:hunter2@host/name",
        "postgres://user:hunter2@host:x/name",
        "postgres://host",
    ),
    "EMAIL_URL": ("mail.example.org", "smtp://user:hunter2@host:x", "smtp://", "consolemail://host"),
    "FROM_EMAIL": ("updates", "updates@", "updates@example.org\nBcc: a@b.org"),
    "CONTACT_REPLY_ADDRESS": (
        "answers",
        "a+b@example.org",
        "Team <a@example.org>",
        f"{'a' * 39}@example.org",
    ),
    "TIME_ZONE": ("Mars/Base", "CEST", "Europe", "../etc/passwd", "/etc/localtime"),
    "SECRET_KEY": ("hunter2", "django-insecure-hunter2-0123456789abcdef"),
    "SEALING_KEYS": ("hunter2", "hunter2-hunter2-hunter2-hunter2-hunter2"),
}


def read_with(monkeypatch, **environment: str) -> dict:
    """Return the settings as they are with these variables."""
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    monkeypatch.setenv("SEALING_KEYS", ",".join(settings.SEALING_KEYS))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(settings.BASE_DIR / "harmhub" / "settings.py"))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_wrong_setting_is_refused_by_name(monkeypatch, name, value):
    with pytest.raises(ImproperlyConfigured, match=name) as refused:
        read_with(monkeypatch, **{name: value})
    assert "hunter2" not in str(refused.value)


def test_a_secret_that_begins_with_a_dollar_sign_is_one(monkeypatch):
    key = "$hunter2-hunter2-hunter2-hunter2-hunter2"
    webhook = {"ANYMAIL_PROVIDER": "postmark", "ANYMAIL_WEBHOOK_SECRET": "$user:hunter2-hunter2-hunter2"}
    read = read_with(monkeypatch, SECRET_KEY=key, **webhook)
    assert read["SECRET_KEY"] == key
    assert webhook["ANYMAIL_WEBHOOK_SECRET"] in str(read["ANYMAIL"])


def test_white_space_after_a_comma_belongs_to_no_entry(monkeypatch):
    read = read_with(monkeypatch, ALLOWED_HOSTS="*, b.org,", TRUSTED_PROXIES="10.0.0.0/8, unix")
    assert read["ALLOWED_HOSTS"] == ["*", "b.org"]
    assert read["TRUSTED_PROXIES"] == ["10.0.0.0/8", "unix"]


def test_capitals_of_the_public_address_mean_nothing(monkeypatch):
    read = read_with(monkeypatch, PUBLIC_URL="HTTPS://WWW.Example.org/")
    assert read["PUBLIC_URL"] == "https://www.example.org"


def test_a_site_at_an_address_answers_to_it(monkeypatch):
    assert read_with(monkeypatch, PUBLIC_URL="http://[::1]:8000")["ALLOWED_HOSTS"] == ["[::1]"]


def test_an_empty_folder_or_sender_is_the_default(monkeypatch):
    read = read_with(monkeypatch, DATA_DIR="", FROM_EMAIL="", PUBLIC_URL="https://example.org")
    assert read["DATA_DIR"] == settings.BASE_DIR / ".data" == data_dir()
    assert read["DEFAULT_FROM_EMAIL"] == "updates@example.org"


def test_a_site_answers_at_its_onion_service_unless_told_otherwise(monkeypatch):
    onion = f"{'a' * 56}.onion"
    addresses = {"PUBLIC_URL": "https://example.org", "ONION_URL": f"http://{onion}:81"}
    assert read_with(monkeypatch, **addresses)["ALLOWED_HOSTS"] == ["example.org", onion]
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"):
        read_with(monkeypatch, **addresses, ALLOWED_HOSTS=".example.org")


@pytest.mark.parametrize(
    ("kind", "folder", "file"), [("staticfiles", 0o755, 0o644), ("default", 0o750, 0o640)]
)
def test_static_files_can_be_read_by_a_web_server_of_another_user_and_originals_not_even_be_listed(
    monkeypatch, tmp_path, kind, folder, file
):
    told = read_with(monkeypatch)["STORAGES"][kind]
    options = told.get("OPTIONS", {}) | {"location": tmp_path}
    storage = StorageHandler().create_storage(told | {"OPTIONS": options})
    path = Path(storage.path(storage.save("some/style.css", ContentFile(b"p {}"))))
    assert path.parent.stat().st_mode & 0o777 == folder
    assert path.stat().st_mode & 0o777 == file


def test_what_the_address_of_the_database_asks_for_is_kept(monkeypatch):
    read = read_with(monkeypatch, DATABASE_URL="postgres://user:word@host/name?sslmode=verify-full")
    options = read["DATABASES"]["default"]["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"]) == ("verify-full", 2)


@pytest.mark.parametrize(
    ("asked", "also", "options"),
    [
        ("", "", "-c jit=off"),
        ("", "-c role=reader", "-c jit=off -c role=reader"),
        (
            "?options=-c%20work_mem%3D8MB",
            "-c role=reader",
            "-c jit=off -c work_mem=8MB",
        ),  # as libpq takes them
        ("?service=hub", "-c role=reader", "-c jit=off -c work_mem=16MB"),
    ],
)
def test_no_statement_is_compiled(monkeypatch, tmp_path, asked, also, options):
    services = tmp_path / "pg_service.conf"
    services.write_text("[hub]\noptions=-c work_mem=16MB\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    url = f"postgres://user:word@host/name{asked}"
    read = read_with(monkeypatch, DATABASE_URL=url, PGOPTIONS=also)
    assert read["DATABASES"]["default"]["OPTIONS"]["options"] == options


@pytest.mark.parametrize(
    ("provider", "secret", "key", "words"),
    [
        ("postmark", "", "", "needs ANYMAIL_WEBHOOK_SECRET"),
        ("postmark", "user:hunter2", "", "of 16 characters or more"),
        ("postmark", "hunter2-hunter2-hunter2", "", "user:password"),
        ("postmark", "user:0123456789abcdef", "hunter2", "takes no ANYMAIL_WEBHOOK_KEY"),
        ("mailgun", "user:0123456789abcdef", "", "needs ANYMAIL_WEBHOOK_KEY"),
    ],
)
def test_a_webhook_that_anybody_could_call_is_refused(provider, secret, key, words):
    with pytest.raises(ValueError, match=words) as refused:
        configuration(provider, secret, key)
    assert "hunter2" not in str(refused.value)


def test_make_run_says_so_in_one_line_and_starts_nothing(tmp_path):
    run = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "harmhub.settings", "DATA_DIR": str(tmp_path), "TIME_ZONE": "Mars"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == "TIME_ZONE is a name of the IANA database such as Europe/Lisbon.\n"
    assert not (tmp_path / "postgres").exists()


def test_what_is_not_used_is_not_loaded():
    """Each process would carry it: Wagtail's API and its schemas, and what asks the DNS."""
    unused = {"ninja", "wagtail.api.v3.registry", "dkim", "dns.resolver"}
    loads = f"import django, sys; django.setup(); import harmhub.urls; print(sys.modules.keys() & {unused})"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "harmhub.settings_test"}
    run = subprocess.run([sys.executable, "-c", loads], stdout=subprocess.PIPE, check=True, env=environment)
    assert run.stdout == b"set()\n"
