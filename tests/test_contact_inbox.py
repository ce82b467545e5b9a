"""The messages in the admin: who sees them, what can be done with them, what an export holds."""

import csv
import io
import re
from datetime import date

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from openpyxl import load_workbook
from wagtail.models import ModelLogEntry

from contact.models import Message
from harmhub.mail.models import Mail
from harmhub.records import inert
from harmhub.users.models import User
from newsletter.models import Subscriber, Subscription
from tests.factories import list_of

CANARY = "Canarywords"


@pytest.fixture
def message(tree) -> Message:
    from harmhub.sealing import address_digest

    return Message.objects.create(
        topic=tree.harm_reduction,
        language="en",
        text=f"{CANARY}\n\n<script>",
        name="Nora",
        address="nora@example.org",
        address_digest=address_digest("nora@example.org"),
    )


def logged_in(*groups: str) -> Client:
    user = User.objects.create_user(username="-".join(groups) or "nobody", password="x")
    user.groups.set(Group.objects.filter(name__in=groups))
    if not groups:
        access = Group.objects.create(name="Access only")
        access.permissions.add(Group.objects.get(name="Editors").permissions.get(codename="access_admin"))
        user.groups.add(access)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor(tree) -> Client:
    return logged_in("Editors")


@pytest.fixture
def moderator(tree) -> Client:
    return logged_in("Moderators")


def listed(client: Client, **query: str) -> str:
    answer = client.get(reverse("message:index"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_editor_finds_the_inbox_in_the_menu_and_messages_in_it(editor, message):
    assert reverse("message:index") in editor.get(reverse("wagtailadmin_home")).content.decode()
    page = listed(editor)
    assert message.reference in page
    assert "Harm Reduction" in page
    assert CANARY not in page


def test_reading_shows_the_words_and_is_logged(editor, message):
    page = editor.get(reverse("message:inspect", args=[message.pk])).content.decode()
    assert CANARY in page
    assert f"<p>{CANARY}</p>\n\n<p>&lt;script&gt;</p>" in page
    assert "nora@example.org" in page
    assert reverse("message:history", args=[message.pk]) in page
    entry = ModelLogEntry.objects.get(action="contact.read")
    assert (entry.user.username, entry.label) == ("Editors", message.reference)
    assert "Message read" in editor.get(reverse("message:history", args=[message.pk])).content.decode()


def test_facts_stand_beside_the_words_without_those_that_are_empty(editor, message):
    shown = lambda: editor.get(reverse("message:inspect", args=[message.pk])).context["fields"]  # noqa: E731
    assert [str(field["label"]) for field in shown()] == [
        *("State", "Answer promised by", "Topic", "Language", "Answer by"),
        *("Name", "E-mail address", "Received"),
    ]
    assert {"label": "Language", "value": "English", "component": None} in shown()
    message.quarantine()
    assert "Held back because" in [field["label"] for field in shown()]


def test_who_lacks_the_permission_sees_nothing(message):
    stranger = logged_in()
    for name, arguments in [
        ("index", []),
        ("index_results", []),
        ("inspect", [message.pk]),
        ("history", [message.pk]),
    ]:
        answer = stranger.get(reverse(f"message:{name}", args=arguments))
        assert answer.status_code == 302
        assert answer["Location"] == reverse("wagtailadmin_home")
    assert not ModelLogEntry.objects.filter(action="contact.read").exists()


def test_who_may_only_look_changes_nothing(tree, message):
    looker = logged_in()
    Group.objects.get(name="Access only").permissions.add(
        Group.objects.get(name="Editors").permissions.get(codename="view_message")
    )
    page = looker.get(reverse("message:inspect", args=[message.pk])).content.decode()
    assert CANARY in page
    assert reverse("message:act", args=[message.pk, "close"]) not in page
    looker.post(reverse("message:act", args=[message.pk, "close"]))
    message.refresh_from_db()
    assert message.closed_at is None


@pytest.mark.parametrize(
    "words", ["{reference}", "{lower}", "{bare}", "nora@example.org", "NORA@Example.org"]
)
def test_a_message_is_found_by_reference_or_address(editor, message, words):
    reference = message.reference
    words = words.format(reference=reference, lower=reference.lower(), bare=reference.replace("-", ""))
    assert reference in listed(editor, q=words)


@pytest.mark.parametrize(
    "words", [CANARY, "Nora", "AAAA-2222", "nora", "other@example.org", "x" * 500, "' OR 1=1 --"]
)
def test_nothing_else_finds_a_message(editor, message, words):
    assert message.reference not in listed(editor, q=words)


def test_messages_are_filtered_by_topic_state_and_day(editor, tree, message):
    other = Message.objects.create(topic=tree.justice, language="en", text="x")
    other.quarantine()
    page = listed(editor, topic=str(tree.harm_reduction.pk))
    assert message.reference in page
    assert other.reference not in page
    page = listed(editor, state="quarantined")
    assert other.reference in page
    assert message.reference not in page
    assert message.reference not in listed(editor, received_at_from="2999-01-01")
    assert message.reference in listed(editor, received_at_from="2020-01-01", received_at_to="2998-01-01")


def test_the_listing_asks_as_much_for_three_messages_as_for_twenty(editor, tree, message):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for more in (2, 17):
        for _ in range(more):
            Message.objects.create(topic=tree.harm_reduction, language="en", text="x")
        with CaptureQueriesContext(connection) as queries:
            listed(editor)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_closing_and_opening_again(editor, message):
    act = lambda word: editor.post(reverse("message:act", args=[message.pk, word]), follow=True)  # noqa: E731
    assert f"{message.reference} is closed" in act("close").content.decode()
    assert message in Message.objects.closed()
    act("reopen")
    assert message in Message.objects.open()
    assert list(
        ModelLogEntry.objects.filter(action__in=["contact.close", "contact.reopen"])
        .values_list("action", flat=True)
        .order_by("timestamp")
    ) == [
        "contact.close",
        "contact.reopen",
    ]


def test_holding_back_asks_first(editor, message):
    address = reverse("message:act", args=[message.pk, "quarantine"])
    assert "deleted after 30 days" in editor.get(address).content.decode()
    assert message in Message.objects.open()
    editor.post(address)
    assert message in Message.objects.quarantined()


def test_restoring_tells_the_people_once(editor, message):
    message.quarantine()
    for _ in range(2):
        editor.post(reverse("message:act", args=[message.pk, "restore"]))
    assert message in Message.objects.open()
    assert Mail.objects.count() == 1


@pytest.mark.parametrize("act", ["close", "quarantine"])
def test_nothing_happens_to_a_message_that_the_log_does_not_know_of(editor, message, monkeypatch, act):
    def fail(**options) -> None:
        raise OSError

    monkeypatch.setattr("contact.message_page.log", fail)
    with pytest.raises(OSError):  # noqa: PT011
        editor.post(reverse("message:act", args=[message.pk, act]))
    message.refresh_from_db()
    assert (message.closed_at, message.quarantined_at) == (None, None)


def test_an_act_that_does_not_exist_is_no_method_call(editor, message):
    assert editor.post(reverse("message:act", args=[message.pk, "delete"])).status_code == 404
    assert Message.objects.filter(pk=message.pk).exists()


def test_nobody_adds_edits_or_deletes_messages_in_the_admin(message, tree):
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="x"))
    page = listed(root)
    assert "Add message" not in page
    for name in ("add", "edit", "delete", "copy"):
        with pytest.raises(NoReverseMatch):
            reverse(f"message:{name}", args=[message.pk])


