"""What every other app may point at: pictures, documents, and the settings of the site."""

from hashlib import sha256
from pathlib import Path
from typing import Self

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.validators import MaxValueValidator, validate_email
from django.db import models
from django.db.models.functions import Now
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from PIL.ImageCms import PyCMSError
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, PageChooserPanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.documents.models import AbstractDocument
from wagtail.documents.models import Document as WagtailDocument
from wagtail.images.models import (
    AbstractImage,
    AbstractRendition,
    Filter,
    SourceImageIOError,
    get_upload_to,
)
from wagtail.images.models import Image as WagtailImage
from wagtail.search import index

from harmhub import files, missing_sizes


class CustomImage(AbstractImage):
    """A picture. Uploads lose their EXIF data (places, devices, names) before anything else happens to
    them."""

    file = files.PictureField(
        verbose_name=_("file"), upload_to=get_upload_to, width_field="width", height_field="height"
    )
    credit = models.CharField(
        _("credit"), max_length=120, blank=True, help_text=_("Who made the picture. Printed under it.")
    )

    admin_form_fields = (*WagtailImage.admin_form_fields, "credit")

    class Meta(AbstractImage.Meta):
        verbose_name = _("image")
        verbose_name_plural = _("images")
        permissions = [("choose_image", "Can choose image")]

    @property
    def default_alt_text(self) -> str:
        """What the picture shows, for those who do not see it: its description, never its title, which mostly
        is the name of a file."""
        return self.description

    def clean(self) -> None:
        """Take the metadata off a new file. ValidationError: it is no complete picture."""
        super().clean()
        try:
            self._take_metadata_off()
        except ValidationError as error:
            raise ValidationError({"file": error}) from error

    def save(self, *args, **kwargs) -> None:
        """Store the picture; a new file is measured as it is stored, without its metadata."""
        if self._take_metadata_off():
            self._set_image_file_metadata()
        super().save(*args, **kwargs)

    def generate_rendition_file(self, *args, **kwargs) -> File:
        """Make a size of the picture. SourceImageIOError: also where its colour profile is of no use, as
        those of earlier uploads may be; pages and the admin know what to do then."""
        try:
            return super().generate_rendition_file(*args, **kwargs)
        except PyCMSError as problem:
            raise SourceImageIOError(str(problem)) from problem

    def create_renditions(self, *filters: Filter) -> dict[Filter, AbstractRendition]:
        """Make sizes of the picture, as Wagtail does. Of two processes that make the same at once one stores
        it: the other takes that, and does not leave its own file in the public folder. NotNowError: see
        ``missing_sizes``."""
        missing_sizes.note(self.pk, [each.spec for each in filters])
        made = super().create_renditions(*filters)
        if len(made) < 2:
            return made
        rows = self.renditions.filter(filter_spec__in=[each.filter_spec for each in made.values()])
        stored = {(row.filter_spec, row.focal_point_key): row for row in rows}
        for by, own in made.items():
            row = stored.get((own.filter_spec, own.focal_point_key))
            if row and row.file.name != own.file.name:
                own.file.delete(save=False)
                made[by] = row
        return made

    def _take_metadata_off(self) -> bool:
        is_new = bool(self.file) and not self.file._committed
        if is_new:
            self.file = files.without_metadata(self.file.file)  # type: ignore[assignment]
        return is_new


class CustomRendition(AbstractRendition):
    """A picture at one size and format, in the public folder."""

    image = models.ForeignKey(CustomImage, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)

    def get_upload_to(self, filename: str) -> str:
        """Return a short path that changes with the picture, its crop and its size, so that it may be
        kept."""
        made_of = f"{self.image.file_hash} {self.filter_spec} {self.focal_point_key}"
        name = Path(self.image.filename).stem[:40].lstrip(".")
        return f"images/{name}-{sha256(made_of.encode()).hexdigest()[:12]}{Path(filename).suffix}"


class CustomDocument(AbstractDocument):
    """A file for download. The number of pages of a PDF is measured when it is uploaded."""

    page_count = models.PositiveIntegerField(_("pages"), null=True, blank=True, editable=False)

    has_new_file = False  # whether its last save stored a file

    admin_form_fields = WagtailDocument.admin_form_fields
    search_fields = [*AbstractDocument.search_fields, index.FilterField("page_count")]

    class Meta(AbstractDocument.Meta):
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        permissions = [("choose_document", "Can choose document")]

    def clean(self) -> None:
        """Refuse a file that says it is a PDF and cannot be read as one."""
        if not self.file:  # the form says so; Wagtail would speak of its ending, too
            return
        super().clean()
        if self._is_new_pdf():
            try:
                self.page_count = self._count_pages()
            except ValidationError as error:
                raise ValidationError({"file": error}) from error

    def save(self, *args, **kwargs) -> None:
        """Store the document with its size and, for a PDF, its number of pages. ValidationError: not a
        readable PDF."""
        self.has_new_file = bool(self.file) and not self.file._committed
        if self.has_new_file:
            self.page_count = self._count_pages() if self._is_new_pdf() else None
            self._set_document_file_metadata()
        super().save(*args, **kwargs)

    def _count_pages(self) -> int:
        from harmhub import pdf

        return pdf.number_of_pages(self.file)

    @property
    def is_pdf(self) -> bool:
        """Whether its name says that it is a PDF, in capitals or not."""
        return self.file_extension.lower() == "pdf"

    def _is_new_pdf(self) -> bool:
        return bool(self.file) and not self.file._committed and self.is_pdf


