"""What search looks through, as the database keeps it."""

import threading
from io import StringIO

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from taggit.models import Tag
from wagtail.models import Collection, CollectionViewRestriction, Locale, Page

from content.demo.pdf import pdf
from content.models import ContentItem, ItemAuthor, PublicationFile, SearchEntry
from content.tasks import read_document
from harmhub.models import CustomDocument, DocumentText
from tests.factories import DocumentFactory, Tree
from tests.fixtures import databases
from tests.fixtures.searching import found, report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("words_follow_at_once")]


CHANGES = {
    "retitled by SQL": lambda tree, item: Page.objects.filter(pk=item.pk).update(title="Zeppelin"),
    "summary by SQL": lambda tree, item: ContentItem.objects.filter(pk=item.pk).update(summary="zeppelin"),
    "an author is renamed": lambda tree, item: Page.objects.filter(pk=tree.person.pk).update(
        title="Zeppelin"
    ),
    "an author comes": lambda tree, item: ItemAuthor.objects.create(item=item, name="Zeppelin", sort_order=9),
    "a tag is renamed": lambda tree, item: Tag.objects.filter(name="bus").update(name="zeppelin"),
    "a tag comes": lambda tree, item: (item.tags.add("zeppelin"), item.save()),
    "a body": lambda tree, item: ContentItem.objects.filter(pk=item.pk).update(
        body=[{"type": "text", "value": "<p>zeppelin</p>", "id": "1"}]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_found_at_once(tree: Tree, change: str):
    item = tree.voice(title="Van", slug="van")
    ItemAuthor.objects.create(item=item, person=tree.person)
    item.tags.add("bus")
    item.save()
    assert found("zeppelin", kind="voices") == []
    CHANGES[change](tree, item)
    assert len(found("zeppelin", kind="voices")) == 1


def test_text_that_a_database_refuses_is_kept_without_what_it_refuses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pypdf.PageObject.extract_text", lambda page: "a\0pencil \ud800")
    report("A pencil is enough.")
    assert DocumentText.objects.get().text == "a pencil ?"


def test_document_is_read_when_its_file_changes_and_forgotten_with_it(tree: Tree):
    publication = tree.publication(title="Counting")
    document = report("A pencil is enough.")
    PublicationFile.objects.create(publication=publication, document=document)
    document.file = ContentFile(pdf("Report", "en", [[("text", "A crayon.")]], "x"), "other.pdf")
    document.save()
    assert found("pencil") == []
    read_document(document.pk)
    assert (found("pencil"), found("crayon")) == ([], ["Counting"])
    document.file = ContentFile(b"a,b", "table.csv")
    document.save()
    read_document(document.pk)
    assert not DocumentText.objects.exists()
    assert found("crayon") == []


def test_documents_are_queued_for_reading_when_a_file_is_stored(tree: Tree):
    def queued() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'content.tasks.read_document'"
            )
            return cursor.fetchone()[0]

    document = DocumentFactory(file=ContentFile(pdf("R", "en", [[("text", "A.")]], "x"), "report.pdf"))
    assert queued() == 1
    document.title = "Another title"
    document.save()
    CustomDocument.objects.get(pk=document.pk).save()
    assert queued() == 1


def test_folder_that_is_made_or_renamed_has_nothing_indexed_anew(tree: Tree):
    root = Collection.get_first_root_node()
    publication = tree.publication(title="Counting")
    PublicationFile.objects.create(
        publication=publication, document=report("A pencil is enough.", collection=root)
    )
    SearchEntry.objects.filter(pk=publication.pk).update(words="zeppelin")
    folder = root.add_child(name="Pictures")
    Collection.objects.update(name="Photographs")
    assert found("zeppelin") == ["Counting"]
    CollectionViewRestriction.objects.create(collection=folder, restriction_type="login")
    CustomDocument.objects.update(collection=folder)
    assert found("zeppelin") == found("pencil") == []
    assert found("counting") == ["Counting"]


def test_file_that_cannot_be_read_hinders_nothing(tree: Tree):
    publication = tree.publication(title="Counting")
    document = report("A pencil is enough.")
    PublicationFile.objects.create(publication=publication, document=document)
    with document.file.storage.open(document.file.name, "wb") as file:
        file.write(b"%PDF-1.7 and nothing more")
    read_document(document.pk)
    assert DocumentText.objects.get().text == ""
    assert found("counting") == ["Counting"]


def test_file_without_language_does_not_hinder_publishing(tree: Tree):
    publication = tree.publication(title="Counting")
    for place in range(5):
        document = report("Words.", tags=[])
        text = " ".join(f"{place}x{number:x}" for number in range(100_000))
        PublicationFile.objects.create(publication=publication, document=document, sort_order=place)
        DocumentText.objects.filter(document=document).update(text=text)
    assert found("counting") == ["Counting"]


def test_text_without_end_or_language_does_not_hinder_publishing(tree: Tree):
    words = " ".join(f"{number:x}word{number * 7919:x}" for number in range(90_000))
    item = tree.voice(title="Endless", standfirst=words, body=[("text", f"<p>{words}</p>")])
    item.save_revision().publish()
    assert found("endless") == ["Endless"]


@pytest.mark.parametrize("letters", ["ACGT", "acgt"])
def test_word_without_end_hides_no_other(tree: Tree, letters: str):
    tree.publication(
        title="Sequenced",
        summary="A crayon.",
        body=[("text", f"<p>A needle: {letters * 600}, by the WHO.</p>")],
    )
    publication = tree.publication(title="Counting")
    PublicationFile.objects.create(publication=publication, document=report("A pencil is enough."))
    DocumentText.objects.update(text=f"A pencil, {letters * 600}, by the WHO.")
    assert found("crayon") == found("needle WHO") == ["Sequenced"]
    assert found("pencil WHO") == ["Counting"]


def test_words_are_stemmed_anew_when_the_language_of_a_site_is_changed(tree: Tree):
    tree.voice(title="Les chevaux")
    Locale.objects.update(language_code="fr")
    call_command("check_search", stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_somebody_who_deletes_a_page(tree: Tree):
    item = tree.voice(title="Van")
    item.tags.add("bus")
    item.save()
    tag = Tag.objects.get(name="bus")
    failed = []

    def rename() -> None:
        try:
            Tag.objects.filter(pk=tag.pk).update(name="coach")
        except OperationalError as problem:
            failed.append(problem)
        connection.close()

    renaming = threading.Thread(target=rename)
    with transaction.atomic():
        item.delete()
        renaming.start()
        renaming.join(10)
        assert not renaming.is_alive(), "It waits for the other, who will wait for it."
    assert failed == []
    assert not SearchEntry.objects.filter(pk=item.pk).exists()


MEANWHILE = {
    "a PDF is read": "INSERT INTO harmhub_documenttext (document_id, text) SELECT %(document)s, 'Zeppelin.'",
    "an author is renamed": "UPDATE wagtailcore_page SET title = 'Zeppelin' WHERE id = %(person)s",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", MEANWHILE)
def test_what_is_changed_while_a_publication_takes_it_up_is_found(tree: Tree, change: str):
    publication = tree.publication(title="Counting")
    document = report("A pencil is enough.")
    document.text.delete()
    numbers = {"document": document.pk, "person": tree.person.pk}
    with psycopg.connect(databases.conninfo(connection.settings_dict["NAME"])) as changing:
        changing.execute(MEANWHILE[change], numbers)
        PublicationFile.objects.create(publication=publication, document=document)
        ItemAuthor.objects.create(item=publication, person=tree.person)
        changing.commit()
    assert found("zeppelin", kind="publications") == ["Counting"]


@pytest.mark.django_db(transaction=True)
def test_file_in_a_folder_that_is_closed_while_a_publication_takes_it_up_is_not_found(tree: Tree):
    publication = tree.publication(title="Counting")
    folder = Collection.get_first_root_node().add_child(name="Board").add_child(name="Minutes")
    document = report("A pencil is enough.", collection=folder)
    with psycopg.connect(databases.conninfo(connection.settings_dict["NAME"])) as closing:
        closing.execute(
            "INSERT INTO wagtailcore_collectionviewrestriction (collection_id, restriction_type, password)"
            " VALUES (%s, 'login', '')",
            [folder.get_parent().pk],
        )
        PublicationFile.objects.create(publication=publication, document=document)
        assert found("pencil") == ["Counting"]
        closing.commit()
    assert found("pencil") == []


def test_deleted_page_leaves_nothing(tree: Tree):
    item = tree.voice(title="Van")
    assert SearchEntry.objects.filter(pk=item.pk).exists()
    number = item.pk
    item.delete()
    assert not SearchEntry.objects.filter(pk=number).exists()


def test_order_in_which_rows_lie_in_the_database_is_no_difference(tree: Tree):
    item = tree.voice(title="Van")
    for place in (3, 1, 2):
        ItemAuthor.objects.create(item=item, name=f"Author {place}", sort_order=place)
    item.tags.add("naloxone", "bus", "kitchen")
    item.save()
    for table in ("content_itemauthor", "content_itemtag"):
        with connection.cursor() as cursor:  # each row to the end of its table
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"SELECT id FROM {table} ORDER BY id DESC")
            for (row,) in cursor.fetchall():
                cursor.execute(f"UPDATE {table} SET id = id WHERE id = %s", [row])
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute("SET LOCAL enable_indexscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    call_command("check_search", stdout=StringIO())


def test_command_names_what_differs_and_mends_it(tree: Tree):
    item = tree.voice(title="Van")
    document = report("A pencil is enough.")
    with StringIO() as said:
        call_command("check_search", stdout=said)
        assert said.getvalue() == "Search knows all pages as they are.\n"
    SearchEntry.objects.filter(pk=item.pk).update(words="zeppelin")
    SearchEntry.objects.create(pk=999_999, is_item=True, words="ghost")
    document.text.delete()
    with StringIO() as said:
        with pytest.raises(CommandError, match="2 pages differ, 1 PDFs were not read"):
            call_command("check_search", stdout=said)
        assert said.getvalue().splitlines() == [
            "differs: “Van”",
            "differs: “a deleted page”",
            "not read: “report”",
        ]
        call_command("check_search", "--mend", stdout=said)
    assert found("van") == ["Van"]
    assert not SearchEntry.objects.filter(pk=999_999).exists()
