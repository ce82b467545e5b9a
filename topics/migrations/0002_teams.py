"""Topics and the site name the team that reads their messages."""

import django.db.models.deletion
import harmhub.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('topics', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='topicpage',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Who may read messages to this topic, whatever its language. Empty: as the topic above, at last the site’s.', null=True, on_delete=models.SET(harmhub.models.nobody), related_name='+', to='auth.group', verbose_name='team'),
        ),
    ]
