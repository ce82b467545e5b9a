import django.db.models.deletion
import django.utils.timezone
import harmhub.sealing
import uuid
from django.db import migrations, models

from harmhub import grants


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        *grants.NEEDED,
    ]

    operations = [
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.JSONField(editable=False)),
                ('mark', models.CharField(editable=False, max_length=43)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(max_length=40, verbose_name='purpose')),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('content', harmhub.sealing.SealedJSONField(null=True)),
                ('edition', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='mail.edition')),
                ('recipient', models.BinaryField(max_length=32, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='written')),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='due')),
                ('attempts', models.PositiveIntegerField(default=0, editable=False, verbose_name='attempts')),
                ('claimed_until', models.DateTimeField(editable=False, null=True)),
                ('sent_at', models.DateTimeField(editable=False, null=True, verbose_name='sent')),
                ('failed_at', models.DateTimeField(editable=False, null=True, verbose_name='given up')),
                ('last_answer', models.CharField(blank=True, editable=False, max_length=40, verbose_name='last answer')),
                ('forgotten_at', models.DateTimeField(editable=False, null=True, verbose_name='forgotten')),
            ],
            options={
                'verbose_name': 'mail',
                'verbose_name_plural': 'mail',
                'default_permissions': ('view', 'change'),
                'indexes': [models.Index(condition=models.Q(('failed_at', None), ('sent_at', None)), fields=['due_at', 'id'], name='mail_waiting'), models.Index(condition=models.Q(('edition', None), ('failed_at', None), ('sent_at', None)), fields=['due_at', 'id'], name='mail_to_one_waiting'), models.Index(condition=models.Q(('recipient__isnull', False)), fields=['recipient'], name='mail_recipient'), models.Index(fields=['-created_at'], name='mail_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('sent_at', None), ('failed_at', None), _connector='OR'), name='mail_not_both_sent_and_failed'), models.CheckConstraint(condition=models.Q(('content__isnull', False), ('forgotten_at__isnull', False), _connector='OR'), name='mail_has_content_until_forgotten')],
            },
        ),
        migrations.CreateModel(
            name='Bounce',
            fields=[
                ('mail', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='bounce', serialize=False, to='mail.mail')),
                ('kind', models.CharField(choices=[('soft', 'came back for now'), ('hard', 'came back for good'), ('complaint', 'complained about')], max_length=9)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        grants.granting('mail', {
            'Moderators': ['view_mail', 'change_mail'],
        }),
    ]
