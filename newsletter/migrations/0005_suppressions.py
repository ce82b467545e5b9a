"""Who sees why an address gets nothing, and who may lift that."""

from django.db import migrations, models

from harmhub import grants


class Migration(migrations.Migration):

    dependencies = [*grants.NEEDED, ('newsletter', '0004_changes')]

    operations = [
        migrations.AlterModelOptions('suppression', options={'default_permissions': ('view', 'change'), 'ordering': ['-at', '-pk'], 'verbose_name': 'suppression', 'verbose_name_plural': 'suppressions'}),
        migrations.AlterField('suppression', 'reason', models.CharField(choices=[('left', 'Left every list'), ('erased', 'Erased'), ('refused', 'Mail does not arrive'), ('complaint', 'Complained')], max_length=10, verbose_name='reason')),
        grants.granting('newsletter', {'Moderators': ['view_suppression', 'change_suppression']}),
    ]
