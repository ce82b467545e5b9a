"""What becomes of uploaded files: pictures lose their metadata, damaged files are refused in words."""

import json
from io import BytesIO

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageCms, PngImagePlugin
from pypdf import PdfWriter
from wagtail.images.blocks import ImageBlock
from wagtail.models import Collection, CollectionViewRestriction, UploadedFile
from wagtail.test.utils.form_data import querydict_from_html
from wagtail.users.models import UserProfile

from content.cards import CARD_FILTERS
from content.models import PublicationFile
from harmhub.models import CustomDocument, CustomImage
from harmhub.users.models import User
from tests.factories import Tree

pytestmark = pytest.mark.django_db

CANARY = "Canary Street 5"
ORIENTATION, MAKER, GPS, GPS_AREA = 0x0112, 0x010F, 0x8825, 0x001C
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()


def exif(orientation: int = 1) -> Image.Exif:
    """Return EXIF data that name a camera's owner and a place."""
    data = Image.Exif()
    data[MAKER] = CANARY
    data[ORIENTATION] = orientation
    data[GPS] = {1: "N", 2: (38.0, 43.0, 12.0), GPS_AREA: CANARY.encode()}
    return data


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", CANARY)
    return info


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, None).save(out, kind, **options)
    return out.getvalue()


def frames(kind: str, **options) -> bytes:
    """Return a moving (or, as telephones do, manifold) picture."""
    more = [Image.new("RGB", (60, 40), color) for color in ("red", "blue")]
    return picture(kind, save_all=True, append_images=more, **options)


def pdf(pages: int) -> bytes:
    writer, out = PdfWriter(), BytesIO()
    for _page in range(pages):
        writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def upload(client: Client, view: str, name: str, content: bytes, **fields):
    """Send a file to "images" or "docs", by the form or by the view that takes many files."""
    file = SimpleUploadedFile(name, content)
    kind, _, many = view.partition(" ")
    if many:
        return client.post(
            reverse(f"wagtail{kind}:add_multiple"),
            {"title": "A file", "files[]": file, "collection": Collection.get_first_root_node().pk} | fields,
        )
    return client.post(
        reverse(f"wagtail{kind}:add"),
        {"title": "A file", "file": file, "collection": Collection.get_first_root_node().pk} | fields,
    )


def refusal(response) -> str:
    """Return what an upload view says of a file that it did not take."""
    assert response.status_code == 200
    if response.headers["Content-Type"] == "application/json":
        answer = json.loads(response.content)
        assert not answer["success"]
        return answer["error_message"]
    return " ".join(response.context["form"].errors.get("file", []))


def stored() -> tuple[CustomImage, bytes]:
    image = CustomImage.objects.get()
    return image, image.file.storage.open(image.file.name).read()


both_pictures = pytest.mark.parametrize("view", ["images", "images many"])
both_documents = pytest.mark.parametrize("view", ["docs", "docs many"])

TELLING = {
    "photo.jpg": lambda: picture("JPEG", exif=exif(), xmp=XMP, comment=CANARY.encode()),
    "telephone.jpg": lambda: frames("MPO", exif=exif()),
    "drawing.png": lambda: picture("PNG", exif=exif(), pnginfo=png_text()),
    "photo.webp": lambda: picture("WEBP", exif=exif(), xmp=XMP),
    "photo.avif": lambda: picture("AVIF", exif=exif(), xmp=XMP),
    "drawing.gif": lambda: picture("GIF", mode="P", comment=CANARY.encode()),
    "moving.gif": lambda: frames("GIF", comment=CANARY.encode()),
    "moving.webp": lambda: frames("WEBP", exif=exif(), xmp=XMP),
}


@pytest.mark.parametrize("name", TELLING)
def test_stored_picture_tells_nothing_but_its_picture(editor, name):
    content = TELLING[name]()
    assert CANARY.encode() in content
    upload(editor, "images", name, content)
    image, kept = stored()
    assert CANARY.encode() not in kept
    opened = Image.open(BytesIO(kept))
    assert not opened.getexif()
    assert (image.width, image.height) == opened.size == (60, 40)
    assert getattr(opened, "is_animated", False) == name.startswith("moving")


