"""The form field of a picture.

Wagtail's own decodes a picture before it asks how large it is, and fails at damaged ones.
"""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

from harmhub import files


class PictureField(WagtailImageField):
    """A picture of at most ``WAGTAILIMAGES_MAX_IMAGE_PIXELS``, complete."""

    def to_python(self, data):
        """Return the upload. ValidationError: too many pixels, damaged, or what Wagtail refuses."""
        if data in self.empty_values:
            return None
        self._check_size(data)
        try:
            return super().to_python(data)
        except files.UNREADABLE as error:
            raise files.damaged_picture() from error

    def _check_size(self, data) -> None:
        """Read the size from the first bytes. Where they tell none, Wagtail will say why it is no picture."""
        try:
            data.seek(0)
            with Image.open(data) as picture:
                pixels = picture.width * picture.height
        except (UnidentifiedImageError, *files.UNREADABLE):
            return
        finally:
            data.seek(0)
        if pixels > self.max_image_pixels:
            message = _(
                "This picture has %(found)d million pixels, and %(allowed)d million are allowed. "
                "Please make it smaller."
            )
            sizes = {"found": round(pixels / 1e6), "allowed": round(self.max_image_pixels / 1e6)}
            raise ValidationError(message, params=sizes, code="file_too_many_pixels")


class PictureForm(BaseImageForm):
    """The forms in which pictures are uploaded and edited."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if old := self.fields.get("file"):
            self.fields["file"] = PictureField(label=old.label, required=old.required, widget=old.widget)
