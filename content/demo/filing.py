"""The files of the demo site: pictures, drawn by processes beside this one, and documents."""

import os
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Self

from django.core.files.base import ContentFile

from content.cards import CARD_FILTERS
from content.demo import pictures
from harmhub.children import die_with_parent
from harmhub.models import CustomDocument, CustomImage

CREDIT = "Drawing: Fennmark Foundation"


class Cabinet:
    """Stores pictures and documents, and takes their files away again when the work under it fails.

    Drawing is half of the work of loading the demo, so all pictures are ordered at once and taken as they are
    needed.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        """Begin to draw the pictures, each told as for ``pictures.jpeg``."""
        self._files: list[tuple] = []
        self._images: dict[str, CustomImage] = {}
        self._artists = ProcessPoolExecutor(
            2, mp_context=get_context("spawn"), initializer=die_with_parent, initargs=(os.getpid(),)
        )
        self._drawings: dict[str, Future] = {
            told: self._artists.submit(pictures.jpeg, told) for told in dict.fromkeys(wanted)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed, *details) -> None:
        self._artists.shutdown(cancel_futures=True)
        if failed:
            # A transaction takes back rows, not files.
            for storage, name in self._files:
                storage.delete(name)

    def __len__(self) -> int:
        return len(self._files)

    def image(self, told: str, title: str = "") -> CustomImage:
        """Return the stored picture. KeyError: it was not ordered."""
        if told not in self._images:
            name = told.removeprefix("@").replace(" ", "-").lower()
            drawing = ContentFile(self._drawings[told].result(), f"{name}.jpg")
            title = title or told.replace(" ", ", ").capitalize()
            image = CustomImage(title=title, credit=CREDIT, file=drawing)
            image.save()
            self._remember(image.file)
            self._images[told] = image
        return self._images[told]

    def prepare_card(self, image: CustomImage) -> None:
        """Make the picture in the formats of a card, which would keep the first reader waiting."""
        for rendition in image.get_renditions(*CARD_FILTERS).values():
            self._remember(rendition.file)

    def document(self, title: str, name: str, content: bytes) -> CustomDocument:
        """Return the document, stored."""
        document = CustomDocument(title=title, file=ContentFile(content, name))
        document.save()
        self._remember(document.file)
        return document

    def _remember(self, file) -> None:
        if (file.storage, file.name) not in self._files:
            self._files.append((file.storage, file.name))
