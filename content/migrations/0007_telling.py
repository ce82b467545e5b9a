"""Whether subscribers are told of a work, and of which change."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('content', '0006_facets')]

    operations = [
        migrations.AddField(
            model_name='contentitem',
            name='tell_subscribers',
            field=models.BooleanField(db_default=True, default=True, help_text='Once it is public, those who follow its topics get it by mail.', verbose_name='tell subscribers'),
        ),
        migrations.AddField(
            model_name='contentitem',
            name='change_note',
            field=models.CharField(blank=True, db_default='', default='', help_text='What has changed: “New figures for 2026”. Each note is told once; without one, nobody is told.', max_length=140, verbose_name='tell subscribers of a change'),
        ),
        migrations.AddIndex(
            model_name='contentitem',
            index=models.Index(condition=models.Q(('change_note', ''), _negated=True), fields=['page_ptr'], name='item_with_a_change_note'),
        ),
    ]
