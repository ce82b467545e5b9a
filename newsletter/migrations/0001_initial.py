import django.db.models.deletion
import django.utils.timezone
import harmhub.sealing
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

    initial = True

    dependencies = [
        *grants.NEEDED,
        ('content', '0001_initial'),
        ('mail', '0001_initial'),
        ('topics', '0001_initial'),
        ('taggit', '0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='imported by')),
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
            ],
            options={
                'verbose_name': 'import of subscribers',
                'verbose_name_plural': 'imports of subscribers',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('content__isnull', True), ('finished_at', None), _connector='OR'), name='import_keeps_no_addresses_when_done'), models.CheckConstraint(condition=models.Q(('finished_at', None), ('started_at__isnull', False), _connector='OR'), name='import_done_only_when_begun')],
            },
        ),
        migrations.CreateModel(
            name='List',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
                ('locale', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wagtailcore.locale')),
                ('kind', models.CharField(blank=True, choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], default='', max_length=12)),
                ('program', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='topics.programpage')),
                ('tag', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='taggit.tag')),
                ('family', models.CharField(max_length=120)),
                ('was_followed', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'list',
                'verbose_name_plural': 'lists',
                'default_permissions': ('view',),
                'constraints': [models.UniqueConstraint(fields=('page', 'locale', 'kind', 'program', 'tag'), name='list_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='LinkRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='e-mail address')),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SignUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='e-mail address')),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
                ('pace', models.CharField(blank=True, choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], db_default='', default='', max_length=8, verbose_name='pace')),
                ('is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
                ('wording', models.TextField(verbose_name='wording')),
                ('held_at', models.DateTimeField(editable=False, null=True, verbose_name='held back')),
                ('lists', models.ManyToManyField(related_name='sign_ups', to='newsletter.list', verbose_name='lists')),
            ],
            options={
                'verbose_name': 'held sign-up',
                'verbose_name_plural': 'held sign-ups',
                'ordering': ['-received_at', '-pk'],
                'permissions': [],
                'default_permissions': ('view', 'change'),
            },
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address_digest', models.BinaryField(max_length=32, unique=True)),
                ('reason', models.CharField(choices=[('left', 'Left every list'), ('erased', 'Erased'), ('refused', 'Mail does not arrive'), ('complaint', 'Complained')], max_length=10, verbose_name='reason')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
            ],
            options={
                'verbose_name': 'suppression',
                'verbose_name_plural': 'suppressions',
                'ordering': ['-at', '-pk'],
                'default_permissions': ('view', 'change'),
            },
        ),
        migrations.CreateModel(
            name='Subscriber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='e-mail address')),
                ('address_digest', models.BinaryField(max_length=32, unique=True)),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='first seen')),
                ('paused_until', models.DateTimeField(editable=False, null=True, verbose_name='paused until')),
                ('is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
            ],
            options={
                'verbose_name': 'subscriber',
                'verbose_name_plural': 'subscribers',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='newsletter.subscriber')),
                ('list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='newsletter.list', verbose_name='list')),
                ('pace', models.CharField(choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], default='weekly', max_length=8, verbose_name='pace')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='asked for')),
                ('confirmed_at', models.DateTimeField(editable=False, null=True, verbose_name='confirmed')),
                ('left_at', models.DateTimeField(editable=False, null=True, verbose_name='left')),
                ('starts_after', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('served_to', models.BigIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscribers',
                'ordering': ['-asked_at', '-pk'],
                'permissions': [('export_subscription', 'Can export subscribers'), ('erase_subscription', 'Can erase subscribers'), ('import_subscription', 'Can import subscribers')],
                'default_permissions': ('view',),
                'indexes': [models.Index(condition=models.Q(('confirmed_at__isnull', False), ('left_at', None)), fields=['pace', 'served_to'], name='subscription_to_serve'), models.Index(condition=models.Q(('confirmed_at__isnull', False), ('left_at', None)), fields=['pace', 'subscriber'], name='subscription_in_turn')],
                'constraints': [models.UniqueConstraint(fields=('subscriber', 'list'), name='subscription_once_a_list'), models.CheckConstraint(condition=models.Q(('left_at', None), ('confirmed_at__isnull', False), _connector='OR'), name='subscription_left_only_when_confirmed')],
            },
        ),
        migrations.CreateModel(
            name='AddressChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='address_change', to='newsletter.subscriber')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='new e-mail address')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='arrivals', to='newsletter.subscriber')),
                ('asked_old', models.BooleanField(default=False)),
                ('asked_new', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('released_at', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('confirm', 'Confirm'), ('leave', 'Leave'), ('manage', 'Manage'), ('release', 'Agree at the old address'), ('receive', 'Agree at the new address')], max_length=8)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='newsletter.subscriber')),
                ('change', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tokens', to='newsletter.addresschange')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(null=True)),
                ('subscriptions', models.ManyToManyField(related_name='tokens', to='newsletter.subscription')),
            ],
            options={
                'verbose_name': 'token',
                'verbose_name_plural': 'tokens',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('purpose', 'leave')), models.Q(models.Q(('purpose', 'leave'), _negated=True), ('expires_at__isnull', False)), _connector='OR'), name='token_expires_unless_it_leaves')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='newsletter.subscription')),
                ('token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='consents', to='newsletter.token')),
                ('wording', models.TextField(verbose_name='wording')),
                ('list_name', models.TextField(verbose_name='list')),
                ('pace', models.CharField(choices=[('at-once', 'At once'), ('daily', 'Daily'), ('weekly', 'Weekly'), ('monthly', 'Monthly')], db_default='weekly', default='weekly', max_length=8, verbose_name='pace')),
                ('is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
                ('day', models.DateField(null=True, verbose_name='day')),
                ('imported_at', models.DateTimeField(null=True, verbose_name='imported')),
            ],
            options={
                'verbose_name': 'consent',
                'verbose_name_plural': 'consents',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='updates', to='content.contentitem', verbose_name='work')),
                ('note', models.CharField(blank=True, db_default='', default='', max_length=140, verbose_name='what has changed')),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='found')),
                ('goes_at', models.DateTimeField(null=True, verbose_name='goes at')),
                ('place', models.BigIntegerField(db_index=True, editable=False, null=True, verbose_name='place')),
            ],
            options={
                'verbose_name': 'update',
                'verbose_name_plural': 'updates',
                'ordering': ['pk'],
                'default_permissions': ('view',),
                'constraints': [models.UniqueConstraint(fields=('item', 'note'), name='update_once_a_change')],
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
                'constraints': [models.UniqueConstraint(fields=('pace', 'slot'), name='run_once_a_slot')],
            },
        ),
        migrations.CreateModel(
            name='Mailing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('latest_revision', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='wagtailcore.revision', verbose_name='latest revision')),
                ('live', models.BooleanField(default=True, editable=False, verbose_name='live')),
                ('has_unpublished_changes', models.BooleanField(default=False, editable=False, verbose_name='has unpublished changes')),
                ('first_published_at', models.DateTimeField(blank=True, db_index=True, null=True, verbose_name='first published at')),
                ('last_published_at', models.DateTimeField(editable=False, null=True, verbose_name='last published at')),
                ('live_revision', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='wagtailcore.revision', verbose_name='live revision')),
                ('go_live_at', models.DateTimeField(blank=True, null=True, verbose_name='go live date/time')),
                ('expire_at', models.DateTimeField(blank=True, null=True, verbose_name='expiry date/time')),
                ('expired', models.BooleanField(default=False, editable=False, verbose_name='expired')),
                ('locked', models.BooleanField(default=False, editable=False, verbose_name='locked')),
                ('locked_at', models.DateTimeField(editable=False, null=True, verbose_name='locked at')),
                ('locked_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='locked_%(class)ss', to=settings.AUTH_USER_MODEL, verbose_name='locked by')),
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
                ('lists', modelcluster.fields.ParentalManyToManyField(related_name='mailings', to='newsletter.list', verbose_name='to the lists')),
            ],
            options={
                'verbose_name': 'mailing',
                'verbose_name_plural': 'mailings',
                'ordering': ['-pk'],
            },
            bases=(wagtail.models.preview.PreviewableMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Issue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='newsletter.run')),
                ('mailing', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='newsletter.mailing')),
                ('language', models.CharField(max_length=12)),
                ('is_discreet', models.BooleanField(default=False)),
                ('sections', models.JSONField()),
                ('edition', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.edition')),
                ('is_forgotten', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('run', None), ('mailing', None), _connector='OR'), name='issue_of_run_or_mailing')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='newsletter.subscriber')),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='newsletter.issue')),
                ('mail', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail')),
                ('digest', models.BinaryField(max_length=32, unique=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='MailingItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('mailing', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='newsletter.mailing')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='content.contentitem', verbose_name='work')),
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
                ('groups', models.ManyToManyField(help_text='Pages/snippets at this step in a workflow will be moderated or approved by these groups of users', to='auth.group', verbose_name='groups')),
            ],
            options={
                'verbose_name': 'approval by a second person',
                'verbose_name_plural': 'approvals by a second person',
            },
            bases=('wagtailcore.task',),
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='newsletter.list')),
                ('day', models.DateField()),
                ('signed_up', models.IntegerField(default=0)),
                ('joined', models.IntegerField(default=0)),
                ('imported', models.IntegerField(default=0)),
                ('left', models.IntegerField(default=0)),
                ('shifted', models.IntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['list', 'day'], name='tally_of_day')],
            },
        ),
        migrations.RunPython(have_a_second_person_approve, migrations.RunPython.noop),
        grants.granting('newsletter', {
            'Editors': [
                'view_subscription', 'view_signup', 'change_signup', 'view_list', 'view_run', 'view_update',
                'view_mailing', 'add_mailing', 'change_mailing',
            ],
            'Moderators': [
                'view_subscription', 'export_subscription', 'erase_subscription', 'import_subscription',
                'view_signup', 'change_signup', 'view_list', 'view_run', 'view_update',
                'view_suppression', 'change_suppression',
                'view_mailing', 'add_mailing', 'change_mailing', 'delete_mailing',
            ],
        }),
    ]
