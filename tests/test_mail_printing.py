"""Mails to many as bytes: the same as if each were made by itself."""

from email import message_from_bytes, policy

import pytest

from harmhub.mail.composing import build, compose_edition
from harmhub.mail.models import Edition, Mail
from harmhub.mail.printing import Printed
from harmhub.sealing import new_token
from tests.factories import Tree
from tests.fixtures.following import Clock, fresh, mails

pytestmark = pytest.mark.django_db
MARK = "m" * 43
URL = f"https://example.org/newsletter/leave/?t={MARK}&section=7"


def edition(greeting: str) -> Edition:
    made = compose_edition(
        template="greeting",
        context={"greeting": greeting},
        language="en",
        headers={"List-Unsubscribe": f"<{URL}>"},
        mark=MARK,
    )
    made.content["subject"] = "The same for all"
    made.save()
    return made


@pytest.mark.parametrize(
    "greeting",
    [
        f"Short {URL}",
        "Long lines " * 30 + URL,
        *(
            f"{'x' * number} {URL} é = . {URL}" for number in range(0, 76, 5)
        ),  # soft breaks run through the mark
        f"a\n.\n..\nFrom here\n{URL}",
    ],
)
def test_printed_mail_says_what_one_made_by_itself_says(mail_templates, greeting: str):
    made = edition(greeting)
    readers = ((made.pk, "en", f"r{number}@bücher.example", new_token()) for number in range(2))
    mails = Mail.queue_many("newsletter-x", readers)
    printed = Printed.of(made, mails[0].content["headers"])
    assert printed
    for mail in mails:
        raw = printed.for_reader(mail.content)
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert b"\n" not in raw.replace(b"\r\n", b"")
        expected = message_from_bytes(
            build(mail.told).message(policy=policy.SMTP).as_bytes(), policy=policy.default
        )
        found = message_from_bytes(raw, policy=policy.default)
        for message in (expected, found):
            del message["Date"]
        assert dict(found.items()) | {"Content-Type": ""} == dict(expected.items()) | {"Content-Type": ""}
        for kind in ("plain", "html"):
            bodies = [message.get_body((kind,)) for message in (found, expected)]
            assert bodies[0].get_content() == bodies[1].get_content()
            assert mail.content["secret"] in bodies[0].get_content()
        body = raw.split(b"\r\n\r\n", 1)[1]
        if b"quoted-printable" in raw:
            assert max(map(len, body.split(b"\r\n"))) <= 78, "RFC 2045, 6.7, and the names of parts"


def test_text_into_which_nothing_can_be_put_is_made_for_each_reader(mail_templates):
    made = edition("خبر جديد " * 40 + URL)
    [mail] = Mail.queue_many("newsletter-x", [(made.pk, "en", "reader@example.org", new_token())])
    assert Printed.of(made, mail.content["headers"]) is None


def test_mails_with_updates_are_made_once(tree: Tree, clock: Clock):
    for number in range(2):
        clock.follow(tree.health, address=f"reader{number}@example.org")
    fresh(tree, "Çay saati – “today”")
    clock.pass_()
    [mail] = mails("reader1@example.org")
    printed = Printed.of(mail.edition, mail.content["headers"])
    assert printed
    found = message_from_bytes(printed.for_reader(mail.content), policy=policy.default)
    assert found["List-Unsubscribe"] == mail.told["headers"]["List-Unsubscribe"]
    assert (found["To"], found["Message-ID"]) == ("reader1@example.org", mail.message_id)
    assert mail.edition.mark not in found.as_string()