class DocumentText(models.Model):
    """What a document says, for search; a job reads it from the file."""

    document = models.OneToOneField(CustomDocument, models.CASCADE, primary_key=True, related_name="text")
    text = models.TextField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"the text of {self.document_id}"


def validate_addresses(text: str) -> None:
    """Raise ValidationError unless each non-empty line of the text is one e-mail address."""
    for line in address_lines(text):
        try:
            validate_email(line)
        except ValidationError:
            raise ValidationError(_("“%(line)s” is not an e-mail address."), params={"line": line}) from None


def address_lines(text: str) -> list[str]:
    """Return the non-empty lines of the text, each without white space around it."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def nobody() -> Group:
    """Return the group that stands for a team whose own was deleted. Nobody is in it: what a team alone may
    read must not be everybody's for that."""
    return Group.objects.get_or_create(name="Nobody (the group of a team was deleted)")[0]


@register_setting(icon="home", order=100)
class SiteSettings(BaseSiteSetting):
    """What the whole site says of the organisation. One row a site; the defaults serve until it is filled
    in."""

    organisation = models.CharField(_("organisation"), max_length=120, default="Our organisation")
    mission = models.CharField(
        _("mission sentence"), max_length=240, blank=True, help_text=_("The large sentence on the home page.")
    )
    contact_addresses = models.TextField(
        _("contact addresses"),
        blank=True,
        validators=[validate_addresses],
        help_text=_("Who is told of messages on topics that name nobody. One e-mail address a line."),
    )
    team = models.ForeignKey(
        "auth.Group",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET(nobody),
        related_name="+",
        help_text=_(
            "Who may read messages to topics that name no team. Empty: everybody who may see messages."
        ),
    )
    exit_url = models.URLField(
        _("exit target"),
        default="https://www.wikipedia.org/",
        help_text=_("Where “Exit this page” leads: a harmless page that nobody wonders about."),
    )
    privacy_page = models.ForeignKey(
        "wagtailcore.Page",
        verbose_name=_("privacy page"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    safety_page = models.ForeignKey(
        "wagtailcore.Page",
        verbose_name=_("page on staying safe"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    help_page = models.ForeignKey(
        "wagtailcore.Page",
        verbose_name=_("page with local help"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Linked from every contact box, which is no emergency service."),
    )
    footer = models.CharField(_("footer sentence"), max_length=240, blank=True)
    updates_hour = models.PositiveSmallIntegerField(
        _("hour of updates"),
        default=8,
        validators=[MaxValueValidator(23)],
        help_text=_("When daily, weekly and monthly updates are mailed, in the organisation’s time zone."),
    )
    updates_weekday = models.PositiveSmallIntegerField(
        _("day of weekly updates"), choices=WEEKDAYS.items(), default=3
    )

    select_related = ["site__root_page", "privacy_page", "safety_page", "help_page"]

    panels = [
        MultiFieldPanel(
            [FieldPanel("organisation"), FieldPanel("mission"), FieldPanel("footer")], _("Organisation")
        ),
        MultiFieldPanel(
            [
                FieldPanel("contact_addresses"),
                FieldPanel("team", permission="auth.change_group"),
                PageChooserPanel("help_page"),
            ],
            _("Contact"),
        ),
        MultiFieldPanel(
            [FieldPanel("exit_url"), PageChooserPanel("safety_page"), PageChooserPanel("privacy_page")],
            _("Safety of readers"),
        ),
        MultiFieldPanel([FieldPanel("updates_hour"), FieldPanel("updates_weekday")], _("Updates by e-mail")),
    ]

    class Meta:
        verbose_name = _("site settings")

    @classmethod
    def of_default_site(cls) -> Self:
        """Return those of the default site, for what no request asks; where nobody has filled them in, the
        defaults, unsaved."""
        return cls.objects.filter(site__is_default_site=True).first() or cls()

    @property
    def contact_recipients(self) -> list[str]:
        """The addresses that are told of messages where no topic names any."""
        return address_lines(self.contact_addresses)


class Change(models.Model):
    """Something that public pages may show has changed. Triggers write these rows
    (``content/migrations/initial/changes.sql``), keepers of page stores read them; they are forgotten after a
    week.

    tag: what it was, as ``harmhub.store.shown`` names it. place: where in the listing that the tag names.
    xact: the number of the transaction.
    """

    tag = models.TextField()
    place = models.TextField(null=True)
    xact = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.tag} {self.place or ''}".strip()
