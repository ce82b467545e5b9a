import contact.models.keys
import contact.references
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import harmhub.models
import harmhub.sealing
from django.conf import settings
from django.db import migrations, models

from harmhub import grants

CANNED = ['view_cannedanswer', 'add_cannedanswer', 'change_cannedanswer', 'delete_cannedanswer']


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        *grants.NEEDED,
        ('mail', '0001_initial'),
        ('topics', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TeamKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='team_key', to='auth.group', verbose_name='team')),
                ('public_key', models.CharField(help_text='Made by “age-keygen -o key.txt”: the line that begins with age1. Without that file, nobody reads the messages. Keep files of older keys as long as their messages.', max_length=100, validators=[contact.models.keys.validate_public_key], verbose_name='public key')),
                ('since', models.DateTimeField(auto_now=True, verbose_name='since')),
                ('by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'team key',
                'verbose_name_plural': 'team keys',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=contact.references.new_reference, editable=False, max_length=9, unique=True, verbose_name='reference')),
                ('topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='messages', to='topics.topicpage', verbose_name='topic')),
                ('last_team', models.ForeignKey(editable=False, null=True, on_delete=models.SET(harmhub.models.nobody), related_name='+', to='auth.group')),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('text', harmhub.sealing.SealedTextField(verbose_name='message')),
                ('name', harmhub.sealing.SealedTextField(default='', verbose_name='name')),
                ('address', harmhub.sealing.SealedTextField(default='', verbose_name='e-mail address')),
                ('address_digest', models.BinaryField(null=True)),
                ('answer_by', models.CharField(choices=[('site', 'On this site, with reference and key'), ('mail', 'By e-mail')], default='site', max_length=4, verbose_name='answer by')),
                ('is_discreet', models.BooleanField(default=False, verbose_name='discreet')),
                ('secret_digest', models.BinaryField(max_length=32, null=True, unique=True)),
                ('assigned_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned to')),
                ('double_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='doubles', to='contact.message', verbose_name='double of')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
                ('heard_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='last heard')),
                ('answered_at', models.DateTimeField(editable=False, null=True, verbose_name='answered')),
                ('notified_at', models.DateTimeField(editable=False, null=True, verbose_name='people told')),
                ('receipt', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail')),
                ('acknowledged_at', models.DateTimeField(editable=False, null=True, verbose_name='acknowledged')),
                ('warned_at', models.DateTimeField(editable=False, null=True)),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
                ('quarantined_at', models.DateTimeField(editable=False, null=True, verbose_name='held back')),
                ('quarantine_reason', models.CharField(blank=True, choices=[('trap', 'Filled in a field that people do not see'), ('links', 'Many links'), ('repeated', 'The same text came again and again'), ('looks', 'Looks like advertising'), ('editor', 'Marked by an editor')], max_length=8, verbose_name='held back because')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['-received_at', '-pk'],
                'permissions': [('export_message', 'Can export messages')],
                'default_permissions': ('view', 'change'),
                'indexes': [models.Index(fields=['-received_at', '-id'], name='message_newest_first'), models.Index(fields=['address_digest'], name='message_by_address')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quarantine_reason', ''), ('quarantined_at', None)), models.Q(('quarantined_at__isnull', False), models.Q(('quarantine_reason', ''), _negated=True)), _connector='OR'), name='message_held_for_a_reason'), models.CheckConstraint(condition=models.Q(('double_of', None), models.Q(('double_of', models.F('id')), _negated=True), _connector='OR'), name='message_no_double_of_itself')],
            },
        ),
        migrations.CreateModel(
            name='CannedAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(help_text='Only the team sees it.', max_length=120, verbose_name='title')),
                ('topic', models.ForeignKey(blank=True, help_text='For messages to this topic and to those below it. Empty: for all.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='topics.topicpage', verbose_name='topic')),
                ('language', models.CharField(choices=[('en', 'English'), ('ar', 'العربية'), ('es', 'Español'), ('fr', 'Français'), ('pt', 'Português'), ('ru', 'Русский')], default='en', max_length=12, verbose_name='language')),
                ('text', models.TextField(validators=[django.core.validators.MaxLengthValidator(10000)], verbose_name='text')),
            ],
            options={
                'verbose_name': 'canned answer',
                'verbose_name_plural': 'canned answers',
                'ordering': ['title', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Hour',
            fields=[
                ('begins_at', models.DateTimeField(primary_key=True, serialize=False, verbose_name='hour')),
                ('taken', models.PositiveIntegerField(default=0, verbose_name='taken')),
                ('held', models.PositiveIntegerField(default=0, verbose_name='held back')),
                ('refused', models.PositiveIntegerField(default=0, verbose_name='refused')),
            ],
            options={
                'verbose_name': 'hour',
                'verbose_name_plural': 'hours',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DayCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True, verbose_name='day')),
                ('topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='topics.topicpage')),
                ('received', models.PositiveIntegerField(default=0, verbose_name='received')),
                ('in_time', models.PositiveIntegerField(default=0, verbose_name='answered in time')),
                ('late', models.PositiveIntegerField(default=0, verbose_name='answered late')),
                ('spam', models.PositiveIntegerField(default=0, verbose_name='held back')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turns', to='contact.message')),
                ('kind', models.CharField(choices=[('answer', 'Answer'), ('reader', 'From the reader'), ('note', 'Note')], max_length=6)),
                ('text', harmhub.sealing.SealedTextField(verbose_name='text')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='written')),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mail', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail')),
                ('brought_by', models.BinaryField(max_length=32, null=True)),
            ],
            options={
                'verbose_name': 'turn',
                'verbose_name_plural': 'turns',
                'ordering': ['written_at', 'pk'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('message', 'brought_by'), name='turn_brought_once')],
            },
        ),
        grants.granting('contact', {
            'Editors': ['view_message', 'change_message', *CANNED],
            'Moderators': ['view_message', 'change_message', 'export_message', *CANNED],
        }),
    ]
