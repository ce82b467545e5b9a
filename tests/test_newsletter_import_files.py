"""Importing subscribers: what a file may be, the dry run, and what becomes of the file."""

import re
import tracemalloc
from datetime import date, timedelta
from io import BytesIO

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale, ModelLogEntry

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.import_files import day_in
from newsletter.models import Consent, Import, List, Subscriber, Subscription, Suppression
from newsletter.subscribing import end
from newsletter.tasks import forget
from tests.factories import TopicFactory, Tree
from tests.fixtures.following import follow_now, mails
from tests.fixtures.importing import Importer

pytestmark = pytest.mark.django_db
MODELS = (Subscriber, Subscription, Suppression, List)


@pytest.fixture
def importer(tree: Tree) -> Importer:
    return Importer("import_subscription")


def rows() -> list:
    """Everything that an import could change."""
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def active() -> set[str]:
    return {each.subscriber.address for each in Subscription.objects.active().select_related("subscriber")}


def test_dry_run_tells_what_would_happen_and_changes_nothing(importer: Importer, tree: Tree):
    follow_now(tree.health, "there@example.org")
    left = follow_now(tree.health, "gone@example.org")
    follow_now(tree.justice, "gone@example.org")
    end(left)
    for reason in Suppression.Reason:
        Suppression.objects.add_digest(address_digest(f"{reason}@example.org"), reason)
    names = ["there", "gone", "new", *Suppression.Reason]
    before = [
        list(model.objects.order_by("pk").values()) for model in (Subscriber, Subscription, Suppression)
    ]
    page = importer.take("".join(f"{name}@example.org\n" for name in names), tree.health)
    for label, number in [
        ("New", 1),
        ("Subscribed already", 1),
        ("Left this list", 1),
        ("Not to be written", 4),
    ]:
        assert re.search(rf"{label}[^<]*</th><td>{number}</td>", page), label
    assert "Nothing has been imported yet" in page
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Subscriber, Subscription, Suppression)
    ]
    assert not Mail.objects.exists()


def test_lines_that_cannot_be_used_are_named_by_number_and_reason_and_no_address_is_repeated(
    importer, tree: Tree
):
    page = importer.take(
        "address,pace,language,day,source\n"
        "good@example.org,,,,\n"
        "canary at example.org,,,,\n"
        "GOOD@example.org,,,,\n"
        "canary1@example.org,hourly,,,\n"
        "\n"
        "canary2@example.org,,klingon,,\n"
        "canary3@example.org,,,03/04/2026,\n"
        "canary4@example.org,,,2999-01-01,\n"
        "canary5@example.org,,,,I agree, gladly\n"
        'canary6@example.org,daily,English,28.3.2026,"I agree,\nvery gladly"\n'
        "canary7@example.org\n",
        tree.health,
        heading="",
    )
    found = re.findall(r"<b>Line (\d+):</b> ([^<]+)", page)
    assert [int(line) for line, _reason in found] == [3, 4, 5, 7, 8, 9, 10]
    assert [reason.split()[1] for _line, reason in found] == [
        "is",
        "and",
        "pace",
        "language",
        "the",
        "the",
        "has",
    ]
    assert "canary" not in page
    planned = Import.objects.get()
    assert [row[0] for row in planned.content["readers"]] == [
        "good@example.org",
        "canary6@example.org",
        "canary7@example.org",
    ]
    assert planned.content["readers"][1][1:] == ["en", [[0, "daily", 1, "2026-03-28"]]]
    assert "I agree,\nvery gladly" in planned.content["wordings"]


@pytest.mark.parametrize("missing", ["wording", "day"])
def test_a_line_without_proof_of_consent_is_refused(importer: Importer, tree: Tree, missing: str):
    page = importer.take("a@example.org\n", tree.health, **{missing: ""})
    assert "Line 2" in page
    assert "There is nothing to import" in page
    column = "source" if missing == "wording" else "day"
    given = "Paper list" if missing == "wording" else "2020-02-29"
    page = importer.take(
        f"a@example.org,{given}\n", tree.health, heading=f"address,{column}\n", **{missing: ""}
    )
    assert "Import 1 subscription" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\n \n", "The file is empty"),
        (b"PK\x03\x04\x14\x00\x06\x00", "This is no CSV file"),
        ("address\na@example.org\n".encode("utf-16"), "This is no CSV file"),
        (b"a@example.org\nb@example.org\n", "The first line has to name the columns"),
        (b"name,town\nx,y\n", "The first line has to name the columns"),
        (b"address,e-mail\na@example.org,b@example.org\n", "Two columns have the same meaning"),
        (b"address\n", "There is nothing below the first line"),
        (b"\xef\xbb\xbfaddress\n\xff@example.org\n", "The file is damaged"),
        (b"address\n\x81@example.org\n", "neither UTF-8 nor Windows-1252"),
        (b'address\na@example.org\n"b@example.org\nc@example.org\n', "Line 3 cannot be read"),
        (b"address,source\na@example.org," + b"x" * 1_000_000 + b"\n", "Line 2 cannot be read"),
        (b"address\n" + b"a@example.org\n" * 50_001, "more than 50,000 lines"),
        (b"address\n" + b"x" * (5 * 1024 * 1024), "larger than 5 MB"),
        (b"address\n\xed\xa0\x80@example.org\n", "Line 2"),
        (b"address\na\x00@example.org\n", "This is no CSV file"),
        (b"address\n" + b"a" * 5_000 + b"@example.org\n", "Line 2"),
    ],
)
def test_what_is_no_such_file_is_answered_with_what_to_do(importer: Importer, tree: Tree, content, words):
    assert words in importer.take(content, tree.health, heading="")
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        "address,source\na@example.org,Straße\n".encode(),
        "\ufeffaddress;source\r\na@example.org;Straße\r\n".encode(),
        "E-Mail Address;Source\ra@example.org;Straße\r".encode("windows-1252"),
        "Source\tMail\nStraße\ta@example.org\n".encode(),
        '\n"Source", "eMail"\n"Straße","a@example.org"\n\n'.encode(),
    ],
)
def test_files_are_taken_as_exports_and_spreadsheets_write_them(
    importer: Importer, tree: Tree, content: bytes
):
    importer.bring(content, tree.health, heading="", how="active")
    assert active() == {"a@example.org"}
    assert Consent.objects.get().wording == "Straße"


