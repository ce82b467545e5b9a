"""Messages are answered in the admin: canned answers, doubles, numbers by day."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from harmhub import grants

CANNED = ['view_cannedanswer', 'add_cannedanswer', 'change_cannedanswer', 'delete_cannedanswer']


class Migration(migrations.Migration):

    dependencies = [
        *grants.NEEDED,
        ('contact', '0003_receipts'),
        ('mail', '0003_checkpoint'),
        ('topics', '0002_teams'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CannedAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(help_text='Only the team sees it.', max_length=120, verbose_name='title')),
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
            name='DayCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True, verbose_name='day')),
                ('received', models.PositiveIntegerField(default=0, verbose_name='received')),
                ('in_time', models.PositiveIntegerField(default=0, verbose_name='answered in time')),
                ('late', models.PositiveIntegerField(default=0, verbose_name='answered late')),
                ('spam', models.PositiveIntegerField(default=0, verbose_name='held back')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='message',
            name='double_of',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='doubles', to='contact.message', verbose_name='double of'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('double_of', None), models.Q(('double_of', models.F('id')), _negated=True), _connector='OR'), name='message_no_double_of_itself'),
        ),
        migrations.AddField(
            model_name='turn',
            name='brought_by',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddConstraint(
            model_name='turn',
            constraint=models.UniqueConstraint(fields=('message', 'brought_by'), name='turn_brought_once'),
        ),
        migrations.AddField(
            model_name='cannedanswer',
            name='topic',
            field=models.ForeignKey(blank=True, help_text='For messages to this topic and to those below it. Empty: for all.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='topics.topicpage', verbose_name='topic'),
        ),
        migrations.AddField(
            model_name='daycount',
            name='topic',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='topics.topicpage'),
        ),
        grants.granting('contact', {'Editors': CANNED, 'Moderators': CANNED}),
    ]
