"""The key that mails are signed with: how it is told, made and published."""

import os
import re
import runpy
import stat
import subprocess
import sys
from io import StringIO

import dns.rdatatype
import dns.zone
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    generate_private_key,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from harmhub.mail.keys import read_key, record_of


def pem(key, password: str = "", form=serialization.PrivateFormat.PKCS8) -> str:
    """Return a key as people have it."""
    lock = serialization.BestAvailableEncryption(password.encode()) if password else None
    return key.private_bytes(serialization.Encoding.PEM, form, lock or serialization.NoEncryption()).decode()


KEY = generate_private_key(65537, 2048)
BODY = "".join(pem(KEY).split("\n")[1:-2])


def tiny_key() -> RSAPrivateKey:
    """Return a key of 512 bits, which nothing makes any more: of two well-known primes."""
    p, q, e = 2**255 - 19, 2**256 - 189, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    powers = (rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q))
    return RSAPrivateNumbers(p, q, d, *powers, RSAPublicNumbers(e, p * q)).private_key()


@pytest.fixture
def read_settings(monkeypatch):
    """A function that reads the project's settings with changes to the environment."""

    def read(**environment: str) -> dict:
        monkeypatch.setenv("SECRET_KEY", project.SECRET_KEY)
        monkeypatch.setenv("SEALING_KEYS", ",".join(project.SEALING_KEYS))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(project.BASE_DIR / "harmhub" / "settings.py"))

    return read


def test_without_a_key_there_is_none(read_settings):
    assert read_settings()["DKIM_KEY"] is None
    assert read_settings()["DKIM_SELECTOR"] == "harmhub"


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_a_key_is_told_by_its_file_or_by_its_text_also_on_one_line(read_settings, tmp_path, form):
    file, text = tmp_path / "dkim.pem", pem(KEY, form=form)
    file.write_text(text)
    for told in (str(file), text, text.replace("\n", "\\n"), f"  {text}"):
        found = read_settings(DKIM_KEY=told, FROM_EMAIL="a@example.org")["DKIM_KEY"]
        assert record_of(found) == record_of(KEY)


def test_a_key_that_is_none_stops_the_site_in_one_sentence_that_gives_nothing_away(read_settings, tmp_path):
    locked, text = pem(KEY, password="hunter2"), pem(KEY)
    wrong = {
        str(tmp_path / "missing.pem"): "cannot be read",
        str(tmp_path): "cannot be read",
        "hunter2": "cannot be read",
        BODY: "cannot be read",
        text[:300]: "cannot be read",
        text.replace(BODY[:64], BODY[:63] + "!"): "cannot be read",
        locked: "cannot be read",
        text.replace("PRIVATE", "PUBLIC"): "cannot be read",
        pem(ed25519.Ed25519PrivateKey.generate()): "has to be RSA",
        pem(tiny_key()): "has 511 bits",
    }
    for told, words in wrong.items():
        with pytest.raises(ImproperlyConfigured, match=f"^DKIM_KEY .*{words}") as refused:
            read_settings(DKIM_KEY=told, FROM_EMAIL="a@example.org")
        assert refused.value.__cause__ is None, "which would tell what was read"
        assert "hunter2" not in str(refused.value)
        assert BODY[:10] not in str(refused.value)
        assert "\n" not in str(refused.value)


def test_the_site_says_so_in_one_line_and_shows_no_key(tmp_path):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=project.BASE_DIR,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "harmhub.settings", "DATA_DIR": str(tmp_path), "DKIM_KEY": BODY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode
    assert "DKIM_KEY cannot be read" in run.stderr
    assert BODY[:20] not in run.stderr


@pytest.mark.parametrize("selector", ["", "a_b", "-a", "a-", "a..b", "a b", "ü", "a\n", "x" * 64, "a;b", "*"])
def test_a_selector_that_no_name_can_have_is_refused(read_settings, selector):
    with pytest.raises(ImproperlyConfigured, match="DKIM_SELECTOR"):
        read_settings(DKIM_SELECTOR=selector)


@pytest.mark.parametrize("key", [pem(KEY), ""], ids=["signing", "not signing"])
def test_a_sender_without_a_domain_is_refused(read_settings, key):
    with pytest.raises(ImproperlyConfigured, match="FROM_EMAIL"):
        read_settings(DKIM_KEY=key, FROM_EMAIL="updates")


def told(*arguments) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("dkim_key", *arguments, stdout=out)
    return out.getvalue()


def test_a_new_key_is_for_its_owner_only_and_comes_with_its_record(settings, tmp_path):
    settings.DEFAULT_FROM_EMAIL, settings.DKIM_SELECTOR = "updates@bücher.example", "spring"
    file = tmp_path / "dkim.pem"
    words = told(str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = read_key(str(file))
    assert key.key_size == 2048
    assert "name   spring._domainkey.xn--bcher-kva.example\n" in words
    assert f"value  {record_of(key)}\n" in words
    line = re.search(r"^spring\..*$", words, re.M)[0]
    zone = dns.zone.from_text(
        f"@ 60 IN SOA a b 1 1 1 1 1\n@ 60 IN NS a\n{line}", "xn--bcher-kva.example.", check_origin=False
    )
    [record] = zone.find_rdataset("spring._domainkey", dns.rdatatype.TXT)
    assert b"".join(record.strings).decode() == record_of(key)
    assert "PRIVATE" not in words


def test_the_record_of_the_key_in_use_is_told_again(settings):
    settings.DKIM_KEY = KEY
    assert record_of(KEY) in told()
    settings.DKIM_KEY = None
    with pytest.raises(CommandError, match="not set"):
        told()


def test_no_file_is_overwritten(tmp_path):
    file = tmp_path / "dkim.pem"
    file.write_text("what was there")
    with pytest.raises(CommandError, match="there already"):
        told(str(file))
    assert file.read_text() == "what was there"
    link = tmp_path / "link.pem"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommandError, match="there already"):
        told(str(link))
    with pytest.raises(CommandError, match="cannot be written"):
        told(str(tmp_path / "no" / "such" / "folder.pem"))