def profile(colours: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(colours)).tobytes()


@pytest.mark.parametrize(
    ("mode", "given", "stays"),
    [
        ("RGB", profile("sRGB"), True),
        ("RGB", b"no profile", False),
        ("CMYK", profile("sRGB"), False),
        ("CMYK", b"no profile", False),
    ],
)
def test_profile_of_colours_stays_where_it_is_of_use_and_every_size_can_be_made(editor, mode, given, stays):
    upload(editor, "images", "print.jpg", picture("JPEG", mode=mode, icc_profile=given))
    image, kept = stored()
    assert ("icc_profile" in Image.open(BytesIO(kept)).info) == stays
    assert len(image.get_renditions(*CARD_FILTERS)) == len(CARD_FILTERS)


@both_pictures
def test_photo_taken_upright_is_stored_upright_and_measured(editor, view):
    upload(editor, view, "photo.jpg", picture(exif=exif(orientation=6)))
    image, kept = stored()
    assert (image.width, image.height) == Image.open(BytesIO(kept)).size == (40, 60)
    assert image.file_size == len(kept)
    assert CANARY.encode() not in kept


def test_photo_is_stored_without_metadata_also_after_its_title_was_mended(editor):
    answer = json.loads(
        upload(editor, "images many", "photo.jpg", picture(exif=exif(6)), title="t" * 300).content
    )
    assert answer["success"]
    upload_pk = UploadedFile.objects.get().pk
    mended = {
        f"uploaded-image-{upload_pk}-title": "A photo",
        f"uploaded-image-{upload_pk}-collection": Collection.get_first_root_node().pk,
    }
    url = reverse("wagtailimages:create_multiple_from_uploaded_image", args=[upload_pk])
    assert json.loads(editor.post(url, mended).content)["success"]
    image, kept = stored()
    assert CANARY.encode() not in kept
    assert (image.width, image.height, image.file_size) == (40, 60, len(kept))


def test_transparent_picture_stays_transparent(editor):
    upload(editor, "images", "drawing.png", picture("PNG", mode="P", transparency=0))
    assert Image.open(BytesIO(stored()[1])).info["transparency"] == 0


def test_scan_with_more_greys_than_other_formats_have_is_kept_as_it_looks(editor):
    scan = Image.new("I;16", (60, 40), 0x8000)
    out = BytesIO()
    scan.save(out, "PNG")
    upload(editor, "images", "scan.png", out.getvalue())
    image, kept = stored()
    assert Image.open(BytesIO(kept)).getpixel((0, 0)) == 0x80
    for spec in ("width-20|format-avif", "width-20|format-jpeg"):
        assert image.get_rendition(spec).width == 20


def test_replaced_picture_loses_its_metadata_too(editor):
    upload(editor, "images", "photo.jpg", picture())
    image, _kept = stored()
    new = SimpleUploadedFile("other.jpg", picture(exif=exif()))
    fields = {"title": "A file", "file": new, "collection": Collection.get_first_root_node().pk}
    assert editor.post(reverse("wagtailimages:edit", args=[image.pk]), fields).status_code == 302
    assert CANARY.encode() not in stored()[1]


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"
NO_PICTURES = {
    "a drawing with scripts": (
        "drawing.svg", lambda: SVG, "Not a supported image format"),
    "such a drawing that says it is a photo": (
        "drawing.png", lambda: SVG, "Not a valid .png image"),
    "a truncated photo": ("photo.jpg", lambda: picture(size=(600, 400))[:-900], "damaged or incomplete"),
    "a truncated drawing": (
        "drawing.png", lambda: picture("PNG", size=(600, 400))[:-600], "damaged or incomplete"),
    "no picture at all": ("photo.jpg", lambda: b"words", "not an image"),
    "more than 25 megapixels": ("huge.png", lambda: picture("PNG", (5100, 5000), "1"), "26 million pixels"),
    "a bomb": ("bomb.png", lambda: picture("PNG", (30000, 20000), "1"), "too many pixels"),
}  # fmt: skip


