"""The blocks of a body, seven kinds. Each has a description and a preview for the editor who chooses it."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageBlock

TEXT_FEATURES = ["bold", "italic", "link", "document-link", "ol", "ul", "superscript"]


class QuoteBlock(blocks.StructBlock):
    """Somebody's words, set apart."""

    text = blocks.TextBlock(label=_("Words"), rows=3)
    source = blocks.CharBlock(label=_("Who said it"), required=False, max_length=160)

    class Meta:
        icon = "openquote"
        label = _("Quotation")
        label_format = "{text}"
        template = "components/blocks/quote.html"
        preview_value = {
            "text": _("A clinic that remembers your wound and forgets your name."),
            "source": _("A nurse"),
        }
        description = _("Somebody’s words, set apart from the text.")


class FigureBlock(blocks.StructBlock):
    """A picture within the text."""

    image = ImageBlock(label=_("Picture"))
    caption = blocks.CharBlock(label=_("Caption"), required=False, max_length=240)

    class Meta:
        icon = "image"
        label = _("Picture")
        label_format = "{caption}"
        template = "components/blocks/figure.html"
        preview_template = "components/blocks/figure_preview.html"
        description = _("A picture with a caption, as wide as the text.")


class CalloutBlock(blocks.StructBlock):
    """A short text that must not be missed."""

    title = blocks.CharBlock(label=_("Title"), required=False, max_length=120)
    text = blocks.RichTextBlock(label=_("Text"), features=["bold", "italic", "link", "ul"])

    class Meta:
        icon = "warning"
        label = _("Note")
        label_format = "{title}"
        template = "components/blocks/callout.html"
        preview_value = {"title": _("Good to know"), "text": _("A few words that no reader should miss.")}
        description = _("A short text in a frame, for what must not be missed.")


class DownloadBlock(blocks.StructBlock):
    """A file within the text."""

    document = DocumentChooserBlock(label=_("File"))
    label = blocks.CharBlock(
        label=_("Label"), required=False, max_length=120, help_text=_("Empty: the file’s own title.")
    )

    class Meta:
        icon = "download"
        label = _("Download")
        label_format = "{label}"
        template = "components/blocks/download.html"
        preview_template = "components/blocks/download_preview.html"
        description = _("A link to a file, with its format and size.")


class Body(blocks.StreamBlock):
    """Running text and what interrupts it."""

    text = blocks.RichTextBlock(
        label=_("Text"),
        icon="pilcrow",
        features=TEXT_FEATURES,
        preview_value="<p>Nobody is waiting, or so it seems: then a man folds his newspaper.</p>",
        description=_("Paragraphs, lists and links."),
    )
    heading = blocks.CharBlock(
        label=_("Heading"),
        icon="title",
        max_length=120,
        template="components/blocks/heading.html",
        preview_value="No name, no card, no queue",
        description=_("A heading between two parts of the text."),
    )
    quote = QuoteBlock()
    figure = FigureBlock()
    callout = CalloutBlock()
    download = DownloadBlock()
    rule = blocks.StaticBlock(
        label=_("Break"),
        icon="minus",
        template="components/blocks/rule.html",
        preview_value="",
        admin_text=_("A pause between two parts, without a heading."),
        description=_("A pause between two parts."),
    )

    class Meta:
        required = False
