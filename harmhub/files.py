"""What happens to a file between its upload and its first save."""

from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from pypdf import PdfReader
from pypdf.errors import PyPdfError


def without_metadata(upload: File) -> File:
    """Return the picture upright and without EXIF, XMP, comments or thumbnails; colour profiles stay.

    ValidationError: the file is no complete picture.
    """
    upload.seek(0)
    try:
        with Image.open(upload) as picture:
            kind, animated = picture.format, getattr(picture, "is_animated", False)
            kept = {"icc_profile": picture.info["icc_profile"]} if picture.info.get("icc_profile") else {}
            if kind in {"JPEG", "WEBP", "AVIF"}:
                kept["quality"] = 92
            if animated:
                kept["save_all"] = True
            else:
                picture.load()
                picture = ImageOps.exif_transpose(picture)
                picture.info.clear()
            out = BytesIO()
            picture.save(out, kind, **kept, **({} if animated and kind == "GIF" else {"exif": b""}))
    except (OSError, SyntaxError, ValueError) as error:
        raise ValidationError(
            _("This picture is damaged or incomplete. Please save it again and retry.")
        ) from error
    return ContentFile(out.getvalue(), name=upload.name)


def pdf_pages(upload: File) -> int:
    """Return the number of pages of a PDF. ValidationError: it cannot be read as one."""
    upload.seek(0)
    try:
        pages = len(PdfReader(BytesIO(upload.read())).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise ValidationError(
            _("This PDF is damaged or incomplete. Please save it again and retry.")
        ) from error
    upload.seek(0)
    if not pages:
        raise ValidationError(_("This PDF has no pages."))
    return pages
