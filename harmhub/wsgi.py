"""The WSGI application, as granian and any other WSGI server load it."""

import gc
import os

import django

# Looking for garbage among all that is loaded, which is none, is a third of the time of loading it.
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings")
django.setup(set_prefix=False)

from django.urls import get_resolver  # noqa: E402

from harmhub.middleware import Handler  # noqa: E402
from harmhub.store.serving import PageStore  # noqa: E402

application = PageStore(Handler())
_ = get_resolver().url_patterns  # with the admin: the first reader need not wait for that
gc.collect()
gc.freeze()
# Requests leave garbage in cycles: with the threshold of manage.py, 10 MB of it would lie about.
gc.set_threshold(2_000)
gc.enable()
