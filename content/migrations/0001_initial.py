from pathlib import Path

import content.models.events
import content.models.publications
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import modelcluster.contrib.taggit
import modelcluster.fields
import wagtail.fields
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models


def sql(name: str) -> str:
    """Return what the database itself keeps true of listings, search or page stores; each file tells how."""
    return Path(__file__).with_name('initial').joinpath(f'{name}.sql').read_text()



class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('harmhub', '0001_initial'),
        ('topics', '0001_initial'),
        ('taggit', '0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name='ContentItem',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], editable=False, max_length=12)),
                ('summary', models.TextField(help_text='One or two sentences, shown in lists and mails. At most 240 characters.', max_length=240, verbose_name='summary')),
                ('published_on', models.DateField(default=django.utils.timezone.localdate, help_text='Work is listed by this date, the newest first. To publish at a time, set a schedule.', verbose_name='published date')),
                ('image', models.ForeignKey(blank=True, help_text='Shown on cards and beside the text. Work without an image is fine, too.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='harmhub.customimage', verbose_name='image')),
                ('image_caption', models.CharField(blank=True, max_length=240, verbose_name='caption')),
                ('primary_topic', models.ForeignKey(help_text='What this work is mainly about. It appears on the page of this topic and of the topics above it.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='primary_items', to='topics.topicpage', verbose_name='topic')),
                ('tell_subscribers', models.BooleanField(db_default=True, default=True, help_text='Once it is public, those who follow its topics get it by mail.', verbose_name='tell subscribers')),
                ('change_note', models.CharField(blank=True, db_default='', default='', help_text='What has changed: “New figures for 2026”. Each note is told once; without one, nobody is told.', max_length=140, verbose_name='tell subscribers of a change')),
                ('body', wagtail.fields.StreamField([('text', 0), ('heading', 1), ('quote', 4), ('figure', 7), ('callout', 10), ('download', 13), ('rule', 14)], blank=True, block_lookup={0: ('wagtail.blocks.RichTextBlock', (), {'description': 'Paragraphs, lists and links.', 'features': ['bold', 'italic', 'link', 'document-link', 'ol', 'ul', 'superscript'], 'icon': 'pilcrow', 'label': 'Text', 'preview_value': '<p>Nobody is waiting, or so it seems: then a man folds his newspaper.</p>'}), 1: ('wagtail.blocks.CharBlock', (), {'description': 'A heading between two parts of the text.', 'icon': 'title', 'label': 'Heading', 'max_length': 120, 'preview_value': 'No name, no card, no queue', 'template': 'components/blocks/heading.html'}), 2: ('wagtail.blocks.TextBlock', (), {'label': 'Words', 'rows': 3}), 3: ('wagtail.blocks.CharBlock', (), {'label': 'Who said it', 'max_length': 160, 'required': False}), 4: ('wagtail.blocks.StructBlock', [[('text', 2), ('source', 3)]], {}), 5: ('wagtail.images.blocks.ImageBlock', [], {'label': 'Picture'}), 6: ('wagtail.blocks.CharBlock', (), {'label': 'Caption', 'max_length': 240, 'required': False}), 7: ('wagtail.blocks.StructBlock', [[('image', 5), ('caption', 6)]], {}), 8: ('wagtail.blocks.CharBlock', (), {'label': 'Title', 'max_length': 120, 'required': False}), 9: ('wagtail.blocks.RichTextBlock', (), {'features': ['bold', 'italic', 'link', 'ul'], 'label': 'Text'}), 10: ('wagtail.blocks.StructBlock', [[('title', 8), ('text', 9)]], {}), 11: ('wagtail.documents.blocks.DocumentChooserBlock', (), {'label': 'File'}), 12: ('wagtail.blocks.CharBlock', (), {'help_text': 'Empty: the file’s own title.', 'label': 'Label', 'max_length': 120, 'required': False}), 13: ('wagtail.blocks.StructBlock', [[('document', 11), ('label', 12)]], {}), 14: ('wagtail.blocks.static_block.StaticBlock', (), {'admin_text': 'A pause between two parts, without a heading.', 'description': 'A pause between two parts.', 'icon': 'minus', 'label': 'Break', 'preview_value': '', 'template': 'components/blocks/rule.html'})}, verbose_name='body')),
                ('further_topics', modelcluster.fields.ParentalManyToManyField(blank=True, help_text='Other topics on whose pages it appears, too. Topics above a chosen one need no mark.', related_name='further_items', to='topics.topicpage', verbose_name='further topics')),
                ('programs', modelcluster.fields.ParentalManyToManyField(blank=True, help_text='The programs that this work comes from. It appears on their pages.', related_name='program_items', to='topics.programpage', verbose_name='programs')),
            ],
            options={
                'verbose_name': 'work',
                'verbose_name_plural': 'works',
                'indexes': [models.Index(fields=['-published_on', '-page_ptr'], name='item_newest'), models.Index(fields=['kind', '-published_on', '-page_ptr'], name='item_newest_of_kind'), models.Index(condition=models.Q(('change_note', ''), _negated=True), fields=['page_ptr'], name='item_with_a_change_note')],
                'constraints': [models.CheckConstraint(condition=django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('summary'), 240), name='item_summary_is_short')],
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('item', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='content.contentitem')),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('published_on', models.DateField()),
                ('expire_at', models.DateTimeField(null=True)),
                ('pk', models.CompositePrimaryKey('page_id', 'item_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='entries', to=settings.WAGTAIL_PAGE_MODEL)),
            ],
            options={
                'verbose_name_plural': 'entries',
                'indexes': [models.Index(fields=['page', 'locale', 'published_on', 'item'], name='entry_by_day'), models.Index(fields=['page', 'locale', 'kind', 'published_on', 'item'], name='entry_by_kind'), models.Index(condition=models.Q(('expire_at__isnull', False)), fields=['page', 'expire_at'], name='entry_that_expires')],
            },
        ),
        migrations.CreateModel(
            name='EntryCount',
            fields=[
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('year', models.SmallIntegerField()),
                ('number', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('page_id', 'locale_id', 'kind', 'year', blank=True, editable=False, primary_key=True, serialize=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ItemTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s_items', to='taggit.tag')),
                ('content_object', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='tagged_items', to='content.contentitem')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ItemAuthor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='%(class)ss', to='topics.personpage', verbose_name='person')),
                ('name', models.CharField(blank=True, help_text='For somebody from outside.', max_length=255, verbose_name='name')),
                ('item', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='authors', to='content.contentitem')),
            ],
            options={
                'verbose_name': 'author',
                'verbose_name_plural': 'authors',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('item', 'person'), name='author_once_an_item'), models.CheckConstraint(condition=models.Q(('person__isnull', True), ('name', ''), _connector='OR'), name='author_person_or_name', violation_error_message='Choose a person or write a name, not both.')],
            },
        ),
        migrations.CreateModel(
            name='EventPage',
            fields=[
                ('contentitem_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='content.contentitem')),
                ('status', models.CharField(choices=[('scheduled', 'Takes place'), ('postponed', 'Postponed'), ('cancelled', 'Cancelled')], default='scheduled', max_length=12, verbose_name='status')),
                ('starts_at', models.DateTimeField(help_text='As the clocks in the time zone below show it.', null=True, verbose_name='starts')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Without an end, it counts as over a day after its start.', null=True, verbose_name='ends')),
                ('time_zone', models.CharField(default=django.utils.timezone.get_default_timezone_name, help_text='Of the place; for an event online, of whoever invites. Readers see that time, and UTC.', max_length=64, validators=[content.models.events.validate_zone], verbose_name='time zone')),
                ('place', models.CharField(blank=True, help_text='Hall, street, town.', max_length=240, verbose_name='place')),
                ('town', models.CharField(blank=True, help_text='Shown in lists, where there is no room for the whole address.', max_length=80, verbose_name='town')),
                ('online_url', models.URLField(blank=True, help_text='Shown on the page. Leave it empty if the link comes with the registration.', verbose_name='address online')),
                ('is_online', models.BooleanField(default=False, verbose_name='takes place online, too')),
                ('access_notes', models.TextField(blank=True, help_text='Steps, captions, interpretation, hearing loop.', verbose_name='access')),
                ('languages', models.CharField(blank=True, help_text='For example “English and Portuguese, interpreted”.', max_length=160, verbose_name='languages')),
                ('registration_url', models.URLField(blank=True, help_text='Where one registers. The button vanishes when the event is over, postponed or cancelled.', verbose_name='registration')),
                ('recording_url', models.URLField(blank=True, help_text='Afterwards: where the recording is.', verbose_name='recording')),
                ('transcript', wagtail.fields.RichTextField(blank=True, verbose_name='transcript')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='event_ends_after_start', violation_error_message='The event ends before it starts.')],
            },
            bases=('content.contentitem',),
        ),
        migrations.CreateModel(
            name='EventSpeaker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='%(class)ss', to='topics.personpage', verbose_name='person')),
                ('name', models.CharField(blank=True, help_text='For somebody from outside.', max_length=255, verbose_name='name')),
                ('event', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='speakers', to='content.eventpage')),
                ('role', models.CharField(blank=True, help_text='For example “budget office, city of Lisbon”.', max_length=160, verbose_name='role')),
            ],
            options={
                'verbose_name': 'speaker',
                'verbose_name_plural': 'speakers',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('event', 'person'), name='speaker_once_an_event'), models.CheckConstraint(condition=models.Q(('person__isnull', True), ('name', ''), _connector='OR'), name='speaker_person_or_name', violation_error_message='Choose a person or write a name, not both.')],
            },
        ),
        migrations.CreateModel(
            name='FacetEntry',
            fields=[
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('published_on', models.DateField()),
                ('expire_at', models.DateTimeField(null=True)),
                ('pk', models.CompositePrimaryKey('item_id', 'page_id', 'facet', blank=True, editable=False, primary_key=True, serialize=False)),
                ('item', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='content.contentitem')),
                ('facet', models.IntegerField()),
            ],
            options={
                'verbose_name_plural': 'facet entries',
                'indexes': [models.Index(fields=['page', 'facet', 'locale', 'published_on', 'item'], name='facet_by_day'), models.Index(fields=['page', 'facet', 'locale', 'kind', 'published_on', 'item'], name='facet_by_kind'), models.Index(condition=models.Q(('expire_at__isnull', False)), fields=['page', 'expire_at'], name='facet_that_expires')],
            },
        ),
        migrations.CreateModel(
            name='FacetCount',
            fields=[
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('year', models.SmallIntegerField()),
                ('number', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('page_id', 'locale_id', 'facet', 'kind', 'year', blank=True, editable=False, primary_key=True, serialize=False)),
                ('facet', models.IntegerField()),
                ('kind', models.CharField(blank=True, choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
            ],
            options={
                'indexes': [models.Index(fields=['page', 'locale', 'kind', 'year', '-number', 'facet'], name='facet_by_number')],
            },
        ),
        migrations.CreateModel(
            name='HomePage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
            ],
            options={
                'verbose_name': 'home page',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='VoicesIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'Voices index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='EventIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'event index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='PublicationIndexPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
            ],
            options={
                'verbose_name': 'publication index',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='InfoPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('introduction', models.TextField(blank=True, verbose_name='introduction')),
                ('body', wagtail.fields.StreamField([('text', 0), ('heading', 1), ('quote', 4), ('figure', 7), ('callout', 10), ('download', 13), ('rule', 14)], blank=True, block_lookup={0: ('wagtail.blocks.RichTextBlock', (), {'description': 'Paragraphs, lists and links.', 'features': ['bold', 'italic', 'link', 'document-link', 'ol', 'ul', 'superscript'], 'icon': 'pilcrow', 'label': 'Text', 'preview_value': '<p>Nobody is waiting, or so it seems: then a man folds his newspaper.</p>'}), 1: ('wagtail.blocks.CharBlock', (), {'description': 'A heading between two parts of the text.', 'icon': 'title', 'label': 'Heading', 'max_length': 120, 'preview_value': 'No name, no card, no queue', 'template': 'components/blocks/heading.html'}), 2: ('wagtail.blocks.TextBlock', (), {'label': 'Words', 'rows': 3}), 3: ('wagtail.blocks.CharBlock', (), {'label': 'Who said it', 'max_length': 160, 'required': False}), 4: ('wagtail.blocks.StructBlock', [[('text', 2), ('source', 3)]], {}), 5: ('wagtail.images.blocks.ImageBlock', [], {'label': 'Picture'}), 6: ('wagtail.blocks.CharBlock', (), {'label': 'Caption', 'max_length': 240, 'required': False}), 7: ('wagtail.blocks.StructBlock', [[('image', 5), ('caption', 6)]], {}), 8: ('wagtail.blocks.CharBlock', (), {'label': 'Title', 'max_length': 120, 'required': False}), 9: ('wagtail.blocks.RichTextBlock', (), {'features': ['bold', 'italic', 'link', 'ul'], 'label': 'Text'}), 10: ('wagtail.blocks.StructBlock', [[('title', 8), ('text', 9)]], {}), 11: ('wagtail.documents.blocks.DocumentChooserBlock', (), {'label': 'File'}), 12: ('wagtail.blocks.CharBlock', (), {'help_text': 'Empty: the file’s own title.', 'label': 'Label', 'max_length': 120, 'required': False}), 13: ('wagtail.blocks.StructBlock', [[('document', 11), ('label', 12)]], {}), 14: ('wagtail.blocks.static_block.StaticBlock', (), {'admin_text': 'A pause between two parts, without a heading.', 'description': 'A pause between two parts.', 'icon': 'minus', 'label': 'Break', 'preview_value': '', 'template': 'components/blocks/rule.html'})}, verbose_name='body')),
            ],
            options={
                'verbose_name': 'information page',
                'verbose_name_plural': 'information pages',
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='PublicationPage',
            fields=[
                ('contentitem_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='content.contentitem')),
                ('publication_type', models.CharField(choices=[('report', 'Report'), ('brief', 'Brief'), ('guide', 'Guide'), ('submission', 'Submission'), ('annual', 'Annual report')], default='report', help_text='Shown beside the word “Publication”.', max_length=12, verbose_name='type')),
                ('key_findings', wagtail.fields.StreamField([('finding', 0)], blank=True, block_lookup={0: ('wagtail.blocks.TextBlock', (), {'description': 'One finding, in a sentence.', 'icon': 'list-ol', 'label': 'Finding', 'preview_value': 'Counting samples is cheap. Counting conversations explains more.', 'rows': 2})}, verbose_name='key findings')),
                ('isbn', models.CharField(blank=True, max_length=17, validators=[content.models.publications.validate_isbn], verbose_name='ISBN')),
                ('doi', models.CharField(blank=True, help_text='Without “https://doi.org/”.', max_length=120, validators=[django.core.validators.RegexValidator('^10\\.\\d{4,9}/\\S+$', 'A DOI begins with “10.”, such as 10.5555/report.2026.')], verbose_name='DOI')),
            ],
            options={
                'verbose_name': 'publication',
                'verbose_name_plural': 'publications',
            },
            bases=('content.contentitem',),
        ),
        migrations.CreateModel(
            name='PublicationFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('publication', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='content.publicationpage')),
                ('document', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='publication_files', to='harmhub.customdocument', verbose_name='file')),
                ('language', models.CharField(choices=[('en', 'English'), ('ar', 'العربية'), ('es', 'Español'), ('fr', 'Français'), ('pt', 'Português'), ('ru', 'Русский')], default='en', max_length=12, verbose_name='language')),
            ],
            options={
                'verbose_name': 'file',
                'verbose_name_plural': 'files',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('publication', 'language', 'document'), name='file_once_a_publication')],
            },
        ),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('page', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='search_entry', serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('is_item', models.BooleanField()),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'verbose_name_plural': 'search entries',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='search_by_word'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('is_item', False)), fastupdate=False, fields=['words'], name='search_other_pages')],
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('pk', models.CompositePrimaryKey('locale_id', 'word', blank=True, editable=False, primary_key=True, serialize=False)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('word', models.CharField(max_length=40)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('word'), 'gin_trgm_ops'), fastupdate=False, name='search_word_by_trigram')],
            },
        ),
        migrations.CreateModel(
            name='VoicesPage',
            fields=[
                ('contentitem_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='content.contentitem')),
                ('kicker', models.CharField(blank=True, help_text='A word or two above the title, such as “Field notes”.', max_length=60, verbose_name='kicker')),
                ('standfirst', models.TextField(blank=True, help_text='Shown large under the title. Empty: the summary is shown there.', verbose_name='standfirst')),
            ],
            options={
                'verbose_name': 'article (Voices)',
                'verbose_name_plural': 'Voices',
            },
            bases=('content.contentitem',),
        ),
        migrations.AddField(
            model_name='ContentItem',
            name='tags',
            field=modelcluster.contrib.taggit.ClusterTaggableManager(blank=True, help_text='A comma-separated list of tags.', through='content.ItemTag', to='taggit.Tag', verbose_name='Tags'),
        ),
        migrations.RunSQL([sql('listing'), sql('facets'), sql('changes'), sql('search')], sql('drop')),
    ]
