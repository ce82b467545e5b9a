"""Uploads that must not touch the disk: addresses of readers, for example.

Django puts what is larger than ``FILE_UPLOAD_MAX_MEMORY_SIZE`` into a file of the system's folder for such,
where it would stay, in plain, after a crash.
"""

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

PRIVATE_FIELD = "private_file"


class PrivateUploadHandler(MemoryFileUploadHandler):
    """Keeps what is sent in the form field ``private_file`` in memory, however large; other files are for
    the next handler. How long a request may be is limited before (``BadInputMiddleware``)."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Take no file yet."""
        self.activated = False

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """Take a file of our field, and no other one."""
        self.activated = field_name == PRIVATE_FIELD
        super().new_file(field_name, *args, **kwargs)
