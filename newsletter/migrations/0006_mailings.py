"""Editors write mails of their own; a second person approves them."""

import django.db.models.deletion
import modelcluster.fields
import wagtail.fields
import wagtail.models.preview
from django.conf import settings
from django.db import migrations, models

from harmhub import grants


def have_a_second_person_approve(apps, schema_editor):
    """Set the moderation of mailings up; from then on the workflows' page in the admin says what it is."""
    ContentType, Group = apps.get_model('contenttypes.ContentType'), apps.get_model('auth.Group')
    ours = {'app_label': 'newsletter'}
    mailing, _ = ContentType.objects.get_or_create(**ours, model='mailing')
    kind, _ = ContentType.objects.get_or_create(**ours, model='secondpersontask')
    task = apps.get_model('newsletter.SecondPersonTask').objects.create(
        name='Approval by a second person', active=True, content_type=kind
    )
    task.groups.set(Group.objects.filter(name='Moderators'))
    workflow = apps.get_model('wagtailcore.Workflow').objects.create(name='Approval by a second person', active=True)
    apps.get_model('wagtailcore.WorkflowTask').objects.create(workflow=workflow, task_id=task.pk, sort_order=0)
    apps.get_model('wagtailcore.WorkflowContentType').objects.create(workflow=workflow, content_type=mailing)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('content', '0007_telling'),
        ('mail', '0003_checkpoint'),
        ('newsletter', '0005_suppressions'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MailingItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'work',
                'verbose_name_plural': 'works',
                'ordering': ['sort_order'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SecondPersonTask',
            fields=[
                ('task_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='wagtailcore.task')),
            ],
            options={
                'verbose_name': 'approval by a second person',
                'verbose_name_plural': 'approvals by a second person',
            },
            bases=('wagtailcore.task',),
        ),
        migrations.AlterField(
            model_name='issue',
            name='run',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='newsletter.run'),
        ),
        migrations.CreateModel(
            name='Mailing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('live', models.BooleanField(default=True, editable=False, verbose_name='live')),
                ('has_unpublished_changes', models.BooleanField(default=False, editable=False, verbose_name='has unpublished changes')),
                ('first_published_at', models.DateTimeField(blank=True, db_index=True, null=True, verbose_name='first published at')),
                ('last_published_at', models.DateTimeField(editable=False, null=True, verbose_name='last published at')),
                ('go_live_at', models.DateTimeField(blank=True, null=True, verbose_name='go live date/time')),
                ('expire_at', models.DateTimeField(blank=True, null=True, verbose_name='expiry date/time')),
                ('expired', models.BooleanField(default=False, editable=False, verbose_name='expired')),
                ('locked', models.BooleanField(default=False, editable=False, verbose_name='locked')),
                ('locked_at', models.DateTimeField(editable=False, null=True, verbose_name='locked at')),
                ('subject', models.CharField(max_length=120, verbose_name='subject')),
                ('body', wagtail.fields.RichTextField(verbose_name='text')),
                ('begun_at', models.DateTimeField(editable=False, null=True, verbose_name='sent')),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('settled_at', models.DateTimeField(editable=False, null=True)),
                ('mails', models.PositiveIntegerField(default=0, editable=False, verbose_name='mails')),
                ('sent', models.PositiveIntegerField(default=0, editable=False)),
                ('refused', models.PositiveIntegerField(default=0, editable=False)),
                ('withdrawn', models.PositiveIntegerField(default=0, editable=False)),
                ('left', models.PositiveIntegerField(default=0, editable=False)),
                ('latest_revision', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='wagtailcore.revision', verbose_name='latest revision')),
                ('lists', modelcluster.fields.ParentalManyToManyField(related_name='mailings', to='newsletter.list', verbose_name='to the lists')),
                ('live_revision', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='wagtailcore.revision', verbose_name='live revision')),
                ('locked_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='locked_%(class)ss', to=settings.AUTH_USER_MODEL, verbose_name='locked by')),
            ],
            options={
                'verbose_name': 'mailing',
                'verbose_name_plural': 'mailings',
                'ordering': ['-pk'],
            },
            bases=(wagtail.models.preview.PreviewableMixin, models.Model),
        ),
        migrations.AddField(
            model_name='issue',
            name='mailing',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='newsletter.mailing'),
        ),
        migrations.AddConstraint(
            model_name='issue',
            constraint=models.CheckConstraint(condition=models.Q(('run', None), ('mailing', None), _connector='OR'), name='issue_of_run_or_mailing'),
        ),
        migrations.AddField(
            model_name='mailingitem',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='content.contentitem', verbose_name='work'),
        ),
        migrations.AddField(
            model_name='mailingitem',
            name='mailing',
            field=modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='newsletter.mailing'),
        ),
        migrations.AddField(
            model_name='secondpersontask',
            name='groups',
            field=models.ManyToManyField(help_text='Pages/snippets at this step in a workflow will be moderated or approved by these groups of users', to='auth.group', verbose_name='groups'),
        ),
        migrations.RunPython(have_a_second_person_approve, migrations.RunPython.noop),
        grants.granting('newsletter', {
            'Editors': ['view_mailing', 'add_mailing', 'change_mailing'],
            'Moderators': ['view_mailing', 'add_mailing', 'change_mailing', 'delete_mailing'],
        }),
    ]
