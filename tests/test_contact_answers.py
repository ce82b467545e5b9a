"""What the team does with a message: answer, note, assign, move, merge, and undo; each time in the log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from contact import reading
from contact.models import CannedAnswer, Message, Turn
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from harmhub.sealing import address_digest
from tests.fixtures.inbox import ANSWER, CANARY, client_of, do, logged, member, now_is_later, undo, written
from tests.fixtures.mails import OddSink
from tests.fixtures.smtp import text_of


@pytest.fixture
def message(tree) -> Message:
    return written(tree.harm_reduction)


@pytest.fixture
def by_mail(tree) -> Message:
    address = "nora@example.org"
    return written(
        tree.harm_reduction,
        name="Nora",
        address=address,
        address_digest=address_digest(address),
        answer_by="mail",
    )


def test_an_answer_is_kept_sealed_and_the_message_is_answered_and_the_author_s(desk, ana, message):
    page = do(desk, message, "answer", text=ANSWER).content.decode()
    assert "leaves in two minutes" in page
    assert "<p>Come on Monday.<br>Bring nothing.</p>" in page
    message.refresh_from_db()
    assert message in Message.objects.answered()
    assert message.assigned_to == ana
    assert logged(message) == ["answer"]
    assert Mail.objects.count() == 0


def test_an_answer_by_mail_has_the_reference_and_not_a_word_of_the_reader(
    desk, by_mail, mail_server: OddSink
):
    do(desk, by_mail, "answer", text=ANSWER)
    send_due_mail()
    assert mail_server.messages == []
    now_is_later(minutes=3)
    send_due_mail()
    (mail,) = mail_server.messages
    assert mail["To"] == "nora@example.org"
    assert mail["Subject"] == f"[{by_mail.reference}] Your message to Fennmark Foundation"
    assert text_of(mail).replace("\r\n", "\n").startswith(ANSWER)
    assert by_mail.reference in text_of(mail)
    assert "not read" in text_of(mail)
    assert mail["Reply-To"] is None
    assert mail["Auto-Submitted"] == "no"
    assert CANARY not in mail.as_string()
    assert "Nora" not in text_of(mail)


def test_a_discreet_answer_names_neither_topic_nor_organisation(desk, by_mail, mail_server: OddSink):
    Message.objects.filter(pk=by_mail.pk).update(is_discreet=True)
    do(desk, by_mail, "answer", text=ANSWER)
    now_is_later(minutes=3)
    send_due_mail()
    (mail,) = mail_server.messages
    assert mail["Subject"] == f"Your question [{by_mail.reference}]"
    assert "Fennmark" not in mail.as_string()
    assert "Harm" not in mail.as_string()
    assert mail["From"].startswith("Your question ")


def test_an_answer_can_be_undone_before_it_leaves(desk, by_mail):
    page = do(desk, by_mail, "answer", text=ANSWER, close="1")
    assert "Undone." in undo(desk, page)
    by_mail.refresh_from_db()
    assert (by_mail.answered_at, by_mail.assigned_to, by_mail.closed_at) == (None, None, None)
    assert Turn.objects.count() == Mail.objects.count() == 0
    assert logged(by_mail) == ["answer", "undo"]


@pytest.mark.parametrize("how", ["later", "sent", "claimed"])
def test_an_answer_that_has_left_is_not_undone(desk, by_mail, how):
    page = do(desk, by_mail, "answer", text=ANSWER)
    soon = timezone.now() + timedelta(minutes=1)
    if how == "later":
        now_is_later(minutes=3)
    else:
        Mail.objects.update(**{"sent": {"sent_at": timezone.now()}, "claimed": {"claimed_until": soon}}[how])
    assert "has left already" in undo(desk, page)
    assert Turn.objects.count() == Mail.objects.count() == 1
    by_mail.refresh_from_db()
    assert by_mail.answered_at


def test_the_reader_sees_no_answer_that_can_be_undone_and_no_note(desk, message):
    do(desk, message, "answer", text=ANSWER)
    do(desk, message, "note", text="Call the clinic first.")
    assert not message.turns.for_reader().exists()
    now_is_later(minutes=3)
    assert [turn.text for turn in message.turns.for_reader()] == [ANSWER]


def test_an_answer_sent_twice_is_one(desk, by_mail):
    last = ""
    for _ in range(2):
        page = do(desk, by_mail, "answer", text=f"  {ANSWER.replace(chr(10), chr(13) + chr(10))} ", last=last)
        assert page.status_code == 200
    assert Turn.objects.count() == Mail.objects.count() == 1
    assert logged(by_mail) == ["answer"]


def test_a_note_written_twice_is_one_and_can_be_undone(desk, message):
    page = do(desk, message, "note", text="<b>Careful")
    assert "&lt;b&gt;Careful" in page.content.decode()
    do(desk, message, "note", text="<b>Careful")
    assert Turn.objects.get().kind == Turn.Kind.NOTE
    undo(desk, page)
    assert not Turn.objects.exists()


@pytest.mark.parametrize(("act", "text"), [("answer", " "), ("note", ""), ("answer", "x" * 10_001)])
def test_words_that_cannot_be_taken_come_back_with_what_is_wrong(desk, message, act, text):
    page = do(desk, message, act, text=text)
    assert page.status_code == 422
    assert "Error:" in page.content.decode()
    assert f'href="#{act}-text"' in page.content.decode()
    assert not Turn.objects.exists()


def test_nobody_answers_what_she_has_not_seen(desk, message):
    other = client_of(member("ben"))
    do(other, message, "answer", text="Come on Sunday.")
    page = do(desk, message, "answer", text=ANSWER, last="")
    assert page.status_code == 422
    assert "Meanwhile something was said" in page.content.decode()
    assert ANSWER.partition("\n")[0] in page.content.decode()
    last = page.context["forms"]["answer"].data["last"]
    assert do(desk, message, "answer", text=ANSWER, last=last).status_code == 200
    assert Turn.objects.count() == 2


def test_what_is_held_back_is_not_answered(desk, message):
    message.quarantine()
    page = desk.get(reverse("message:inspect", args=[message.pk])).content.decode()
    assert reverse("message:act", args=[message.pk, "answer"]) not in page
    desk.post(reverse("message:act", args=[message.pk, "answer"]), {"text": ANSWER, "last": ""})
    assert not Turn.objects.exists()


def test_canned_answers_of_the_topic_of_those_above_and_of_all_are_offered_in_the_language(
    tree, desk, message
):
    for title, topic, language in [
        ("For all", None, "en"),
        ("Above", tree.health, "en"),
        ("Own", tree.harm_reduction, "en"),
        ("Below", tree.drug_checking, "en"),
        ("Beside", tree.justice, "en"),
        ("Other language", None, "fr"),
    ]:
        CannedAnswer.objects.create(title=title, topic=topic, language=language, text=f"{title}.")
    form = desk.get(reverse("message:inspect", args=[message.pk])).context["forms"]["answer"]
    assert [str(each) for each in form.fields["canned"].queryset] == ["Own", "Above", "For all"]


def test_a_canned_answer_is_inserted_after_what_was_typed_and_nothing_is_sent(desk, message):
    canned = CannedAnswer.objects.create(title="Hours", text="We are open on Monday.")
    page = do(desk, message, "answer", text="Dear you,", canned=str(canned.pk), insert="1")
    assert page.status_code == 200
    assert "Dear you,\n\nWe are open on Monday.</textarea>" in page.content.decode()
    assert not Turn.objects.exists()
    page = do(desk, message, "answer", text="Dear you,", canned="no number", insert="1")
    assert "Dear you,</textarea>" in page.content.decode()


def test_each_reading_is_in_the_log_also_when_a_form_comes_back(desk, message):
    readings = ModelLogEntry.objects.filter(action="contact.read", label=message.reference)
    act = reverse("message:act", args=[message.pk, "answer"])
    for number, data in enumerate(({"insert": "1"}, {"text": ""}, {"text": ANSWER, "last": "7"}), start=1):
        assert CANARY in desk.post(act, data).content.decode()
        assert readings.count() == number


def test_the_log_keeps_no_word_of_anybody(desk, by_mail, tree):
    do(desk, by_mail, "answer", text=ANSWER)
    do(desk, by_mail, "note", text="Notewords")
    entries = " ".join(str(vars(entry)) for entry in ModelLogEntry.objects.all())
    for words in (CANARY, "Monday", "Notewords", "Nora", "nora@"):
        assert words not in entries


def test_editors_write_canned_answers(desk):
    data = {"title": "Hours", "topic": "", "language": "en", "text": "We are open on Monday."}
    assert desk.post(reverse("canned_answer:add"), data, follow=True).status_code == 200
    assert "Hours" in desk.get(reverse("canned_answer:index")).content.decode()


def test_canned_answers_ask_as_much_for_three_as_for_eighteen(desk, tree):
    counts = []
    desk.get(reverse("canned_answer:index"))  # fills what the process remembers
    for more in (3, 15):
        for number in range(more):
            CannedAnswer.objects.create(title=f"Hours {number}", topic=tree.justice, text="On Monday.")
        with CaptureQueriesContext(connection) as queries:
            assert "Justice" in desk.get(reverse("canned_answer:index")).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_message_is_taken_assigned_and_given_back(desk, ana, message):
    ben = member("ben")
    assert "is yours" in (page := do(desk, message, "take")).content.decode()
    message.refresh_from_db()
    assert message.assigned_to == ana
    assert "Somebody else has taken it" in do(client_of(ben), message, "take").content.decode()
    do(desk, message, "assign", to=str(ben.pk))
    assert "Something else happened" in undo(desk, page)
    do(desk, message, "unassign")
    message.refresh_from_db()
    assert message.assigned_to is None
    assert logged(message) == ["take", "assign", "unassign"]
    history = desk.get(reverse("message:history", args=[message.pk])).content.decode()
    assert "Message assigned to ben" in history


def test_messages_are_assigned_only_to_who_may_see_them(tree, desk, message):
    team = Group.objects.create(name="Health team")
    tree.health.team = team
    tree.health.save()
    own = member("own", "Health team")
    form = client_of(own).get(reverse("message:inspect", args=[message.pk])).context["forms"]["assign"]
    assert [user.username for user in form.fields["to"].queryset] == ["own"]
    answer = do(client_of(own), message, "assign", to=str(member("other").pk))
    assert answer.status_code == 422
    message.refresh_from_db()
    assert message.assigned_to is None


def test_a_message_to_the_wrong_topic_is_moved_and_its_people_are_told_in_two_minutes(tree, desk, message):
    Message.objects.filter(pk=message.pk).update(notified_at=timezone.now())
    page = do(desk, message, "move", topic=str(tree.justice.pk))
    message.refresh_from_db()
    assert message.topic == tree.justice
    notice = Mail.objects.get()
    assert notice.purpose == "contact-notice"
    assert notice.due_at > timezone.now() + timedelta(minutes=1)
    assert CANARY not in str(notice.told)
    undo(desk, page)
    message.refresh_from_db()
    assert message.topic == tree.harm_reduction
    assert not Mail.objects.exists()


def test_a_message_moved_to_another_team_is_out_of_sight_and_can_be_taken_back(tree, ana, desk, message):
    tree.justice.team = Group.objects.create(name="Justice team")
    tree.justice.save()
    Message.objects.filter(pk=message.pk).update(assigned_to=ana)
    page = do(desk, message, "move", topic=str(tree.justice.pk))
    assert page.request["PATH_INFO"] == reverse("message:index")
    message.refresh_from_db()
    assert message.assigned_to is None
    assert desk.get(reverse("message:inspect", args=[message.pk])).status_code == 404
    undo(desk, page)
    message.refresh_from_db()
    assert (message.topic, message.assigned_to) == (tree.harm_reduction, ana)


def test_only_who_did_it_can_undo_it(desk, message):
    page = do(desk, message, "close")
    assert "Only who did it" in undo(client_of(member("ben")), page)
    message.refresh_from_db()
    assert message.closed_at
    for token in ("", "made up", "a:b:c"):
        answer = desk.post(reverse("message:undo"), {"token": token}, follow=True)
        assert "too late" in answer.content.decode()


@pytest.mark.parametrize("act", ["close", "quarantine", "take"])
def test_each_act_can_be_undone(desk, message, act):
    before = Message.objects.filter(pk=message.pk).values().get()
    page = do(desk, message, act)
    assert Message.objects.filter(pk=message.pk).values().get() != before
    undo(desk, page)
    assert Message.objects.filter(pk=message.pk).values().get() == before
    assert "Something else" in undo(desk, page)


def test_what_changed_nothing_is_neither_logged_nor_undone(desk, message):
    do(desk, message, "close")
    page = do(desk, message, "close")
    assert "is closed" in page.content.decode()
    assert 'name="token"' not in page.content.decode()
    assert logged(message) == ["close"]


def test_acts_are_done_by_post_with_a_token(ana, message):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    for address in (reverse("message:act", args=[message.pk, "take"]), reverse("message:undo")):
        assert strict.post(address).status_code == 403
    strict.get(reverse("message:act", args=[message.pk, "take"]))
    assert strict.get(reverse("message:undo")).status_code == 405
    message.refresh_from_db()
    assert message.assigned_to is None


def test_a_clock_that_was_a_day_ahead_holds_up_no_answer(desk, by_mail):
    ahead = timezone.now() + timedelta(days=1)
    Message.objects.filter(pk=by_mail.pk).update(heard_at=ahead)
    page = do(desk, by_mail, "answer", text=ANSWER)
    by_mail.refresh_from_db()
    assert (by_mail.state, reading.state_of(by_mail)) == ("Answered", "taken")
    Turn.objects.update(written_at=ahead)
    Message.objects.update(heard_at=ahead, answered_at=ahead)
    by_mail.refresh_from_db()
    assert reading.state_of(by_mail) == "answered"
    assert [turn.text for turn in reading.turns_of(by_mail)] == [ANSWER]
    undo(desk, page)
    assert Turn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_at_once_sends_one_answer(desk, by_mail):
    address = reverse("message:act", args=[by_mail.pk, "answer"])

    def press() -> int:
        try:
            return desk.post(address, {"text": ANSWER, "last": ""}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        assert [each.result() for each in [pool.submit(press) for _ in range(4)]] == [302] * 4
    assert Turn.objects.count() == Mail.objects.count() == 1
