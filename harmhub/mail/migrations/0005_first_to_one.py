"""Mails to one reader are found first, however many wait that go to many."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('mail', '0004_bounce')]

    operations = [
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('edition', None), ('failed_at', None), ('sent_at', None)), fields=['due_at', 'id'], name='mail_to_one_waiting'),
        ),
    ]