def test_only_who_may_export_can(editor, moderator, message):
    assert "export=csv" not in listed(editor)
    assert editor.get(reverse("message:index"), {"export": "csv"}).status_code == 302
    assert "export=csv" in listed(moderator)
    assert ModelLogEntry.objects.filter(action="contact.export").count() == 0


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "  =1+1",
    "\t=1",
    "\r=1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0",
    "a;=1+1",
    "%0a=1",
    '",=1',
]


@pytest.mark.parametrize("typed", FORMULAS)
def test_no_spreadsheet_executes_an_export(moderator, message, typed):
    message.text = message.name = typed
    message.save()
    answer = moderator.get(reverse("message:index"), {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text, newline="")))
    cells = [cell for cell in row.values() if cell]
    assert all(cell.lstrip(" \t\r\n'") == cell or cell.startswith("'") for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", " ", "%")) for cell in cells)
    assert (
        all(part.startswith('"') for part in text.split("\r\n")[1].split(",") if part)
        or "," in typed
        or "\r" in typed
    )
    book = b"".join(moderator.get(reverse("message:index"), {"export": "xlsx"}).streaming_content)
    sheet = load_workbook(io.BytesIO(book)).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\uff1d1+1"])
def test_no_spreadsheet_executes_the_title_of_a_topic(moderator, message, title):
    type(message.topic).objects.filter(pk=message.topic_id).update(title=title)
    answer = moderator.get(reverse("message:index"), {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text, newline="")))["Topic"] == f"'{title}"
    book = b"".join(moderator.get(reverse("message:index"), {"export": "xlsx"}).streaming_content)
    cell = load_workbook(io.BytesIO(book)).active["B2"]
    assert (cell.data_type, cell.value) == ("s", f"'{title}")


@pytest.mark.parametrize("report", ["site-history", "aging-pages"])
def test_no_spreadsheet_executes_the_title_of_a_page_in_wagtails_own_reports(tree, report):
    page = tree.voice(title="=HYPERLINK(1)")
    page.save_revision().publish()
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss", "boss@example.org", "p"))
    answer = boss.get(f"/admin/reports/{report}/", {"export": "csv"})
    text = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK(1)" in text
    assert not re.search(r'(^|[,"\n])=HYPERLINK', text)


