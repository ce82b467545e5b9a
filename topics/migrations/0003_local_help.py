"""Topics tell of local help beside their contact box."""

import wagtail.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('topics', '0002_teams'),
    ]

    operations = [
        migrations.AddField(
            model_name='topicpage',
            name='local_help',
            field=wagtail.fields.RichTextField(blank=True, help_text='Whom to call in need. The contact box, which is no emergency service, leads to it. Empty: as the topic above, at last the site’s page.', verbose_name='local help'),
        ),
    ]
