"""The contact box from the reader's side: what is taken, what is refused, and that nothing typed is lost."""

import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Locale, PageViewRestriction

from contact.forms import LONGEST, ContactForm
from contact.models import Message
from contact.references import ALPHABET, new_reference
from contact.views import IN_ALL, PER_CLIENT
from harmhub import limits
from harmhub.addresses import validate_address
from harmhub.mail.models import Mail
from harmhub.users.models import User
from tests.fixtures.writing import CANARY, all_rows, codes_in, database_away


def test_a_message_alone_is_enough(reader, address):
    answer = reader.post(address, {"message": CANARY})
    message = Message.objects.get()
    assert answer.status_code == 200
    assert message.reference in answer.content.decode()
    assert "<title>Message sent" in answer.content.decode()
    assert (message.text, message.name, message.address, message.address_digest) == (CANARY, "", "", None)
    assert (message.answer_by, message.is_discreet) == (Message.AnswerBy.SITE, False)


def test_reference_and_key_are_shown_once_and_open_the_message(reader, address):
    reference, key = codes_in(reader.post(address, {"message": CANARY}).content.decode())
    message = Message.objects.opened_by(reference, key).get()
    assert message.reference == reference
    assert not Message.objects.opened_by(reference, f"{key[:-1]}?").exists()


def test_the_promise_names_all_who_can_read_and_how_long_at_most(reader, address, tree):
    pages = [
        reader.get(tree.harm_reduction.url),
        reader.get(address),
        reader.post(address, {"message": CANARY}),
    ]
    for page in (answer.content.decode() for answer in pages):
        assert "by the editors of this site" in page
        assert "a year at the latest" in page
        assert "nobody else" not in page
    able = set(Group.objects.filter(permissions__codename="view_message").values_list("name", flat=True))
    assert able == {"Editors", "Moderators"}  # whoever narrows this may promise more


def test_name_and_address_are_kept_where_given(reader, address):
    reader.post(address, {"message": CANARY, "sender": "Canaryname", "email": " Canary@Example.org "})
    message = Message.objects.get()
    assert (message.name, message.address) == ("Canaryname", "Canary@Example.org")
    assert message in Message.objects.of_address("canary@example.ORG")


def test_no_word_of_the_reader_lies_in_the_database_in_plain(reader, address):
    reader.post(address, {"message": CANARY, "sender": "Canaryname", "email": "canary@example.org"})
    for table, rows in all_rows():
        assert "canary" not in rows.lower(), table


def test_the_answer_is_kept_by_nobody_and_sets_no_cookie(reader, address):
    for answer in (reader.get(address), reader.post(address, {"message": CANARY}), reader.post(address, {})):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex"
        assert not answer.cookies


def test_the_notice_names_topic_and_reference_and_nothing_of_the_reader(reader, address):
    reader.post(address, {"message": CANARY, "sender": "Canaryname", "email": "canary@example.org"})
    message, notice = Message.objects.get(), Mail.objects.get()
    assert notice.content["to"] == "health@example.org"
    assert message.reference in notice.content["subject"]
    assert "Harm Reduction" in notice.content["text"]
    assert f"http://testserver/admin/messages/inspect/{message.pk}/" in notice.content["text"]
    assert "canary" not in str(notice.content).lower()
    assert message.notified_at


def test_the_site_is_told_where_no_topic_names_anybody(reader, tree):
    reader.post(reverse("contact:send", args=[tree.justice.pk]), {"message": CANARY})
    assert Mail.objects.get().content["to"] == "desk@example.org"


def test_a_message_is_kept_where_nobody_is_named_at_all(reader, tree):
    tree.settings.contact_addresses = ""
    tree.settings.save()
    reader.post(reverse("contact:send", args=[tree.justice.pk]), {"message": CANARY})
    assert Message.objects.get().notified_at is None
    assert not Mail.objects.exists()


def test_message_and_notice_are_stored_together_or_not_at_all(reader, address, monkeypatch):
    def fail(**mail):
        raise OperationalError("gone")

    monkeypatch.setattr("harmhub.mail.post", fail)
    answer = reader.post(address, {"message": CANARY})
    assert answer.status_code == 503
    assert not Message.objects.exists()


