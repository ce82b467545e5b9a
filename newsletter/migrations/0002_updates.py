"""Updates by mail. Works that are there already are no news to anybody."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from harmhub import grants

KNOWN = "INSERT INTO newsletter_update (item_id, found_at, place) SELECT item_id, now(), 0 FROM content_entry WHERE page_id = 0"


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0006_facets'),
        ('mail', '0002_edition'),
        ('newsletter', '0001_initial'),
        ('topics', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, unique=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Issue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=12)),
                ('sections', models.JSONField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pace', models.CharField(choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], max_length=8, verbose_name='pace')),
                ('slot', models.DateTimeField(verbose_name='due')),
                ('place', models.BigIntegerField(verbose_name='place')),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='begun')),
                ('ended_at', models.DateTimeField(editable=False, null=True, verbose_name='ended')),
                ('mails', models.PositiveIntegerField(default=0, editable=False, verbose_name='mails')),
            ],
            options={
                'verbose_name': 'run of updates',
                'verbose_name_plural': 'runs of updates',
                'ordering': ['-slot', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='found')),
                ('place', models.BigIntegerField(db_index=True, editable=False, null=True, verbose_name='place')),
            ],
            options={
                'verbose_name': 'update',
                'verbose_name_plural': 'updates',
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='consent',
            name='pace',
            field=models.CharField(choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], db_default='weekly', default='weekly', max_length=8, verbose_name='pace'),
        ),
        migrations.AddField(
            model_name='signup',
            name='pace',
            field=models.CharField(choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], blank=True, db_default='', default='', max_length=8, verbose_name='pace'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='starts_after',
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='served_to',
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('confirmed_at__isnull', False), ('left_at', None)), fields=['pace', 'served_to'], name='subscription_to_serve'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='mail',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='subscriber',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='newsletter.subscriber'),
        ),
        migrations.AddField(
            model_name='issue',
            name='edition',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.edition'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='issue',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='newsletter.issue'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('pace', 'slot'), name='run_once_a_slot'),
        ),
        migrations.AddField(
            model_name='issue',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='newsletter.run'),
        ),
        migrations.AddField(
            model_name='update',
            name='item',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='update', to='content.contentitem', verbose_name='work'),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        grants.granting('newsletter', {'Editors': ['view_run'], 'Moderators': ['view_run']}),
    ]