@both_pictures
@pytest.mark.parametrize("case", NO_PICTURES)
def test_file_that_is_no_good_picture_is_refused_in_words(editor, view, case):
    name, content, words = NO_PICTURES[case]
    assert words in refusal(upload(editor, view, name, content()))
    assert not CustomImage.objects.exists()
    assert not UploadedFile.objects.exists()


@both_documents
@pytest.mark.parametrize("name", ["report.pdf", "REPORT.PDF"])
def test_document_is_measured(editor, view, name):
    content = pdf(3)
    upload(editor, view, name, content)
    document = CustomDocument.objects.get()
    assert (document.page_count, document.file_size) == (3, len(content))


@both_documents
def test_document_with_a_long_name_in_any_script_is_stored(editor, view):
    for _twice in range(2):
        upload(editor, view, f"{'अ' * 84}.pdf", pdf(1))
    names = {document.filename for document in CustomDocument.objects.all()}
    assert len(names) == 2
    assert all(name.startswith("अ" * 60) and name.endswith(".pdf") for name in names)


@both_documents
def test_document_of_another_format_has_no_pages(editor, view):
    upload(editor, view, "data.csv", b"a,b\n1,2\n")
    assert CustomDocument.objects.get().page_count is None


def locked_pdf() -> bytes:
    writer, out = PdfWriter(BytesIO(pdf(2))), BytesIO()
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


NO_DOCUMENTS = {
    "truncated": ("report.pdf", lambda: pdf(3)[:-100], "damaged or incomplete"),
    "truncated, named in capitals": ("REPORT.PDF", lambda: pdf(3)[:-100], "damaged or incomplete"),
    "cut in what was changed later": (
        "report.pdf",
        lambda: pdf(3) + b"1 0 obj" * 400,
        "damaged or incomplete",
    ),
    "cut in the middle": ("report.pdf", lambda: pdf(30)[:1500], "damaged or incomplete"),
    "no PDF at all": ("report.pdf", lambda: b"words", "damaged or incomplete"),
    "behind a password": ("report.pdf", locked_pdf, "needs a password"),
    "without pages": ("report.pdf", lambda: pdf(0), "no pages"),
    "a program": ("report.exe", lambda: b"MZ", "not allowed"),
    "a page with scripts": ("report.html", lambda: b"<script>", "not allowed"),
    "too large": ("data.csv", lambda: b"1" * 2_000_000, "too big"),
}


@both_documents
@pytest.mark.parametrize("case", NO_DOCUMENTS)
def test_file_that_is_no_good_document_is_refused_in_words(editor, settings, view, case):
    settings.WAGTAILDOCS_MAX_UPLOAD_SIZE = 1_000_000
    name, content, words = NO_DOCUMENTS[case]
    assert words in refusal(upload(editor, view, name, content()))
    assert not CustomDocument.objects.exists()
    assert not UploadedFile.objects.exists()


@both_documents
def test_empty_document_is_refused_in_one_sentence(editor, view):
    assert refusal(upload(editor, view, "data.csv", b"")) == "The submitted file is empty."


def test_body_that_is_far_too_long_is_refused_before_it_is_read(editor, settings):
    settings.WAGTAILDOCS_MAX_UPLOAD_SIZE = settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE = 1000
    response = upload(editor, "docs", "data.csv", b"1" * 3_000_000)
    assert response.status_code == 413


# --- who gets them


def test_rendition_is_public_and_its_original_is_at_no_address(editor, client):
    upload(editor, "images", "photo.jpg", picture())
    image, _kept = stored()
    rendition = image.get_rendition("width-20")
    assert rendition.url.startswith("/media/")
    assert client.get(rendition.url).status_code == 200
    for prefix in (
        "/media/",
        "/private/",
        "/media/../private/",
        "/media/%2e%2e/private/",
        "/static/../private/",
    ):
        assert client.get(f"{prefix}{image.file.name}").status_code in {400, 404}


