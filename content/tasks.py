"""What the work does by itself. Jobs carry ids, and sizes of pictures, only: procrastinate
writes arguments to its log."""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.utils import translation
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import Task
from wagtail.models import Page

from content.cards import CARD_FILTERS
from harmhub import missing_sizes
from harmhub.middleware import Handler
from harmhub.models import CustomDocument, CustomImage, DocumentText
from harmhub.pages import all_pages, pages_that_use
from harmhub.private_files import is_private
from harmhub.store.asking import asked, own_path
from harmhub.tasks import FILES

logger = logging.getLogger(__name__)

PICTURES = "pictures"  # one at a time: it takes seconds, in which mail is to go out
MOST_PAGES = 50  # of those that show a picture


@app.task(queue=FILES, lock=PICTURES)
def prepare_card(image: int) -> None:
    """Make the picture with this id in the sizes of a card, which would keep the first reader waiting."""
    _make(image, CARD_FILTERS)


@app.task(queue=FILES, priority=-1, lock=PICTURES)
def prepare_sizes(image: int, sizes: list[str]) -> None:
    """Make the picture with this id in some sizes, told in the words of Wagtail's filters."""
    _make(image, sizes)


def _make(image: int, sizes: Sequence[str]) -> None:
    found = CustomImage.objects.filter(~is_private(), pk=image).first()
    if found is None:
        return
    try:
        found.get_renditions(*sizes)
    except OSError as problem:  # the page makes it when there is room again
        logger.error("picture %s cannot be prepared: %s", image, type(problem).__name__)


@app.task(priority=-1)
def prepare_page(page: int) -> None:
    """Ask for the page with this id, and queue the work for each picture that its first reader would have to
    wait for."""
    found = all_pages().public().filter(pk=page).first()
    if path := found and own_path(found.get_url() or ""):
        with missing_sizes.noting() as missing, translation.override(None):
            asked(_site(), path)
        for image, sizes in missing:
            _defer(prepare_sizes, image=image, sizes=sizes)


@cache
def _site() -> Handler:
    return Handler()


def prepare_saved_picture(instance: CustomImage, created: bool, raw: bool = False, **given: Any) -> None:
    """Queue the work for a picture that was saved: on cards, and on the pages that show it already."""
    if raw:
        return
    _defer(prepare_card, image=instance.pk)
    if not created:
        for page in pages_that_use(instance)[:MOST_PAGES]:
            _defer(prepare_page, page=page)


def prepare_published(instance: Page, **given: Any) -> None:
    """Queue the work for a page that was published, and for its picture on cards."""
    if image := getattr(instance, "image_id", None):
        _defer(prepare_card, image=image)
    _defer(prepare_page, page=instance.pk)


@app.task(queue=FILES, priority=-1)
def read_document(document: int) -> None:
    """Read what a PDF says, for search; after all that waits, such as mail."""
    found = CustomDocument.objects.filter(pk=document).first()
    if found is None or not found.is_pdf:
        DocumentText.objects.filter(document=document).delete()
        return
    from harmhub import pdf

    try:
        with found.open_file() as file:
            text = pdf.text_of(file)
    except Exception as problem:  # whatever a strange file makes of the reader
        logger.error("document %s cannot be read: %s", document, type(problem).__name__)
        text = ""
    DocumentText.objects.update_or_create(document=found, defaults={"text": text})


def read_saved_document(instance: CustomDocument, raw: bool = False, **given: Any) -> None:
    """Forget what a document said whose file was replaced, and queue its reading."""
    if not raw and instance.has_new_file:
        DocumentText.objects.filter(document=instance).delete()
        _defer(read_document, document=instance.pk)


def _defer(task: Task, **given: Any) -> None:
    # In the transaction that saves, by Django's own connection, also within a job.
    JobManager(DjangoConnector()).defer_job(task.configure(task_kwargs=given).job)
