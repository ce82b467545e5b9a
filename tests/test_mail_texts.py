"""What a mail says, and what cannot be put into it."""

import email
import email.policy

import pytest
from django.db import connection

from harmhub import mail
from harmhub.mail.composing import build, deliverable
from harmhub.mail.message import Message
from harmhub.mail.models import Mail
from tests.fixtures.mails import GREETING, READER

pytestmark = pytest.mark.django_db


def built(row: Mail) -> email.message.EmailMessage:
    """Return the mail as it goes over the wire, read again."""
    wire = build(row.content).message(policy=email.policy.SMTP).as_bytes()
    return email.message_from_bytes(wire, policy=email.policy.default)


def test_text_and_html_are_made_from_the_same_context(post_greeting):
    message = built(post_greeting())
    assert message["Subject"] == f"{GREETING} to you"
    assert message["To"] == READER
    for kind in ("plain", "html"):
        text = message.get_body((kind,)).get_content()
        assert GREETING in text
        assert "http://testserver/newsletter/" in text


def test_styles_stand_on_the_elements_and_the_dark_scheme_stays_in_the_head(post_greeting):
    html = built(post_greeting()).get_body(("html",)).get_content()
    assert '<h1 style="' in html
    assert html.count("<style") == 1
    assert "prefers-color-scheme: dark" in html


def test_html_loads_nothing_and_has_no_comment(post_greeting):
    html = built(post_greeting()).get_body(("html",)).get_content()
    for loaded in ("src=", "url(", "<link", "@import", "<!--"):
        assert loaded not in html


def test_a_mail_without_html_template_is_plain_text_and_not_escaped(post_greeting):
    message = built(post_greeting(template="plain"))
    assert message.get_content_type() == "text/plain"
    assert "1 < 2" in message.get_content()


def test_context_is_escaped_in_html_only(post_greeting):
    message = built(post_greeting(context={"greeting": "<b>Tom & Jerry</b>"}))
    assert "<b>Tom & Jerry</b>" in message.get_body(("plain",)).get_content()
    assert "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;" in message.get_body(("html",)).get_content()


def test_arabic_mail_reads_from_right_to_left(post_greeting):
    message = built(post_greeting(language="ar"))
    assert '<html lang="ar" dir="rtl">' in message.get_body(("html",)).get_content()
    assert message["Content-Language"] == "ar"


def test_automatic_mail_says_so_and_comes_from_the_organisation(tree, post_greeting):
    tree.settings.organisation = 'Fennmark, "the" Фонд'
    tree.settings.save()
    message = built(post_greeting())
    assert message["Auto-Submitted"] == "auto-generated"
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Fennmark, "the" Фонд', "updates@testserver")


def test_message_id_derives_from_the_row_and_stays(post_greeting):
    row = post_greeting()
    assert built(row)["Message-ID"] == f"<mail-{row.pk}@testserver>"
    assert built(Mail.objects.get(pk=row.pk))["Message-ID"] == built(row)["Message-ID"]


def test_further_headers_are_kept(post_greeting):
    message = built(post_greeting(headers={"List-Unsubscribe": "<https://example.org/x?t=1>"}))
    assert message["List-Unsubscribe"] == "<https://example.org/x?t=1>"


@pytest.mark.parametrize(
    "value", ["x\r\nBcc: other@example.org", "x\nBcc: a@b.org", "x\0", "x\u2028Bcc: a@b.org", "x\x85y"]
)
def test_a_header_with_a_line_break_is_refused(post_greeting, value):
    with pytest.raises(ValueError, match="line break"):
        post_greeting(headers={"List-Id": value})
    assert not Mail.objects.exists()


@pytest.mark.parametrize("name", ["List-Id: x\r\nBcc", "List Id", "", "Ünsub"])
def test_a_header_name_that_is_none_is_refused(post_greeting, name):
    with pytest.raises(ValueError, match="line break"):
        post_greeting(headers={name: "x"})


def test_line_breaks_in_a_subject_become_spaces(post_greeting):
    message = built(post_greeting(context={"greeting": "Hello\r\nBcc: other@example.org\r\n\r\nBody"}))
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: other@example.org Body to you"


def test_no_subject_or_sender_turns_the_words_beside_it(tree, post_greeting):
    tree.settings.organisation = "Fenn\u202emark"
    tree.settings.save()
    message = built(post_greeting(context={"greeting": "\u2067A\u202egnp.exe"}))
    assert message["Subject"] == "Agnp.exe to you"
    assert message["From"].addresses[0].display_name == "Fennmark"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.org\r\nBcc: c@d.org",
        "a@b.org, c@d.org",
        '"a b"@c.org',
        "a@",
        "@b.org",
        "b.org",
        "",
        "ü@b.org",
        "a@b..org",
        "<a@b.org>",
    ],
)
def test_an_address_that_no_mail_can_go_to_is_given_up_at_once_and_breaks_nothing(post_greeting, address):
    row = post_greeting(to=address)
    assert (row.failed_at is not None, row.last_answer) == (True, "no address")
    assert not Mail.objects.due().exists()


def test_address_is_delivered_as_typed_with_its_domain_by_idna_2008():
    assert deliverable("Lena.Groß".replace("ß", "ss") + "@STRASSE.example") == "Lena.Gross@strasse.example"
    assert deliverable("lena@straße.example") == "lena@xn--strae-oqa.example"


def test_nothing_of_a_mail_lies_in_its_row_in_plain(post_greeting):
    post_greeting(headers={"List-Unsubscribe": "<https://example.org/?token=canary-token>"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(mail_mail)::text, encode(content, 'escape') FROM mail_mail")
        (row, content) = cursor.fetchone()
    assert "canary" not in (row + content).lower()
    assert READER not in row + content


def test_a_mail_is_found_by_its_address_however_it_is_written(post_greeting):
    row = post_greeting(to="Reader@Example.ORG")
    assert list(Mail.objects.to("reader@example.org")) == [row]


def test_links_are_absolute():
    assert mail.public_url("/contact/?a=b") == "http://testserver/contact/?a=b"


def test_headers_for_machines_stand_on_one_line_as_they_are():
    address = f"<https://{'long-name.' * 9}example.org/newsletter/one-click/?t={'x' * 43}>"
    message = Message(
        "Words", "text", "a@example.org", ["b@example.org"], headers={"List-Unsubscribe": address}
    )
    for policy in (email.policy.default, email.policy.SMTP):
        lines = message.message(policy=policy).as_bytes().decode().splitlines()
        assert f"List-Unsubscribe: {address}" in lines
