"""The mark of an edition is as long as the secret that stands in its place; when mail was sent last."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('mail', '0002_edition')]

    operations = [
        migrations.AlterField('edition', 'mark', models.CharField(editable=False, max_length=43)),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
            options={'default_permissions': ()},
        ),
    ]
