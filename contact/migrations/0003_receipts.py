"""Readers with an address are told by mail that their message arrived."""

from django.db import migrations, models
from django.db.models import F


def long_since(apps, schema_editor):
    """Have nobody told now of what she wrote before."""
    apps.get_model('contact', 'Message').objects.update(acknowledged_at=F('received_at'))


class Migration(migrations.Migration):

    dependencies = [
        ('contact', '0002_turns'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='acknowledged_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='acknowledged'),
        ),
        migrations.RunPython(long_since, migrations.RunPython.noop),
    ]