def publish(tree: Tree, document: CustomDocument) -> None:
    """Have a public page lead to a document."""
    publication = tree.publication()
    publication.files.add(PublicationFile(document=document))
    publication.save()


@pytest.mark.usefixtures("indexes")
def test_document_goes_out_as_a_download(editor, client, tree):
    for name, content in {"report.pdf": pdf(1), "data.csv": b"1"}.items():
        upload(editor, "docs", name, content)
        publish(tree, CustomDocument.objects.latest("pk"))
        response = client.get(CustomDocument.objects.latest("pk").url)
        assert response.status_code == 200
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Encoding" not in response.headers
        assert b"".join(response.streaming_content) == content


def test_document_is_at_no_other_address_than_its_own(editor, client):
    upload(editor, "docs", "report.pdf", pdf(1))
    document = CustomDocument.objects.get()
    for url in (
        f"/media/{document.file.name}",
        f"/private/{document.file.name}",
        f"/documents/{document.pk}/other.pdf",
    ):
        assert client.get(url).status_code == 404


@pytest.mark.usefixtures("indexes")
def test_document_of_a_private_collection_is_for_those_who_may_read_it(editor, client, tree):
    private = Collection.get_first_root_node().add_child(name="Board")
    restriction = CollectionViewRestriction.objects.create(collection=private, restriction_type="groups")
    restriction.groups.add(Group.objects.get(name="Editors"))
    upload(editor, "docs", "report.pdf", pdf(1))
    publish(tree, CustomDocument.objects.get())
    CustomDocument.objects.update(collection=private)
    url = CustomDocument.objects.get().url
    response = client.get(url)
    assert response.status_code == 302
    assert "login" in response.url
    assert editor.get(url).status_code == 200


@pytest.mark.parametrize("description", ["", "A van at a corner"])
def test_picture_is_described_in_a_text_by_its_description_not_by_the_name_of_its_file(editor, description):
    upload(editor, "images", "alpha.jpg", picture(), title="alpha", description=description)
    image, _content = stored()
    chosen = editor.get(reverse("wagtailimages_chooser:chosen", args=[image.pk])).json()
    assert chosen["result"]["default_alt_text"] == description
    assert ImageBlock().to_python(image.pk).contextual_alt_text == description


# --- profile pictures, which there are none of


@pytest.mark.parametrize("content", [picture(), picture(size=(900, 900))[:400]], ids=["good", "damaged"])
def test_profile_picture_is_neither_asked_for_nor_kept(editor, content):
    account = reverse("wagtailadmin_account")
    page = editor.get(account)
    assert "Profile picture" not in page.content.decode()
    form = querydict_from_html(page.content.decode(), form_index=0).dict()
    form |= {"name_email-first_name": "Ana", "name_email-last_name": "Sousa"}
    answer = editor.post(account, form | {"avatar-avatar": SimpleUploadedFile("me.jpg", content)})
    assert answer.status_code == 302
    user = User.objects.get(username="Editors")
    assert (user.first_name, user.wagtail_userprofile.avatar.name) == ("Ana", "")


def test_profile_picture_from_before_an_upgrade_leaves_no_gap(editor):
    user = User.objects.get(username="Editors")
    UserProfile.objects.create(user=user, avatar="avatar_images/old.jpg")
    home = editor.get(reverse("wagtailadmin_home")).content.decode()
    assert "default-user-avatar" in home
    assert "old.jpg" not in home


def test_account_is_for_those_of_the_admin_only(client):
    account = reverse("wagtailadmin_account")
    assert client.get(account).url.startswith(reverse("wagtailadmin_login"))
    client.force_login(User.objects.create_user("stranger", "stranger@example.org", "p"))
    assert client.get(account).status_code == 302
