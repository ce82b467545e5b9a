"""Uploads that must not touch the disk: addresses of readers, for example.

Django puts what is larger than ``FILE_UPLOAD_MAX_MEMORY_SIZE`` into a file of the system's folder for such,
where it would stay, in plain, after a crash.
"""

from io import BytesIO
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

PRIVATE_FIELD = "private_file"
MOST_BYTES = 5 * 1024 * 1024  # of such files in one request


class PrivateUploadHandler(MemoryFileUploadHandler):
    """Keeps what is sent in the form field ``private_file`` in memory; other files are for the next handler.

    Anybody can send that field to any address. So what is longer than ``MOST_BYTES`` is not kept: it becomes
    an empty file that says how long it was, for the form to refuse.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Take no file yet."""
        self.activated, self._received = False, 0

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """Take a file of our field, and no other one."""
        self.activated = field_name == PRIVATE_FIELD
        super().new_file(field_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep some bytes of our field; return those of another one."""
        if self.activated:
            self._received += len(raw_data)
            if self._received > MOST_BYTES:
                self.file, raw_data = BytesIO(), b""
        return super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        """Return a file of our field. One that was not kept is as long as all of this request together."""
        return super().file_complete(self._received if self._received > MOST_BYTES else file_size)
