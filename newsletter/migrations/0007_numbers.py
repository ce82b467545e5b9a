"""Numbers of lists by day, and imports."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import harmhub.sealing
from harmhub import grants

# Who left is forgotten after 30 days, so the days before cannot be known: who was there then is one sum.
BACKFILL = """
WITH days AS (
    SELECT list_id, subscriber_id, (asked_at AT TIME ZONE %(zone)s)::date AS asked,
        (confirmed_at AT TIME ZONE %(zone)s)::date AS joined, (left_at AT TIME ZONE %(zone)s)::date AS gone,
        (now() AT TIME ZONE %(zone)s)::date - 30 AS start
    FROM newsletter_subscription
), people AS (
    SELECT NULL::bigint AS list_id, subscriber_id, min(asked) AS asked, min(joined) AS joined,
        CASE WHEN count(*) FILTER (WHERE joined IS NOT NULL AND gone IS NULL) = 0 THEN max(gone) END AS gone,
        min(start) AS start
    FROM days GROUP BY subscriber_id
), stays AS (
    SELECT list_id, asked, joined, gone, start FROM days UNION ALL SELECT list_id, asked, joined, gone, start FROM people
), events AS (
    SELECT list_id, asked AS day, 1 AS signed_up, 0 AS joined, 0 AS gone, 0 AS shifted FROM stays WHERE asked >= start
    UNION ALL SELECT list_id, joined, 0, 1, 0, 0 FROM stays WHERE joined >= start
    UNION ALL SELECT list_id, start, 0, 0, 0, 1 FROM stays WHERE joined < start AND (gone IS NULL OR gone >= start)
    UNION ALL SELECT list_id, gone, 0, 0, 1, 0 FROM stays WHERE gone >= start
)
INSERT INTO newsletter_tally (list_id, day, signed_up, joined, imported, "left", shifted)
SELECT list_id, day, sum(signed_up), sum(joined), 0, sum(gone), sum(shifted) FROM events GROUP BY list_id, day
"""


def count_who_is_there(apps, schema_editor):
    """Count what is known of the last 30 days."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BACKFILL, {'zone': settings.TIME_ZONE})


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0006_mailings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='list',
            options={'default_permissions': ('view',), 'verbose_name': 'list', 'verbose_name_plural': 'lists'},
        ),
        migrations.AlterModelOptions(
            name='subscription',
            options={'default_permissions': ('view',), 'ordering': ['-asked_at', '-pk'], 'permissions': [('export_subscription', 'Can export subscribers'), ('erase_subscription', 'Can erase subscribers'), ('import_subscription', 'Can import subscribers')], 'verbose_name': 'subscription', 'verbose_name_plural': 'subscribers'},
        ),
        migrations.AddField(
            model_name='consent',
            name='imported_at',
            field=models.DateTimeField(null=True, verbose_name='imported'),
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uploaded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='uploaded')),
                ('started_at', models.DateTimeField(null=True, verbose_name='begun')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='done')),
                ('asks', models.BooleanField(verbose_name='everybody is asked to confirm')),
                ('welcomes', models.BooleanField(verbose_name='everybody gets a mail with a link to leave')),
                ('content', harmhub.sealing.SealedJSONField(null=True)),
                ('readers', models.PositiveIntegerField(verbose_name='addresses')),
                ('position', models.PositiveIntegerField(default=0)),
                ('list_names', models.JSONField(default=list, verbose_name='lists')),
                ('problems', models.JSONField(default=list)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('counts', models.JSONField(default=dict)),
                ('file_kind', models.CharField(max_length=80)),
                ('unknown', models.JSONField(default=list)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='imported by')),
            ],
            options={
                'verbose_name': 'import of subscribers',
                'verbose_name_plural': 'imports of subscribers',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('content__isnull', True), ('finished_at', None), _connector='OR'), name='import_keeps_no_addresses_when_done'), models.CheckConstraint(condition=models.Q(('finished_at', None), ('started_at__isnull', False), _connector='OR'), name='import_done_only_when_begun')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('signed_up', models.IntegerField(default=0)),
                ('joined', models.IntegerField(default=0)),
                ('imported', models.IntegerField(default=0)),
                ('left', models.IntegerField(default=0)),
                ('shifted', models.IntegerField(default=0)),
                ('list', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='newsletter.list')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['list', 'day'], name='tally_of_day')],
            },
        ),
        migrations.RunPython(count_who_is_there, migrations.RunPython.noop),
        grants.granting('newsletter', {'Editors': ['view_list'], 'Moderators': ['view_list', 'import_subscription']}),
    ]