def test_each_line_may_name_its_list_by_address_or_name(importer: Importer, tree: Tree):
    spanish = Locale.objects.create(language_code="es")
    tree.health.copy_for_translation(spanish, copy_parents=True).save_revision().publish()
    page = importer.take(
        "a@example.org,/topics/health/harm-reduction/voices/\n"
        "a@example.org,http://testserver/topics/justice/\n"
        "b@example.org,/es/topics/health/\n"
        "c@example.org,fennmark foundation\n"
        "d@example.org,https://elsewhere.example/topics/justice/\n"
        "e@example.org,/topics/nowhere/\n"
        "f@example.org,Gardening\n"
        "g@example.org,http://[\n"
        "h@example.org,\n",
        None,
        heading="address,list\n",
        how="active",
    )
    reasons = re.findall(r"<b>Line (\d+):</b> ([^<]{12})", page)
    assert [int(line) for line, _reason in reasons] == [5, 6, 7, 8, 9, 10] or page
    importer.start()
    found = {(each.subscriber.address[0], each.list_name) for each in Subscription.objects.active().named()}
    assert {("a", "Harm Reduction · Voices"), ("a", "Justice"), ("b", "Health")} <= found
    assert Subscriber.objects.get(address_digest=address_digest("b@example.org")).language == "es"
    assert len(mails("a@example.org")) == 1


@pytest.mark.parametrize("path", ["/topics/prävention/", "/topics/pr%C3%A4vention/"])
def test_a_list_may_be_named_as_a_browser_shows_or_copies_its_address(
    importer: Importer, tree: Tree, path: str
):
    topic = TopicFactory(parent=tree.topics, title="Prävention", slug="prävention")
    importer.bring(f"a@example.org,http://testserver{path}\n", None, heading="address,list\n", how="active")
    assert Subscription.objects.active().get().list.page_id == topic.pk


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-03-28", date(2026, 3, 28)),
        ("2026-03-28 14:05:00", date(2026, 3, 28)),
        ("2026-03-28T14:05:00.5+02:00", date(2026, 3, 28)),
        ("8.3.2026", date(2026, 3, 8)),
        ("2026-02-30", None),
        ("28/03/2026", None),
        ("03/04/2026", None),
        ("٢٠٢٦-٠٣-٢٨", None),
        ("2026-3-28", None),
        ("yesterday", None),
    ],
)
def test_days_are_read_where_they_mean_the_same_everywhere(cell: str, day: date | None):
    assert day_in(cell) == day


# --- what becomes of the file


def test_only_who_may_import_sees_the_pages_and_can(importer: Importer, tree: Tree):
    importer.take("a@example.org\n", tree.health)
    pk = Import.objects.get().pk
    other = Importer("view_subscription", "export_subscription", "erase_subscription", name="other")
    page = other.client.get(reverse("subscriber:index")).content.decode()
    assert reverse("subscriber:import") not in page
    for client in (other.client, Client()):
        for name, numbers in (("import", []), ("planned_import", [pk]), ("drop_import", [pk])):
            address = reverse(f"subscriber:{name}", args=numbers)
            assert client.get(address).status_code in (302, 405)
            assert client.post(address).status_code == 302
    assert Import.objects.get().started_at is None
    assert importer.client.get(reverse("subscriber:drop_import", args=[pk])).status_code == 405
    assert importer.client.get(reverse("subscriber:planned_import", args=[pk + 1])).status_code == 404
    assert importer.client.post(reverse("subscriber:planned_import", args=[pk + 1])).status_code == 404
    both = Importer("import_subscription", "view_subscription", name="both")
    assert reverse("subscriber:import") in both.client.get(reverse("subscriber:index")).content.decode()


