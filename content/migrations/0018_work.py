"""What a chooser asks for is called a work, as everywhere else. Nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('content', '0017_expiring')]

    operations = [
        migrations.AlterModelOptions(
            name='contentitem',
            options={'verbose_name': 'work', 'verbose_name_plural': 'works'},
        ),
    ]
