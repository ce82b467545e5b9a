"""Settings of the tests: the real ones, with fixed secrets and folders of their own."""

import os
import tempfile

_data = os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="harmhub-test-"))
os.environ["SECRET_KEY"] = "only-for-tests-" + "k" * 40
os.environ["SEALING_KEYS"] = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMzI="
os.environ["PUBLIC_URL"] = "http://testserver"
os.environ.pop("EMAIL_URL", None)

from harmhub.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
