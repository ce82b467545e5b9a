"""Lists of their own instead of topics; several in one sign-up; managing by a link, pauses, moving to another
address."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import harmhub.sealing

KINDS = [('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')]


def topics_to_lists(apps, schema_editor):
    """Have each topic that somebody wished for, and the whole organisation in each language, as a list."""
    get = lambda name: apps.get_model('newsletter', name)  # noqa: E731
    List, Subscription, SignUp, Token, Issue = map(get, ('List', 'Subscription', 'SignUp', 'Token', 'Issue'))
    locales = dict(apps.get_model('wagtailcore', 'Locale').objects.values_list('language_code', 'pk'))
    default = locales.get(settings.LANGUAGE_CODE)

    def list_of(topic, language):
        if topic:
            family = {'family': f'{topic.translation_key}:::', 'was_followed': True}
            return List.objects.get_or_create(page_id=topic.pk, locale_id=topic.locale_id, defaults=family)[0]
        locale, family = locales.get(language, default), {'family': ':::', 'was_followed': True}
        return List.objects.get_or_create(page=None, locale_id=locale, defaults=family)[0]

    for each in Subscription.objects.select_related('topic', 'subscriber').iterator():
        each.list = list_of(each.topic, each.subscriber.language)
        each.save(update_fields=['list'])
    for each in SignUp.objects.select_related('topic').iterator():
        each.lists.set([list_of(each.topic, each.language)])
    for each in Token.objects.select_related('subscription', 'consent').iterator():
        each.subscriber_id = each.subscription.subscriber_id
        each.save(update_fields=['subscriber'])
        each.subscriptions.set([each.subscription])
        if each.consent:
            each.consent.token = each
            each.consent.save(update_fields=['token'])
    topics = apps.get_model('topics', 'TopicPage').objects.in_bulk()
    for issue in Issue.objects.iterator():
        there = [(number, works) for number, works in issue.sections if not number or number in topics]
        issue.sections = [[list_of(topics.get(number), issue.language).pk, works] for number, works in there]
        issue.save(update_fields=['sections'])


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0002_updates'),
        ('taggit', '0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx'),
        ('topics', '0001_initial'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [
        migrations.CreateModel(
            name='List',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, choices=KINDS, default='', max_length=12)),
                ('family', models.CharField(max_length=120)),
                ('was_followed', models.BooleanField(default=False)),
                ('locale', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wagtailcore.locale')),
                ('page', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wagtailcore.page')),
                ('program', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='topics.programpage')),
                ('tag', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='taggit.tag')),
            ],
            options={'default_permissions': ()},
        ),
        migrations.AddConstraint(
            model_name='list',
            constraint=models.UniqueConstraint(fields=('page', 'locale', 'kind', 'program', 'tag'), name='list_once', nulls_distinct=False),
        ),
        migrations.CreateModel(
            name='LinkRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='e-mail address')),
                ('language', models.CharField(max_length=12, verbose_name='language')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
            ],
            options={'abstract': False, 'default_permissions': ()},
        ),
        migrations.CreateModel(
            name='AddressChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', harmhub.sealing.SealedTextField(verbose_name='new e-mail address')),
                ('asked_old', models.BooleanField(default=False)),
                ('asked_new', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('released_at', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField(null=True)),
                ('subscriber', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='address_change', to='newsletter.subscriber')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='arrivals', to='newsletter.subscriber')),
            ],
            options={'default_permissions': ()},
        ),
        migrations.AddField('subscriber', 'paused_until', models.DateTimeField(editable=False, null=True, verbose_name='paused until')),
        migrations.AddField('subscriber', 'is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
        migrations.AddField('signup', 'is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
        migrations.AddField('consent', 'is_discreet', models.BooleanField(default=False, verbose_name='neutral subject lines')),
        migrations.AddField('issue', 'is_discreet', models.BooleanField(default=False)),
        migrations.RemoveConstraint('subscription', 'subscription_once_a_list'),
        migrations.RemoveConstraint('token', 'token_confirming_expires_and_leaving_does_not'),
        migrations.RenameField('subscription', 'list', 'topic'),
        migrations.RenameField('signup', 'list', 'topic'),
        migrations.AlterField('subscription', 'topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='topics.topicpage')),
        migrations.AddField('subscription', 'list', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='newsletter.list', verbose_name='list')),
        migrations.AddField('signup', 'lists', models.ManyToManyField(related_name='sign_ups', to='newsletter.list', verbose_name='lists')),
        migrations.AddField('consent', 'token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='consents', to='newsletter.token')),
        migrations.AlterField('token', 'consent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='newsletter.consent')),
        migrations.AlterField('token', 'subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='newsletter.subscription')),
        migrations.AddField('token', 'subscriber', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='newsletter.subscriber')),
        migrations.AddField('token', 'subscriptions', models.ManyToManyField(related_name='tokens', to='newsletter.subscription')),
        migrations.AddField('token', 'change', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tokens', to='newsletter.addresschange')),
        # Rows written below must not have checks pending when the tables are altered further down.
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.RunPython(topics_to_lists),
        migrations.RunSQL('SET CONSTRAINTS ALL DEFERRED', migrations.RunSQL.noop),
        migrations.RemoveField('subscription', 'topic'),
        migrations.RemoveField('signup', 'topic'),
        migrations.RemoveField('token', 'consent'),
        migrations.RemoveField('token', 'subscription'),
        migrations.AlterField('subscription', 'list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='newsletter.list', verbose_name='list')),
        migrations.AlterField('token', 'subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='newsletter.subscriber')),
        migrations.AlterField('token', 'purpose', models.CharField(choices=[('confirm', 'Confirm'), ('leave', 'Leave'), ('manage', 'Manage'), ('release', 'Agree at the old address'), ('receive', 'Agree at the new address')], max_length=8)),
        migrations.AlterField('signup', 'wording', models.TextField(verbose_name='wording')),
        migrations.AlterField('consent', 'wording', models.TextField(verbose_name='wording')),
        migrations.AlterField('consent', 'list_name', models.TextField(verbose_name='list')),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('subscriber', 'list'), name='subscription_once_a_list'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('purpose', 'leave')), models.Q(models.Q(('purpose', 'leave'), _negated=True), ('expires_at__isnull', False)), _connector='OR'), name='token_expires_unless_it_leaves'),
        ),
    ]
