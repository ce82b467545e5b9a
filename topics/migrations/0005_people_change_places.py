"""Two people of one topic may change places: they are unique once both are stored."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('topics', '0004_retention')]

    operations = [
        migrations.RemoveConstraint('topicperson', 'person_once_a_topic'),
        migrations.AddConstraint(
            'topicperson',
            models.UniqueConstraint(deferrable=models.Deferrable.DEFERRED, fields=('topic', 'person'), name='person_once_a_topic'),
        ),
    ]
