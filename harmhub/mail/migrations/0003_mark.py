"""The mark of an edition is as long as the secret that stands in its place."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('mail', '0002_edition')]

    operations = [
        migrations.AlterField('edition', 'mark', models.CharField(editable=False, max_length=43)),
    ]
