"""The WSGI application, as granian and any other WSGI server load it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings")

application = get_wsgi_application()
