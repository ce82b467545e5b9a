"""What happens to a file between its upload and its first save."""

import logging
import time
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError
from wagtail.images.models import WagtailImageField, WagtailImageFieldFile

logger = logging.getLogger(__name__)

LONGEST_TEXT = 100_000  # characters of a PDF
READING = 20  # seconds
END_OF_PDF = b"%%EOF"
# Readers look for the end mark in the last kilobyte; some programs leave more behind it.
TAIL = 2048
KEPT_INFO = ("icc_profile", "transparency")


# What reading a damaged picture may raise.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)

# What reading a damaged PDF may raise.
UNREADABLE_PDF = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)


class CleanPicture(ContentFile):
    """A picture that has lost its metadata."""


def without_metadata(upload: File) -> CleanPicture:
    """Return the picture upright and without EXIF, XMP, comments or thumbnails; colour profiles stay.

    ValidationError: the file is no complete picture.
    """
    if isinstance(upload, CleanPicture):
        return upload
    upload.seek(0)
    try:
        with Image.open(upload) as picture:
            content = _saved_again(picture)
    except UNREADABLE as error:
        raise damaged_picture() from error
    return CleanPicture(content, name=upload.name)


def damaged_picture() -> ValidationError:
    """Return what is said of a picture that cannot be read to its end."""
    return ValidationError(_("This picture is damaged or incomplete. Please save it again and retry."))


def _saved_again(picture: Image.Image) -> bytes:
    # Telephones store a JPEG with further pictures behind it (MPO), each with EXIF data of its own: only the
    # first is kept.
    kind = "JPEG" if picture.format == "MPO" else picture.format
    kept = {key: picture.info[key] for key in KEPT_INFO if picture.info.get(key) is not None}
    if kind in {"JPEG", "WEBP", "AVIF"}:
        kept["quality"] = 92
    if kind != "GIF":
        kept["exif"] = b""
    if kind != "JPEG" and getattr(picture, "is_animated", False):
        kept |= {"save_all": True, "comment": b""} if kind == "GIF" else {"save_all": True}
    else:
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        picture.info.clear()
    out = BytesIO()
    picture.save(out, kind, **kept)
    return out.getvalue()


class PictureFile(WagtailImageFieldFile):
    """The stored original of a picture."""

    def save(self, name: str, content: File, save: bool = True) -> None:
        """Store the picture without its metadata, whichever way it comes: Wagtail also stores files without
        saving their row."""
        super().save(name, without_metadata(content), save)


class PictureField(WagtailImageField):
    """A picture whose file never holds metadata."""

    attr_class = PictureFile


def pdf_pages(upload: File) -> int:
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


def pdf_text(file: File) -> str:
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
