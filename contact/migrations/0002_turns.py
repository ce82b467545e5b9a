"""Messages are taken by somebody, and answered; their readers open them by a key."""

import django.db.models.deletion
import django.utils.timezone
import harmhub.sealing
from django.conf import settings
from django.db import migrations, models
from django.db.models import Case, F, Value, When


def as_they_were(apps, schema_editor):
    """Have older messages say when they were written, and that an address was left to be answered by mail."""
    # In one statement: after a second one, PostgreSQL makes no index in the same transaction.
    apps.get_model('contact', 'Message').objects.update(
        heard_at=F('received_at'),
        answer_by=Case(When(address_digest=None, then=Value('site')), default=Value('mail')),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('contact', '0001_initial'),
        ('mail', '0003_checkpoint'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='answer_by',
            field=models.CharField(choices=[('site', 'On this site, with reference and key'), ('mail', 'By e-mail')], default='site', max_length=4, verbose_name='answer by'),
        ),
        migrations.AddField(
            model_name='message',
            name='answered_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='answered'),
        ),
        migrations.AddField(
            model_name='message',
            name='assigned_to',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned to'),
        ),
        migrations.AddField(
            model_name='message',
            name='heard_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='last heard'),
        ),
        migrations.AddField(
            model_name='message',
            name='is_discreet',
            field=models.BooleanField(default=False, verbose_name='discreet'),
        ),
        migrations.AddField(
            model_name='message',
            name='secret_digest',
            field=models.BinaryField(max_length=32, null=True, unique=True),
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('answer', 'Answer'), ('reader', 'From the reader'), ('note', 'Note')], max_length=6)),
                ('text', harmhub.sealing.SealedTextField(verbose_name='text')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='written')),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mail', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mail.mail')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turns', to='contact.message')),
            ],
            options={
                'verbose_name': 'turn',
                'verbose_name_plural': 'turns',
                'ordering': ['written_at', 'pk'],
                'default_permissions': (),
            },
        ),
        migrations.RunPython(as_they_were, migrations.RunPython.noop),
    ]
