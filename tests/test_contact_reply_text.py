"""The words of a reader's mail: none is lost without a trace, and the mail that it answers is left out."""

from email import message_from_bytes
from email.message import EmailMessage

import pytest

from contact.reply_text import attachments_of, text_of, words_of

RULE = "_" * 32
HEADERS = "From: Team <answers@example.org>\nSent: Monday\nTo: Nora\nSubject: Re: x\n\nCome."


def mail(text: str, subtype: str = "plain") -> EmailMessage:
    made = EmailMessage()
    made.set_content(text, subtype=subtype)
    return made


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Yes.\n\nOn Monday, the team wrote:\n> Come.\n> Bring nothing.\n", "Yes."),
        (
            "Yes.\n\nOn Monday, 3 May 2027 at 10:00 the team of Fennmark <answers@x.org>\nwrote:\n> Come.",
            "Yes.",
        ),
        ("Sí.\n\nEl lunes, el equipo escribió:\n\n> Ven.\n", "Sí."),
        ("Yes.\n-----Original Message-----\nFrom: x\nCome.", "Yes."),
        ("> Come.\n\nYes.", "> Come.\n\nYes."),
        ("> Come.", "> Come."),
        ("Two things:\n1\n2", "Two things:\n1\n2"),
        ("a\x00b\x07c", "abc"),
        (f"Yes.\n{RULE}\n{HEADERS}", "Yes."),
        (f"One.\n{RULE}\nTwo.", f"One.\n{RULE}\nTwo."),
        (f"One.\n{RULE}\nNote: this\nTwo.", f"One.\n{RULE}\nNote: this\nTwo."),
        ("See:\n--- Forwarded message ---\nHe hit me.", "See:\n--- Forwarded message ---\nHe hit me."),
    ],
)
def test_words_are_kept_without_the_mail_that_they_answer(text, kept):
    assert text_of(mail(text)) == kept


def test_a_text_that_is_cut_says_so():
    kept = text_of(mail("x" * 20_000))
    assert len(kept) == 10_000
    assert kept.endswith("x\n[…]")


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<style>p{}</style><p>Thank you.<br>Bye</p><blockquote>Come</blockquote>", "Thank you.\nBye"),
        ("<html><head><title>Re: x</title><body><p>Yes</p></body></html>", "Yes"),
        ("<head><style>p > a {}</style><meta charset=x><p>Yes</p>", "Yes"),
        ("<blockquote><p>Come<p>Yes", "Come\nYes"),
        ("<p>Yes</p><blockquote>Come<p>when?", "Yes\nCome\nwhen?"),
        ("<p>Yes<blockquote>a<blockquote>b</blockquote>c</blockquote>d</p>", "Yes\nd"),
        ("<blockquote><style>x</blockquote>Yes</style>", "Yes"),
        ("<blockquote>All of it</blockquote>", "All of it"),
        ("1 < 2 &amp; 3 > 2, write to <nora@example.org>", "1 < 2 & 3 > 2, write to <nora@example.org>"),
        ('<a title="a > b" href=x>Yes</a><o:p></o:p>', "Yes"),
        ("<!--[if mso]><p>No</p><![endif]--><!--[if !mso]><!-->Yes<!--<![endif]-->", "Yes"),
        ("<!DOCTYPE html><?xml x?><![if !x]>Yes<![endif]> <!-- and no end", "Yes <!-- and no end"),
    ],
)
def test_html_is_kept_as_words_and_what_is_never_closed_hides_nothing(html, kept):
    assert text_of(mail(html, "html")) == kept


def test_html_that_is_too_long_says_so():
    assert words_of("<p>Yes" + "<b></b>" * 300_000 + "no").endswith("[…]")


def test_html_is_taken_where_the_plain_part_is_blank():
    made = mail(" \n")
    made.add_alternative("<p>Yes</p>", subtype="html")
    assert text_of(made) == "Yes"


def test_of_alternatives_the_plain_one_is_taken_once():
    made = mail("Yes")
    made.add_alternative("<p>Yes</p>", subtype="html")
    assert (text_of(made), attachments_of(made)) == ("Yes", 0)


def test_words_before_and_after_a_picture_are_kept():
    made = mail("Look:")
    made.add_attachment(b"picture", "image", "png", filename="x.png")
    made.add_attachment("What is it?", disposition="inline")
    made.add_attachment("<p>Bye</p>", subtype="html", disposition="inline")
    assert [line for line in text_of(made).split("\n") if line] == ["Look:", "What is it?", "Bye"]
    assert attachments_of(made) == 1


def test_a_text_with_a_name_is_text():
    made = message_from_bytes(b'Content-Type: text/plain; name="reply.txt"\n\nYes')
    assert (text_of(made), attachments_of(made)) == ("Yes", 0)


def test_parts_whose_boundary_never_comes_are_one_text():
    made = message_from_bytes(b"Content-Type: multipart/mixed; boundary=x\n\nYes")
    assert (text_of(made), attachments_of(made)) == ("Yes", 0)


def test_a_mail_or_an_invitation_that_came_along_is_an_attachment():
    made = mail("Yes")
    made.add_attachment(mail("Her words"))
    made.add_attachment("BEGIN:VCALENDAR", subtype="calendar", disposition="inline")
    assert (text_of(made), attachments_of(made)) == ("Yes", 2)
