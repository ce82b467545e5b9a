"""What happens to a file between its upload and its first save."""

import logging
from io import BytesIO
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps
from wagtail.images.models import WagtailImageField, WagtailImageFieldFile

logger = logging.getLogger(__name__)

KEPT_INFO = ("icc_profile", "transparency")

# What reading a damaged picture may raise.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


LONGEST_NAME = 200  # bytes of 255, since more is added to names that are taken


class Originals(FileSystemStorage):
    """Files as they were uploaded, with names that a disk takes: it counts bytes, Django letters."""

    def get_valid_name(self, name: str) -> str:
        """Return a name as Django would make it, cut where it is too long."""
        valid = PurePath(super().get_valid_name(name))
        room = LONGEST_NAME - len(valid.suffix.encode())
        return f"{valid.stem.encode()[:room].decode(errors='ignore')}{valid.suffix}"


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
    if "icc_profile" in kept and not _is_of_use(kept["icc_profile"], picture.mode):
        del kept["icc_profile"]
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
    if picture.mode.startswith("I"):  # a scan of 65,536 greys, of which no other format has so many
        picture = picture.point(lambda grey: grey * (1 / 256)).convert("L")
    out = BytesIO()
    picture.save(out, kind, **kept)
    return out.getvalue()


def _is_of_use(profile: bytes, mode: str) -> bool:
    """Return whether colours of a picture in some mode can be read by a profile: with one that is damaged, or
    of other colours, no size in another format could be made."""
    colours = mode if mode == "CMYK" else "L" if mode.startswith(("1", "L", "I")) else "RGB"
    try:
        of_picture = ImageCms.ImageCmsProfile(BytesIO(profile))
        ImageCms.buildTransform(of_picture, ImageCms.createProfile("sRGB"), colours, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return False
    return True


class PictureFile(WagtailImageFieldFile):
    """The stored original of a picture."""

    def save(self, name: str, content: File, save: bool = True) -> None:
        """Store the picture without its metadata, whichever way it comes: Wagtail also stores files without
        saving their row."""
        super().save(name, without_metadata(content), save)


class PictureField(WagtailImageField):
    """A picture whose file never holds metadata."""

    attr_class = PictureFile
