"""The three kinds of work, and the words that stand for them in addresses."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """A kind of work. The value is stored; ``path`` is its word in addresses."""

    VOICES = "voices", _("Voices")
    EVENT = "event", _("Event")
    PUBLICATION = "publication", _("Publication")

    @property
    def path(self) -> str:
        """The kind as part of an address: ``voices``, ``events``, ``publications``."""
        return {"voices": "voices", "event": "events", "publication": "publications"}[self.value]

    @property
    def plural(self) -> str:
        """The kind as the label of a filter."""
        return str(
            {"voices": _("Voices"), "event": _("Events"), "publication": _("Publications")}[self.value]
        )

    @property
    def within_sentence(self) -> str:
        """The kind in the middle of a sentence: "No events yet." “Voices” is a name, and keeps its letter."""
        return str(
            {"voices": _("Voices"), "event": _("events"), "publication": _("publications")}[self.value]
        )

    @classmethod
    def from_path(cls, word: str | None) -> "Kind | None":
        """Return the kind that a word of an address stands for, or None."""
        return next((kind for kind in cls if kind.path == word), None)
