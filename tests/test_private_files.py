"""Files in private collections: no page shows them, no address gives them out."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from wagtail.models import Collection, CollectionViewRestriction

from content.models import PublicationFile
from content.tasks import prepare_card
from harmhub.models import CustomDocument, CustomImage
from harmhub.tasks import withdraw_private_pictures
from tests.factories import DocumentFactory, ImageFactory, Tree

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("indexes")]


@pytest.fixture
def private() -> Collection:
    """A collection in one that needs a login."""
    above = Collection.get_first_root_node().add_child(instance=Collection(name="Board"))
    CollectionViewRestriction.objects.create(
        collection=above, restriction_type=CollectionViewRestriction.LOGIN
    )
    return above.add_child(instance=Collection(name="Minutes"))


@pytest.fixture
def image() -> CustomImage:
    return ImageFactory(title="Corner", credit="Zora", collection=Collection.get_first_root_node())


@pytest.fixture
def document() -> CustomDocument:
    root = Collection.get_first_root_node()
    return DocumentFactory(title="Minutes", file=ContentFile(b"x", "minutes.txt"), collection=root)


def moved(file: CustomImage | CustomDocument, collection: Collection) -> None:
    """Move a file as the admin does it for several at once."""
    type(file).objects.filter(pk=file.pk).update(collection=collection)


@pytest.fixture
def illustrated(tree: Tree, image: CustomImage) -> list[str]:
    """The addresses of pages that show the picture, in each of the places for one."""
    tree.voice(slug="card", image=image)
    tree.publication(slug="cover", image=image)
    tree.voice(slug="figure", body=[("figure", {"image": image, "caption": "At night"})])
    tree.person.photo = image
    tree.person.save()
    pages = ["/topics/health/harm-reduction/", "/voices/card/", "/publications/cover/", "/voices/figure/"]
    return [*pages, "/people/nadia-brenner/"]


def test_private_picture_is_shown_nowhere(illustrated: list[str], client: Client, image, private: Collection):
    for address in illustrated:
        assert "<picture" in client.get(address).content.decode(), address
    moved(image, private)
    for address in illustrated:
        page = client.get(address)
        assert page.status_code == 200
        assert not any(shown in page.content.decode() for shown in ("<picture", "/media/", "Zora")), address


def test_files_of_a_picture_that_became_private_are_withdrawn(
    illustrated: list[str], client: Client, image, private, django_capture_on_commit_callbacks
):
    files = [made.file for made in image.get_renditions("width-100", "fill-50x50").values()]
    assert client.get(files[0].url).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_private_pictures(timestamp=0)
    assert image.renditions.count() >= len(files)
    moved(image, private)
    prepare_card(image=image.pk)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_private_pictures(timestamp=0)
    assert not image.renditions.exists()
    for file in files:
        assert not Path(file.path).exists()
        assert client.get(file.url).status_code == 404


def test_private_picture_gets_no_card(image: CustomImage, private: Collection):
    moved(image, private)
    prepare_card(image=image.pk)
    assert not image.renditions.exists()


def test_private_document_is_linked_nowhere_and_not_given_out(
    tree: Tree, client: Client, document: CustomDocument, private: Collection
):
    publication = tree.publication(slug="report")
    PublicationFile.objects.create(publication=publication, document=document)
    link = f'<p><a linktype="document" id="{document.pk}">Read them</a></p>'
    tree.voice(slug="text", body=[("text", link)]).save_revision()
    tree.voice(slug="block", body=[("download", {"document": document, "label": "The minutes"})])
    places = {
        "/publications/report/": document.url,
        "/voices/text/": document.url,
        "/voices/block/": document.url,
        "/publications/": "TXT",
    }
    publication.save_revision().publish()
    for address, shown in places.items():
        assert shown in client.get(address).content.decode(), address
    assert client.get(document.url).status_code == 200
    moved(document, private)
    for address, shown in places.items():
        assert shown not in client.get(address).content.decode(), address
    assert not client.get(document.url).streaming


@pytest.mark.parametrize("kind", ["password", "login", "groups"])
def test_document_in_a_collection_restricted_in_any_way_is_not_given_out(
    tree: Tree, client: Client, document: CustomDocument, kind: str
):
    publication = tree.publication(slug="report")
    publication.files.add(PublicationFile(document=document))
    publication.save_revision().publish()
    assert client.get(document.url).streaming
    CollectionViewRestriction.objects.create(
        collection=document.collection, restriction_type=kind, password="p"
    )
    answer = client.get(document.url)  # the way to a login, or a form for the password
    assert not answer.streaming