def test_an_export_holds_the_words_and_is_logged(moderator, message):
    message.text = "Tab\x0b and bell\x07 and ü"
    message.save()
    for kind in ("csv", "xlsx"):
        answer = moderator.get(reverse("message:index"), {"export": kind})
        assert b"".join(answer.streaming_content)
    assert ModelLogEntry.objects.filter(action="contact.export", label=message.reference).count() == 2


def test_a_message_whose_key_is_lost_says_so_and_can_still_be_closed(moderator, message, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    assert message.reference in listed(moderator)
    assert "Cannot be read" in moderator.get(reverse("message:inspect", args=[message.pk])).content.decode()
    answer = moderator.get(reverse("message:index"), {"export": "csv"})
    row = next(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert row["Reference"] == message.reference
    assert "Cannot be read" in row["Message"]
    moderator.post(reverse("message:act", args=[message.pk, "close"]))
    assert message in Message.objects.closed()


@pytest.mark.parametrize(
    "typed",
    [
        *(f"{before}=1" for before in "\u200b\u2060\u00ad\ufeff\u00a0\u202e\ufe0f\t\r\n\"'\u201c"),
        *(f"{sign}1" for sign in "\uff1d\uff0b\uff0d\uff20\u2212\ufe66\uff05"),
        '\u200b "\u00a0+1',
        "\t1",
        "\r1",
    ],
)
def test_what_a_program_may_pass_over_hides_no_formula(typed):
    assert inert(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["", "\u200b", '"Quoted" = 1', "1-2", "é=1"])
def test_what_does_not_begin_like_a_formula_is_exported_as_it_is(typed):
    assert inert(typed) == typed


def test_what_is_no_formula_is_exported_as_it_is():
    assert inert("Dear all, 1+1=2") == "Dear all, 1+1=2"
    assert [inert(value) for value in (3, -1.5, True, None)] == [3, -1.5, True, None]
    assert inert(date(2026, 5, 1)) == date(2026, 5, 1)


def test_the_log_keeps_no_word_of_the_reader(moderator, message):
    moderator.get(reverse("message:inspect", args=[message.pk]))
    moderator.post(reverse("message:act", args=[message.pk, "close"]))
    entries = " ".join(str(vars(entry)) for entry in ModelLogEntry.objects.all())
    assert "nora" not in entries.lower()
    assert CANARY not in entries


def test_a_message_is_held_only_for_a_reason(tree):
    message = Message.objects.create(topic=tree.justice, language="en", text="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(quarantine_reason="trap")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(quarantined_at=message.received_at)


def test_a_reference_is_given_once(tree):
    Message.objects.create(reference="AAAA-2222", language="en", text="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(reference="AAAA-2222", language="en", text="x")
    with pytest.raises(ValidationError):
        Message(reference="AAAA-2222", language="en", text="x").full_clean()


def test_a_message_outlives_its_topic(tree, message):
    tree.harm_reduction.delete()
    message.refresh_from_db()
    assert message.topic is None
    assert message.recipients == ["desk@example.org"]


@pytest.fixture
def root(tree) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def deletions(*pages) -> list[str]:
    """The addresses by which the admin deletes these pages: one alone, or a selection."""
    selection = "&".join(f"id={page.pk}" for page in pages)
    return [
        *(reverse("wagtailadmin_pages:delete", args=[page.pk]) for page in pages),
        f"{reverse('wagtail_bulk_action', args=['wagtailcore', 'page', 'delete'])}?{selection}&next=/admin/",
    ]


def test_a_topic_is_not_deleted_while_people_wait_for_it_or_for_one_below(root, tree, message):
    for number in range(3):
        subscriber = Subscriber.objects.create(address="x", address_digest=b"%d" % number, language="en")
        subscriber.subscriptions.create(list=list_of(tree.health), confirmed_at=message.received_at)
    for address in deletions(tree.health):
        said = root.post(
            address, {"confirm_site_name": settings.WAGTAIL_SITE_NAME}, follow=True
        ).content.decode()
        assert "3 people subscribe to its updates." in said
        assert "1 message to it is open: close it first." in said
        assert "Nothing was deleted." in said
    tree.health.refresh_from_db()
    message.refresh_from_db()
    assert message.topic == tree.harm_reduction
    assert Subscription.objects.count() == 3


def test_a_topic_that_nobody_waits_for_is_deleted(root, tree, message):
    message.close()
    alone, selected = deletions(tree.harm_reduction)
    assert "sure" in root.get(alone).content.decode()
    root.post(selected)
    message.refresh_from_db()
    assert message.topic is None
