"""Two authors, speakers or files of one work may change places: they are unique once both are stored."""

from django.db import migrations, models


def deferred(model: str, fields: list[str], name: str) -> list:
    """Return the operations that put off what a constraint asks for to the end of the transaction."""
    later = models.UniqueConstraint(deferrable=models.Deferrable.DEFERRED, fields=fields, name=name)
    return [migrations.RemoveConstraint(model, name), migrations.AddConstraint(model, later)]


class Migration(migrations.Migration):

    dependencies = [('content', '0008_unseen_pages')]

    operations = [
        *deferred('itemauthor', ['item', 'person'], 'author_once_an_item'),
        *deferred('eventspeaker', ['event', 'person'], 'speaker_once_an_event'),
        *deferred('publicationfile', ['publication', 'language', 'document'], 'file_once_a_publication'),
    ]