def test_an_answer_that_cannot_be_rendered_stores_nothing(reader, address, monkeypatch):
    import contact.views

    render = contact.views.render

    def fail_to_answer(request, template, context, **kwargs):
        if template == "contact/sent.html":
            raise OperationalError("gone")
        return render(request, template, context, **kwargs)

    monkeypatch.setattr("contact.views.render", fail_to_answer)
    answer = reader.post(address, {"message": CANARY})
    assert answer.status_code == 503
    assert CANARY in answer.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize("nothing", ["", " \u200b\r\n\u2060"])
def test_an_empty_message_is_an_error_that_takes_focus_and_keeps_the_rest(reader, address, nothing):
    answer = reader.post(address, {"message": nothing, "sender": "Nora", "email": "n.lopes@"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert '<a href="#c-message">Write your message</a>' in page
    assert '<a href="#c-email">Write the e-mail address in full' in page
    assert 'value="Nora"' in page
    assert 'value="n.lopes@"' in page
    assert not Message.objects.exists()


def test_what_was_typed_comes_back_escaped(reader, address):
    page = reader.post(address, {"message": "<script>x</script>", "email": '"><b>'}).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028"])
@pytest.mark.parametrize(
    ("field", "typed", "wrong"),
    [("sender", "Nora{}Bcc: x", "on one line"), ("email", "n@example.org{}Bcc: x@example.org", "in full")],
)
def test_a_line_break_in_name_or_address_is_said_and_reaches_no_mail(
    reader, address, field, typed, wrong, end
):
    answer = reader.post(address, {"message": CANARY, field: typed.format(end)})
    assert answer.status_code == 422
    assert f'<a href="#c-{field}">' in answer.content.decode()
    assert wrong in answer.content.decode()
    assert not Message.objects.exists()
    assert not Mail.objects.exists()


@pytest.mark.parametrize(("length", "status"), [(LONGEST, 200), (LONGEST + 1, 422)])
def test_a_message_has_at_most_ten_thousand_characters(reader, address, length, status):
    assert reader.post(address, {"message": "x" * length}).status_code == status


def test_line_ends_count_once(reader, address):
    assert reader.post(address, {"message": "x\r\n" * (LONGEST // 2 - 1) + "end"}).status_code == 422
    assert reader.post(address, {"message": "x\r\n" * (LONGEST // 2)}).status_code == 200


def test_a_message_much_too_long_is_an_error_with_its_text(reader, address):
    text = "Canary " * 40_000
    answer = reader.post(address, {"message": text})
    assert answer.status_code == 422
    assert text.strip() in answer.content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        "a@b.org, c@d.org",
        "a@b.org;c@d.org",
        '"a b"@b.org',
        "A <a@b.org>",
        "a@localhost",
        "a@b",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@b.org\nBcc: c@d.org",
        "a%c@b.org",
        "a!c@b.org",
        "a(c)@b.org",
        "a@b..org",
        "a@-b.org",
        "a@☃.net",
        "a@xn--a.org",
        "a@site.local",
        "a\u202e@b.org",
        "ä@b.org",
        "@b.org",
        "a@" + "b" * 250 + ".org",
        "a" * 65 + "@b.org",
    ],
)
def test_what_is_not_one_plain_address_is_refused(typed):
    form = ContactForm({"message": "x", "email": typed})
    assert not form.is_valid()
    assert list(form.errors) == ["email"]


@pytest.mark.parametrize(
    "typed",
    ["a@b.org", "a.b+c@mail.example.org", "a@münchen.de", "a@faß.de", "o'hara@example.org", "A@B.ORG"],
)
def test_one_plain_address_is_taken(typed):
    validate_address(typed)


@pytest.mark.parametrize(
    ("trap", "text", "reason"),
    [("x", CANARY, Message.Reason.TRAP), ("", "http://a.b " * 4, Message.Reason.LINKS)],
)
def test_probable_spam_is_held_without_a_notice_and_answered_as_ever(reader, address, trap, text, reason):
    answer = reader.post(address, {"message": text, "website": trap})
    message = Message.objects.quarantined().get()
    assert message.quarantine_reason == reason
    assert message.reference in answer.content.decode()
    assert not Mail.objects.exists()


def test_three_links_are_no_spam(reader, address):
    reader.post(address, {"message": "http://a.b www.c.d https://e.f"})
    assert Message.objects.open().exists()


def opened(seconds_ago: int) -> str:
    return ContactForm._signer().sign(int(time.time()) - seconds_ago)


@pytest.mark.parametrize(
    ("seconds_ago", "status"), [(1, 422), (4, 200), (86_000, 200), (86_500, 422), (-60, 422)]
)
def test_a_form_page_serves_from_three_seconds_to_a_day(reader, address, seconds_ago, status):
    answer = reader.post(address, {"message": CANARY, "opened": opened(seconds_ago)})
    assert answer.status_code == status
    assert status == 200 or CANARY in answer.content.decode()


@pytest.mark.parametrize("value", ["1", "x" * 3000, "1:forged", "1795000000:AAAA"])
def test_a_forged_time_is_refused(reader, address, value):
    assert reader.post(address, {"message": CANARY, "opened": value}).status_code == 422


def test_the_time_of_another_form_is_refused(reader, address):
    from newsletter.forms import SignUpForm

    other = SignUpForm._signer().sign(int(time.time()) - 10)
    assert reader.post(address, {"message": CANARY, "opened": other}).status_code == 422


def test_after_a_refused_time_the_same_page_can_be_sent_again(reader, address):
    answer = reader.post(address, {"message": CANARY, "opened": opened(90_000)})
    again = answer.context["form"].opened_value
    assert reader.post(address, {"message": CANARY, "opened": again}).status_code == 200


def test_the_form_page_carries_a_time_and_the_topic_page_none(reader, address, tree):
    assert 'name="opened"' in reader.get(address).content.decode()
    topic_page = reader.get(tree.harm_reduction.url).content.decode()
    assert f'action="{address}"' in topic_page
    assert 'name="opened"' not in topic_page
    assert "csrf" not in topic_page


def test_the_contact_pages_of_a_sensitive_topic_have_the_exit(reader, address, tree):
    assert "Exit this page" in reader.get(address).content.decode()
    assert "Exit this page" in reader.post(address, {"message": CANARY}).content.decode()
    assert (
        "Exit this page" not in reader.get(reverse("contact:send", args=[tree.justice.pk])).content.decode()
    )


def test_a_topic_that_is_not_public_takes_no_messages(reader, address, tree):
    tree.harm_reduction.unpublish()
    assert reader.get(address).status_code == 404
    assert reader.post(address, {"message": CANARY}).status_code == 404
    PageViewRestriction.objects.create(page=tree.justice, restriction_type="login")
    assert reader.get(reverse("contact:send", args=[tree.justice.pk])).status_code == 404
    assert reader.post("/contact/999999/", {"message": CANARY}).status_code == 404
    assert reader.get(f"/contact/{'9' * 30}/").status_code == 404
    assert not Message.objects.exists()


def test_what_was_typed_for_a_topic_that_went_meanwhile_is_still_there(reader, address, tree):
    tree.harm_reduction.unpublish()
    shown = reader.post(address, {"message": CANARY}).content.decode()
    assert "Your message was not sent" in shown
    assert f"{CANARY}</textarea>" in shown
    assert "Exit this page" in shown


def test_a_topic_with_a_password_offers_no_box_that_could_not_work(tree):
    PageViewRestriction.objects.create(page=tree.harm_reduction, restriction_type="groups")
    member = User.objects.create_superuser("member", "member@example.org", "p")
    reader = Client()
    reader.force_login(member)
    assert "Contact box" in reader.get(tree.health.url).content.decode()
    shown = reader.get(tree.harm_reduction.url).content.decode()
    assert "Recent Work" in shown
    assert "Contact box" not in shown
    assert "#contact" not in shown


def test_the_language_is_that_of_the_topic(reader, tree):
    arabic = tree.justice.copy_for_translation(
        Locale.objects.get_or_create(language_code="ar")[0], copy_parents=True
    )
    arabic.save_revision().publish()
    answer = reader.post(reverse("contact:send", args=[arabic.pk]), {"message": CANARY})
    assert Message.objects.get().language == "ar"
    assert '<html lang="ar" dir="rtl">' in answer.content.decode()


def test_the_same_message_twice_is_one_with_an_answer_of_its_own(reader, address):
    first = reader.post(address, {"message": CANARY})
    again = reader.post(address, {"message": CANARY})
    reference = Message.objects.get().reference
    assert reference in first.content.decode()
    assert again.status_code == 200
    assert "We already have this message" in again.content.decode()
    assert reference not in again.content.decode()


def test_the_same_text_of_another_client_is_another_message(reader, address):
    for number in (1, 2):
        reader.post(address, {"message": "Help"}, REMOTE_ADDR=f"203.0.113.{number}")
    assert Message.objects.count() == 2


def test_the_same_text_now_with_an_address_is_another_message(reader, address):
    reader.post(address, {"message": CANARY})
    reader.post(address, {"message": CANARY, "email": "a@example.org"})
    assert Message.objects.count() == 2


def test_a_try_that_failed_can_be_repeated(reader, address, monkeypatch):
    def fail(**mail):
        raise OperationalError("gone")

    with monkeypatch.context() as outage:
        outage.setattr("harmhub.mail.post", fail)
        assert reader.post(address, {"message": CANARY}).status_code == 503
    assert "Message sent" in reader.post(address, {"message": CANARY}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_message(tree, address):
    answers = []

    def press():
        try:
            browser = Client(headers={"sec-fetch-site": "same-origin"})
            answers.append(browser.post(address, {"message": CANARY}).content.decode())
        finally:
            connection.close()

    presses = [threading.Thread(target=press) for _ in range(2)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert Message.objects.count() == 1
    assert sorted("Message sent" in answer for answer in answers) == [False, True]


def test_too_many_messages_get_their_text_back(reader, address):
    for number in range(PER_CLIENT):
        assert reader.post(address, {"message": f"Number {number}"}).status_code == 200
    answer = reader.post(address, {"message": CANARY, "email": "a@example.org"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert "<title>Error: " in answer.content.decode()
    assert CANARY in answer.content.decode()
    assert 'value="a@example.org"' in answer.content.decode()
    assert reader.post(address, {"message": CANARY}, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_there_is_a_limit_for_all_together(reader, address, monkeypatch):
    monkeypatch.setattr(limits, "allow", lambda form, request, *, per_client, in_all: in_all != IN_ALL)
    assert reader.post(address, {"message": CANARY}).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_text_comes_back_and_nothing_is_claimed(reader, tree, address):
    typed = {"message": f"{CANARY} <b>", "sender": "Nora", "email": "n@example.org", "opened": opened(9)}
    typed |= {"answer_by": "mail", "discreet": "on"}
    with database_away():
        answer = reader.post(address, typed)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert answer["Cache-Control"] == "no-store"
    assert "Your message was not sent" in page
    assert f"{CANARY} &lt;b&gt;" in page
    assert 'value="Nora"' in page
    assert 'value="mail" checked' in page
    assert 'name="discreet" checked' in page
    assert f'action="{address}"' in page
    assert not Message.objects.exists()
    assert reader.post(address, typed).status_code == 200


def test_a_form_from_elsewhere_is_refused(address):
    assert Client().post(address, {"message": CANARY}).status_code == 403
    assert (
        Client(headers={"sec-fetch-site": "cross-site"}).post(address, {"message": CANARY}).status_code == 403
    )
    assert (
        Client(headers={"origin": "http://testserver"}).post(address, {"message": CANARY}).status_code == 200
    )


def test_references_are_random_readable_and_unique(tree):
    drawn = {new_reference() for _ in range(2000)}
    assert len(drawn) == 2000
    assert all(len(reference) == 9 and reference[4] == "-" for reference in drawn)
    assert set("".join(drawn)) == {*ALPHABET, "-"}
    assert not set("01ILOUV") & set(ALPHABET)


def test_a_get_changes_nothing(reader, address):
    for method in (reader.get, reader.head, reader.options):
        method(address, {"message": CANARY})
    assert not Message.objects.exists()


def test_messages_know_their_state(tree):
    message = Message.objects.create(topic=tree.justice, language="en", text="x")
    assert message in Message.objects.open()
    message.close()
    assert message in Message.objects.closed()
    assert message.closed_at - timezone.now() < timedelta(seconds=1)
    message.reopen()
    message.quarantine()
    assert message in Message.objects.quarantined()
    assert message not in Message.objects.open()
