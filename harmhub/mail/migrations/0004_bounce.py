"""What is said of a mail after it was sent."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('mail', '0003_checkpoint')]

    operations = [
        migrations.CreateModel(
            name='Bounce',
            fields=[
                ('mail', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='bounce', serialize=False, to='mail.mail')),
                ('kind', models.CharField(choices=[('soft', 'came back for now'), ('hard', 'came back for good'), ('complaint', 'complained about')], max_length=9)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={'default_permissions': ()},
        ),
    ]