def test_addresses_lie_sealed_in_the_row_and_nowhere_when_it_is_done(importer: Importer, tree: Tree):
    importer.take("canary@example.org\n", tree.health, how="active")

    def stored() -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT newsletter_import::text, convert_from(content, 'UTF8') FROM newsletter_import"
            )
            return str(cursor.fetchall())

    assert "canary" not in stored()
    assert "gAAAA" in stored()
    importer.start()
    assert Import.objects.get().content is None
    assert "canary" not in stored() + str([vars(each) for each in ModelLogEntry.objects.all()])


def test_file_never_touches_the_disk_however_large(importer: Importer, tree: Tree, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "missing"  # whoever writes there fails
    lines = "".join(f"reader{number}@{'x' * 60}.example.org,{'x' * 900}\n" for number in range(4_000))
    page = importer.take(lines, tree.health, heading="address,unused\n")
    assert "Import 4,000 subscriptions" in page
    assert "Not used: unused" in page
    assert "larger than 5 MB" in importer.take(b"x" * 6_000_000, tree.health)
    upload = SimpleUploadedFile("large.csv", b"x" * 3_000_000)
    with pytest.raises(FileNotFoundError):
        importer.client.post(reverse("subscriber:import"), {"another": upload})


def test_file_is_deleted_by_hand_or_after_a_day_and_the_numbers_of_a_done_one_stay(importer, tree: Tree):
    importer.take("a@example.org\n", tree.health)
    importer.client.post(reverse("subscriber:drop_import", args=[Import.objects.get().pk]))
    assert not Import.objects.exists()
    importer.bring("a@example.org\n", tree.health)
    importer.client.post(reverse("subscriber:drop_import", args=[Import.objects.get().pk]))
    importer.take("b@example.org\n", tree.health)
    forget(0)
    assert Import.objects.count() == 2
    Import.objects.update(uploaded_at=F("uploaded_at") - timedelta(hours=25))
    forget(0)
    assert Import.objects.get().counts == {"new": 1}
    page = importer.client.get(reverse("subscriber:import")).content.decode()
    assert "Imported before" in page
    assert "New: 1." in page


def test_log_says_who_looked_and_imported_how_many_to_which_lists_and_no_address(
    importer: Importer, tree: Tree
):
    importer.take("canary@example.org\nnonsense\n", tree.health, how="active")
    looked = ModelLogEntry.objects.get()
    assert (looked.action, looked.user) == ("newsletter.dry_run", importer.user)
    assert looked.data == {"lists": ["Health (English)"], "addresses": 1}
    importer.start()
    _looked, begun, done = ModelLogEntry.objects.order_by("pk")
    assert (begun.action, done.action) == ("newsletter.import", "newsletter.imported")
    assert begun.user == done.user == importer.user
    assert done.data == {"lists": ["Health (English)"], "counts": {"new": 1}, "refused": 1}
    assert done.message == "1 subscription imported: Health (English)"


def test_a_file_whose_key_is_lost_says_so_and_waits_for_it(importer: Importer, tree: Tree, settings, caplog):
    importer.take("canary@example.org\n", tree.health, how="active")
    own, settings.SEALING_KEYS = settings.SEALING_KEYS, [Fernet.generate_key().decode()]
    assert "The file cannot be read" in importer.page()
    assert importer.start() == {}
    assert "could not be worked off (InvalidToken)" in caplog.text
    assert "canary" not in caplog.text
    settings.SEALING_KEYS = own
    importer.work()
    assert Import.objects.get().counts == {"new": 1}


@pytest.mark.parametrize("files", [1, 4])
def test_what_is_too_long_is_held_in_memory_for_nobody(client: Client, files: int):
    part = b'--x\r\nContent-Disposition: form-data; name="private_file"; filename="a"\r\n\r\n%s\r\n'
    body = part % (b"x" * (20_000_000 // files)) * files + b"--x--\r\n"
    sent = BytesIO(body)
    given = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": len(body)}
    tracemalloc.start()
    answer = client.generic("POST", "/admin/login/", **given, **{"wsgi.input": sent})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, sent.tell()) == (200, len(body))
    assert peak < 15_000_000


def test_several_files_that_are_too_long_together_are_refused(importer: Importer, tree: Tree):
    parts = [SimpleUploadedFile("people.csv", b"address\n" + b"x" * 4_000_000) for _number in range(2)]
    assert "larger than 5 MB" in importer.take("", tree.health, private_file=parts)


@pytest.mark.parametrize(
    "form",
    [
        {"list": "1 2 3"},
        {"list": "x" * 5000},
        {"pace": "hourly"},
        {"how": ""},
        {"how": "later"},
        {"day": "03/04/2026"},
        {"day": "2999-01-01"},
        {"day": "0001-01-01"},
        {"wording": "x" * 2001},
        {"private_file": ""},
        {"private_file": "text"},
    ],
)
def test_a_form_that_cannot_be_used_is_shown_again_with_what_is_wrong(
    importer: Importer, tree: Tree, form: dict
):
    page = importer.take("a@example.org\n", tree.health, **form)
    assert "Error:" in page
    assert "error-message" in page
    assert not Import.objects.exists()
