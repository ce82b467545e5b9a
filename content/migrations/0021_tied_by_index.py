"""What something is tied to is found by indexes, also where the keeper of the page store asks: of a topic with no work,
in a site of few topics, all works were read.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('content', '0020_soft_hyphens')]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION harmhub_tied_tags SET enable_seqscan = off",
            "ALTER FUNCTION harmhub_tied_tags RESET enable_seqscan",
        ),
    ]
