"""Pictures of pages: made ahead by the worker, and left out where they cannot be made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from PIL import Image, ImageCms
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.images.models import Filter

from content.cards import CARD_FILTERS
from content.tasks import prepare_card, prepare_page, prepare_sizes
from harmhub.models import CustomImage, CustomRendition
from tests.factories import ImageFactory, Tree, body_of_all_blocks
from tests.test_mail_jobs import run_jobs

TOPIC = "/topics/health/harm-reduction/"


@pytest.fixture
def illustrated(tree: Tree) -> str:
    """The address of a page whose picture has not been made yet."""
    return tree.voice(image=ImageFactory()).url


@pytest.fixture
def full_disk(settings) -> Iterator[None]:
    """Let no picture be stored: something else is where their folder should be."""
    folder = Path(settings.STORAGES["renditions"]["OPTIONS"]["location"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    yield
    folder.unlink()


@pytest.mark.django_db
def test_pages_are_readable_while_no_picture_can_be_stored(illustrated, client: Client, full_disk, caplog):
    for address in (TOPIC, illustrated):
        response = client.get(address)
        assert response.status_code == 200
        assert "<picture" not in response.content.decode()
    assert [line.message.split(":")[0] for line in caplog.records if "cannot be made" in line.message] == [
        f"picture {CustomImage.objects.get().pk} cannot be made"
    ] * 2


@pytest.mark.django_db
def test_pages_are_readable_while_a_picture_from_before_has_a_profile_of_other_colours(
    illustrated, client: Client, caplog
):
    image = CustomImage.objects.get()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("CMYK", (60, 40)).save(image.file.path, "JPEG", icc_profile=profile)
    for address in (TOPIC, illustrated):
        response = client.get(address)
        assert response.status_code == 200
        assert "<picture" not in response.content.decode()
    prepare_card(image.pk)
    assert f"picture {image.pk} cannot be prepared: SourceImageIOError" in caplog.messages


@pytest.mark.django_db(transaction=True)
def test_pages_are_readable_while_the_database_takes_no_rows(illustrated, client: Client):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        answers = [client.get(address) for address in (TOPIC, illustrated)]
        cursor.execute("SET default_transaction_read_only = off")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "<picture" not in answers[0].content.decode()


@pytest.mark.django_db
def test_pictures_are_shown_when_there_is_room(illustrated, client: Client):
    for address in (TOPIC, illustrated):
        assert "<picture" in client.get(address).content.decode()


@pytest.mark.django_db
def test_of_two_processes_that_make_the_same_sizes_one_leaves_no_files(monkeypatch: pytest.MonkeyPatch):
    picture = ImageFactory()
    filters = [Filter(spec) for spec in CARD_FILTERS]
    manager = type(CustomRendition.objects)
    store, others = manager.bulk_create, []

    def store_second(self, *rows, **options):
        if not others:
            others.append(True)
            CustomImage.objects.get(pk=picture.pk).create_renditions(*filters)
        return store(self, *rows, **options)

    monkeypatch.setattr(manager, "bulk_create", store_second)
    storage = CustomRendition._meta.get_field("file").storage
    before = set(storage.listdir("images")[1]) if storage.exists("images") else set()
    shown = {each.file.name for each in picture.create_renditions(*filters).values()}
    stored = {each.file.name for each in picture.renditions.all()}
    new = {f"images/{name}" for name in {*storage.listdir("images")[1]} - before}
    assert shown == stored == new


@pytest.mark.django_db(transaction=True)
def test_worker_makes_the_card_of_a_saved_picture():
    image = ImageFactory()
    run_jobs()
    assert {made.filter_spec for made in image.renditions.all()} == set(CARD_FILTERS)


@pytest.mark.django_db(transaction=True)
def test_worker_makes_the_card_of_a_published_item(tree: Tree):
    voice = tree.voice(image=ImageFactory())
    run_jobs()
    voice.image.renditions.all().delete()
    voice.save_revision().publish()
    run_jobs()
    assert {made.filter_spec for made in voice.image.renditions.all()} > set(CARD_FILTERS)


@pytest.mark.django_db(transaction=True)
def test_worker_makes_all_pictures_of_a_published_page(tree: Tree, client: Client):
    tree.person.photo = ImageFactory()
    voice = tree.voice(image=ImageFactory(), body=body_of_all_blocks())
    pages = [tree.person, voice, tree.publication(image=ImageFactory())]
    for page in pages:
        page.save_revision().publish()
    run_jobs()
    made = CustomRendition.objects.count()
    for page in pages:
        assert "<picture" in client.get(page.url).content.decode()
    assert CustomRendition.objects.count() == made


@pytest.mark.usefixtures("indexes")
@pytest.mark.django_db(transaction=True)
def test_worker_makes_all_pictures_anew_of_a_picture_that_was_replaced(tree: Tree, client: Client):
    voice = tree.voice(image=ImageFactory(), body=body_of_all_blocks())
    voice.save_revision().publish()
    run_jobs()
    voice.image.renditions.all().delete()
    voice.image.save()
    run_jobs()
    made = CustomRendition.objects.count()
    client.get(voice.url)
    assert CustomRendition.objects.count() == made


@pytest.mark.django_db(transaction=True)
def test_sizes_are_made_one_picture_at_a_time(tree: Tree):
    voice = tree.voice(image=ImageFactory(), body=body_of_all_blocks())
    prepare_page(page=voice.pk)
    waiting = ProcrastinateJob.objects.filter(task_name=prepare_sizes.name)
    assert {(len(job.args["sizes"]), job.lock) for job in waiting} == {(2, "pictures")}
    assert waiting.count() == 2
    assert not CustomRendition.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_asks_for_no_page_that_is_not_public(tree: Tree, caplog):
    voice = tree.voice(image=ImageFactory())
    voice.save_revision().publish()
    voice.unpublish()
    run_jobs()
    assert {made.filter_spec for made in CustomRendition.objects.all()} == set(CARD_FILTERS)
    assert [line for line in caplog.records if line.name == "django.request"] == []


@pytest.mark.django_db
def test_job_of_a_page_that_is_gone_does_nothing():
    prepare_page(page=0)


@pytest.mark.django_db(transaction=True)
def test_deleting_a_picture_deletes_its_files():
    image = ImageFactory()
    files = [made.file.path for made in image.get_renditions(*CARD_FILTERS).values()]
    image.delete()
    assert [path for path in (*files, image.file.path) if Path(path).exists()] == []


@pytest.mark.django_db
def test_job_of_a_picture_that_is_gone_does_nothing():
    prepare_card(image=0)


@pytest.mark.django_db
def test_job_puts_up_with_a_full_disk(full_disk, caplog):
    image = ImageFactory()
    prepare_card(image=image.pk)
    assert f"picture {image.pk} cannot be prepared" in caplog.text
