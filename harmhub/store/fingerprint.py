"""What a rendered page depends on besides the database: the code, the templates, the settings."""

import hashlib
import os
from pathlib import Path

from django.conf import settings

FOLDERS = ("harmhub", "topics", "content", "contact", "newsletter", "templates", "static", "locale")
NAMED = (
    "PUBLIC_URL",
    "ONION_URL",
    "LANGUAGE_CODE",
    "LANGUAGES",
    "TIME_ZONE",
    "ALLOWED_HOSTS",
    "DEBUG",
    "WAGTAILFRONTENDCACHE",
)


def fingerprint() -> str:
    """Return a short name that is another one after each deployment that may change a page."""
    digest = hashlib.sha256(repr([getattr(settings, name) for name in NAMED]).encode())
    files = [settings.BASE_DIR / "requirements.txt", Path(settings.STATIC_ROOT) / "staticfiles.json"]
    for name in FOLDERS:
        for folder, folders, names in os.walk(settings.BASE_DIR / name):
            folders[:] = [each for each in folders if each != "__pycache__"]
            files += [Path(folder, each) for each in names]
    for file in sorted(files):
        if file.exists():
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
