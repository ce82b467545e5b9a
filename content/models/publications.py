"""Publications: reports, briefs and other documents, with their files by language."""

from functools import cached_property

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import model_from_serializable_data
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, ObjectList
from wagtail.fields import StreamField

from content.models.items import ContentItem
from harmhub.private_files import private_collections
from harmhub.publishing import Row
from topics.kinds import Kind


def validate_isbn(text: str) -> None:
    """Raise ValidationError unless the text is an ISBN-13 (ISO 2108), hyphens allowed, with its check digit
    right."""
    digits = text.replace("-", "").replace(" ", "")
    good = len(digits) == 13 and digits.isascii() and digits.isdigit() and digits.startswith(("978", "979"))
    if not good or sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10:
        raise ValidationError(_("This is no valid ISBN with 13 digits."))


class PublicationPage(ContentItem):
    """A report, a brief or another document."""

    KIND = Kind.PUBLICATION

    class Type(models.TextChoices):
        """What sort of publication it is."""

        REPORT = "report", _("Report")
        BRIEF = "brief", _("Brief")
        GUIDE = "guide", _("Guide")
        SUBMISSION = "submission", _("Submission")
        ANNUAL = "annual", _("Annual report")

    publication_type = models.CharField(
        _("type"),
        max_length=12,
        choices=Type.choices,
        default=Type.REPORT,
        help_text=_("Shown beside the word “Publication”."),
    )
    key_findings = StreamField(
        [
            (
                "finding",
                blocks.TextBlock(
                    label=_("Finding"),
                    rows=2,
                    icon="list-ol",
                    description=_("One finding, in a sentence."),
                    preview_value="Counting samples is cheap. Counting conversations explains more.",
                ),
            )
        ],
        verbose_name=_("key findings"),
        blank=True,
    )
    isbn = models.CharField(_("ISBN"), max_length=17, blank=True, validators=[validate_isbn])
    doi = models.CharField(
        _("DOI"),
        max_length=120,
        blank=True,
        validators=[
            RegexValidator(r"^10\.\d{4,9}/\S+$", _("A DOI begins with “10.”, such as 10.5555/report.2026."))
        ],
        help_text=_("Without “https://doi.org/”."),
    )

    template = "content/publication.html"
    parent_page_types = ["content.PublicationIndexPage"]
    is_creatable = True
    page_description = _("A report, brief or guide with files to download.")

    edit_handler = ContentItem.tabs(
        [
            *ContentItem.basics,
            FieldPanel("publication_type"),
            ContentItem.picture,
            ContentItem.authors_panel,
            FieldPanel("body", heading=_("Abstract"), help_text=ContentItem.body_help),
            FieldPanel("key_findings", help_text=_("Press the plus sign once for each finding.")),
        ],
        ObjectList(
            [
                InlinePanel(
                    "files",
                    label=_("File"),
                    heading=_("Files, by language"),
                    help_text=_("Pages and size are measured when a file is uploaded."),
                ),
                FieldRowPanel([FieldPanel("isbn"), FieldPanel("doi")]),
            ],
            heading=_("Files"),
        ),
    )

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")

    @property
    def downloads(self) -> list["PublicationFile"]:
        """The files that everybody may have, in order."""
        rows = self.files.all()
        if isinstance(rows, models.QuerySet):
            rows = rows.select_related("document")
        private = private_collections()
        return [row for row in rows if row.document and row.document.collection_id not in private]

    @cached_property
    def first_file(self) -> dict | None:
        """What a card tells of the first file; without a query where a listing has fetched it."""
        document = next((row.document for row in self.downloads), None)
        return document and {
            "name": document.filename,
            "pages": document.page_count,
            "size": document.file_size,
        }


class PublicationFile(Row):
    """A file of a publication, in one language."""

    publication = ParentalKey(PublicationPage, on_delete=models.CASCADE, related_name="files")
    document = models.ForeignKey(
        # null: a draft may have a row whose file is still to come
        "harmhub.CustomDocument",
        verbose_name=_("file"),
        null=True,
        on_delete=models.PROTECT,
        related_name="publication_files",
    )
    language = models.CharField(
        _("language"), max_length=12, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )

    panels = [FieldPanel("document"), FieldPanel("language")]

    class Meta(Row.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "language", "document"],
                name="file_once_a_publication",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]

    @classmethod
    def from_serializable_data(cls, data: dict, *args: bool, **kwargs: bool) -> "PublicationFile | None":
        """Return the row of a revision. A file that was deleted since is missing, as if it were to come: what
        is public keeps its files from being deleted, a draft does not, and has to open all the same."""
        kept = cls._meta.get_field("document").related_model.objects.filter(pk=data["document"]).exists()
        document = data["document"] if kept else None
        return model_from_serializable_data(cls, data | {"document": document}, *args, **kwargs)
