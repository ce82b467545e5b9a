"""The WSGI application, as granian and any other WSGI server load it."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings")
django.setup(set_prefix=False)

from harmhub.middleware import Handler  # noqa: E402
from harmhub.store.serving import PageStore  # noqa: E402

application = PageStore(Handler())
