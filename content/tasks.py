"""What the work does by itself. Jobs carry ids only: procrastinate writes arguments to its log."""

import logging
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager

from content.cards import CARD_FILTERS
from harmhub.models import CustomImage
from harmhub.private_files import is_private

logger = logging.getLogger(__name__)


@app.task
def prepare_card(image: int) -> None:
    """Make the picture with this id in the sizes of a card, which would keep the first reader waiting."""
    found = CustomImage.objects.filter(~is_private(), pk=image).first()
    if found is None:
        return
    try:
        found.get_renditions(*CARD_FILTERS)
    except OSError as problem:  # the page makes it when there is room again
        logger.error("picture %s cannot be prepared: %s", image, type(problem).__name__)


def prepare_saved_picture(instance: CustomImage, raw: bool = False, **given: Any) -> None:
    """Queue the work for a picture that was saved."""
    if not raw:
        _queue(instance.pk)


def prepare_published_picture(instance: Any, **given: Any) -> None:
    """Queue the work for the picture of an item that was published."""
    if image := getattr(instance, "image_id", None):
        _queue(image)


def _queue(image: int) -> None:
    # In the transaction that saves, by Django's own connection, also within a job.
    JobManager(DjangoConnector()).defer_job(prepare_card.configure(task_kwargs={"image": image}).job)
