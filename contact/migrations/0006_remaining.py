"""Messages stay with the team of a topic that is deleted, and know their receipts."""

import django.db.models.deletion
import harmhub.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contact', '0005_keys'),
        ('mail', '0004_bounce'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='last_team',
            field=models.ForeignKey(editable=False, null=True, on_delete=models.SET(harmhub.models.nobody), related_name='+', to='auth.group'),
        ),
        migrations.AddField(
            model_name='message',
            name='receipt',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail'),
        ),
    ]
