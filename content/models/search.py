"""What search looks through: for each page its words by weight, kept by the database as the entries are.

Which of the pages may be found is asked of the entries and of ``public()`` at each search. Triggers keep the
words (``migrations/initial/search.sql``); docs/search.md tells how. ``manage.py check_search`` compares them
with the pages.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F


class SearchEntry(models.Model):
    """The words of one page, stemmed in its language: A of the title, B of the summary and names, C of the
    text, D of its files."""

    page = models.OneToOneField(
        "wagtailcore.Page",
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="search_entry",
    )
    is_item = models.BooleanField()
    words = SearchVectorField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name_plural = "search entries"
        # Without a list of what is still to be indexed, which every search would read through.
        indexes = [
            GinIndex(fields=["words"], name="search_by_word", fastupdate=False),
            GinIndex(
                fields=["words"],
                condition=models.Q(is_item=False),
                name="search_other_pages",
                fastupdate=False,
            ),
        ]

    def __str__(self) -> str:
        return f"the words of {self.page_id}"


class SearchWord(models.Model):
    """A word as it is written in titles, summaries and names, to be offered to somebody who mistypes it.

    Words of what is no longer public stay; they are offered only where something public holds them.
    """

    pk = models.CompositePrimaryKey("locale_id", "word")
    locale = models.ForeignKey(
        "wagtailcore.Locale", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    word = models.CharField(max_length=40)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            GinIndex(OpClass(F("word"), "gin_trgm_ops"), name="search_word_by_trigram", fastupdate=False)
        ]

    def __str__(self) -> str:
        return self.word
