"""Changes of works are told as well; updates can be held back and sent before their time."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

from harmhub import grants

DELAY = timedelta(minutes=10)


def works_to_updates(apps, schema_editor):
    """Have issues name updates instead of works; of each work there was one."""
    Update, Issue = (apps.get_model('newsletter', name) for name in ('Update', 'Issue'))
    Update.objects.filter(place=None).update(goes_at=F('found_at') + DELAY)
    numbers = dict(Update.objects.values_list('item_id', 'pk'))
    for issue in Issue.objects.iterator():
        issue.sections = [
            [number, [numbers[work] for work in works if work in numbers]] for number, works in issue.sections
        ]
        issue.save(update_fields=['sections'])


class Migration(migrations.Migration):

    dependencies = [('content', '0007_telling'), ('newsletter', '0003_lists')]

    operations = [
        migrations.AddField('update', 'note', models.CharField(blank=True, db_default='', default='', max_length=140, verbose_name='what has changed')),
        migrations.AddField('issue', 'is_forgotten', models.BooleanField(default=False)),
        migrations.AddField('update', 'goes_at', models.DateTimeField(null=True, verbose_name='goes at')),
        migrations.AlterField('update', 'item', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='updates', to='content.contentitem', verbose_name='work')),
        migrations.AddConstraint(
            model_name='update',
            constraint=models.UniqueConstraint(fields=('item', 'note'), name='update_once_a_change'),
        ),
        migrations.AlterModelOptions('update', options={'default_permissions': ('view',), 'ordering': ['pk'], 'verbose_name': 'update', 'verbose_name_plural': 'updates'}),
        migrations.AddIndex('subscription', models.Index(condition=models.Q(('confirmed_at__isnull', False), ('left_at', None)), fields=['pace', 'subscriber'], name='subscription_in_turn')),
        migrations.RunPython(works_to_updates, migrations.RunPython.noop),
        grants.granting('newsletter', {'Editors': ['view_update'], 'Moderators': ['view_update']}),
    ]
