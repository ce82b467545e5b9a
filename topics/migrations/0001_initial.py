import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import harmhub.models
import modelcluster.fields
import wagtail.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('harmhub', '0001_initial'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PersonIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'people index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='TopicPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(help_text='One paragraph, shown large under the title.', verbose_name='introduction')),
                ('image', models.ForeignKey(blank=True, help_text='Shown where the topic is shared, not on its page.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='harmhub.customimage', verbose_name='image')),
                ('learn_more', wagtail.fields.RichTextField(blank=True, help_text='A longer explanation, or links.', verbose_name='learn more')),
                ('contact_addresses', models.TextField(blank=True, help_text='Who is told of messages, one address a line. Empty: as the topic above, at last the site’s.', validators=[harmhub.models.validate_addresses], verbose_name='contact addresses')),
                ('team', models.ForeignKey(blank=True, help_text='Who may read messages to this topic, whatever its language. Empty: as the topic above, at last the site’s.', null=True, on_delete=models.SET(harmhub.models.nobody), related_name='+', to='auth.group', verbose_name='team')),
                ('local_help', wagtail.fields.RichTextField(blank=True, help_text='Whom to call in need. The contact box, which is no emergency service, leads to it. Empty: as the topic above, at last the site’s page.', verbose_name='local help')),
                ('messages_kept_days', models.PositiveSmallIntegerField(blank=True, help_text='For how many days after it was closed a message is kept, 1 to 365; readers are told. Empty: as the topic above, at last 90.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days that messages are kept')),
                ('grant_seekers', wagtail.fields.RichTextField(blank=True, verbose_name='for grant seekers')),
                ('open_calls', wagtail.fields.StreamField([('call', 3)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'Title', 'max_length': 120}), 1: ('wagtail.blocks.URLBlock', (), {'label': 'Link', 'required': False}), 2: ('wagtail.blocks.DateBlock', (), {'help_text': 'The last day on which one can apply.', 'label': 'Closing date'}), 3: ('wagtail.blocks.StructBlock', [[('title', 0), ('link', 1), ('closes', 2)]], {})}, verbose_name='open calls')),
                ('has_newsletter', models.BooleanField(default=False, help_text='The sign-up bar of this topic, and of the topics below it, then offers updates about it.', verbose_name='has a newsletter of its own')),
                ('is_sensitive', models.BooleanField(default=False, help_text='Readers may be at risk for reading this: show “Exit this page” here and on the topics below.', verbose_name='sensitive')),
                ('wikidata', models.CharField(blank=True, help_text='Tells machines what this topic is, for example Q1402338.', max_length=20, validators=[django.core.validators.RegexValidator('^Q[1-9]\\d*$', 'A number such as Q1402338.')], verbose_name='Wikidata item')),
            ],
            options={
                'verbose_name': 'topic',
                'verbose_name_plural': 'topics',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='ProgramPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('purpose', models.TextField(help_text='One paragraph, shown large under the title.', verbose_name='purpose')),
                ('tagline', models.CharField(blank=True, help_text='Shown under its name in lists: “Services, medicines, community care”.', max_length=80, verbose_name='in a few words')),
                ('office', models.CharField(blank=True, max_length=80, verbose_name='office')),
                ('topics', modelcluster.fields.ParentalManyToManyField(blank=True, help_text='The topics that this program focuses on.', related_name='focused_programs', to='topics.topicpage', verbose_name='topics')),
            ],
            options={
                'verbose_name': 'program',
                'verbose_name_plural': 'programs',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='PersonPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('role', models.CharField(help_text='For example “Program officer”.', max_length=120, verbose_name='role')),
                ('program', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='members', to='topics.programpage', verbose_name='program')),
                ('office', models.CharField(blank=True, help_text='For example “Lisbon”.', max_length=80, verbose_name='office')),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='harmhub.customimage', verbose_name='photo')),
                ('biography', models.TextField(blank=True, help_text='One paragraph.', verbose_name='biography')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='ProgramIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'program index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='TopicIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'topic index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='TopicPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('topic', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='topic_people', to='topics.topicpage')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='topic_people', to='topics.personpage', verbose_name='person')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('topic', 'person'), name='person_once_a_topic')],
            },
        ),
    ]
