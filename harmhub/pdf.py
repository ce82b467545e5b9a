"""What a PDF is and says. Imported where there is one to read: the library takes 15 MB in each process."""

import logging
import time
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError

logger = logging.getLogger(__name__)

LONGEST_TEXT = 100_000  # characters of a PDF
READING = 20  # seconds
END_OF_PDF = b"%%EOF"
# Readers look for the end mark in the last kilobyte; some programs leave more behind it.
TAIL = 2048

# What reading a damaged PDF may raise.
UNREADABLE_PDF = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)


def number_of_pages(upload: File) -> int:
    """Return the number of pages of a PDF. ValidationError: it cannot be read as one."""
    upload.seek(0)
    content = upload.read()
    upload.seek(0)
    try:
        pages = len(PdfReader(BytesIO(content)).pages)
    except FileNotDecryptedError as error:
        raise ValidationError(_("This PDF needs a password. Please save it without one.")) from error
    except UNREADABLE_PDF as error:
        raise _damaged() from error
    # A reader mends what it can; where the end is missing, pages are missing, whatever their number was to
    # be.
    if END_OF_PDF not in content[-TAIL:]:
        raise _damaged()
    if not pages:
        raise ValidationError(_("This PDF has no pages."))
    return pages


def text_of(file: File) -> str:
    """Return what a PDF says, for search: at most LONGEST_TEXT characters, and what can be read in a few
    seconds. Pages that cannot be read are left out. PyPdfError: nothing can be."""
    deadline, found, length = time.monotonic() + READING, [], 0
    for page in PdfReader(file).pages:
        if length > LONGEST_TEXT or time.monotonic() > deadline:
            break
        try:
            text = page.extract_text()
        except Exception as problem:  # whatever a strange page makes of the reader, the others can be read
            logger.info("a page of a PDF cannot be read: %s", type(problem).__name__)
            continue
        found.append(text)
        length += len(text)
    # No NULs, which a database refuses, and no halves of characters.
    return "\n".join(found)[:LONGEST_TEXT].replace("\0", " ").encode(errors="replace").decode()


def _damaged() -> ValidationError:
    return ValidationError(_("This PDF is damaged or incomplete. Please save it again and retry."))
