"""A site that was set up with older migrations is brought up to date with what its readers left."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction

from contact.models import Message
from tests.factories import Tree

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_migration_that_changes_messages_lets_later_steps_of_it_change_their_table():
    """PostgreSQL refuses that while the changed rows have checks of foreign keys before them."""
    topic = Tree().harm_reduction
    left = Message.objects.create(topic=topic, text="With", address="a@example.org", address_digest=b"a")
    other = Message.objects.create(topic=topic, text="Without")
    with transaction.atomic(), connection.cursor() as cursor:
        import_module("contact.migrations.0002_turns").as_they_were(apps, None)
        cursor.execute("CREATE INDEX ON contact_message (assigned_to_id)")
    for message, by in ((left, "mail"), (other, "site")):
        message.refresh_from_db()
        assert (message.answer_by, message.heard_at) == (by, message.received_at)
