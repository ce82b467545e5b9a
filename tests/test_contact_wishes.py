"""What a reader sees before she writes, and how she wants to be answered."""

import re

import pytest
from django.contrib.auth.models import Group

from contact.models import Message
from content.models import InfoPage
from tests.fixtures.writing import CANARY

# --- what she sees before she writes


def test_before_writing_she_sees_where_local_help_is_and_how_to_be_safer(reader, address, tree, settings):
    safety, help_page = (
        tree.home.add_child(instance=InfoPage(title=title, slug=title)) for title in ("safety", "help")
    )
    tree.settings.safety_page, tree.settings.help_page = safety, help_page
    tree.settings.save()
    settings.ONION_URL = f"http://{'a' * 56}.onion"
    for path in (tree.harm_reduction.url, address):
        page = reader.get(path).content.decode()
        box = page.split("<main")[1].split("<textarea")[0]
        assert "not an emergency service" in box
        assert f'href="{help_page.url}">Find help near you' in box
        assert f'href="{safety.url}">How to be safer' in box
        assert f'href="{settings.ONION_URL}{address}"' in box
    settings.ONION_URL = ""
    for path in (tree.harm_reduction.url, address):
        assert "Tor Browser" not in reader.get(path).content.decode()


def test_box_leads_to_the_local_help_on_the_page_of_the_form(reader, address, tree):
    tree.health.local_help = '<p>Call <a href="tel:112">112</a></p><ul><li>Night line</li></ul>'
    tree.health.save()
    page = reader.get(tree.harm_reduction.url).content.decode()
    assert f'<a href="{address}#help">Help near you</a>' in page
    page = reader.get(address).content.decode()
    assert 'id="help"' in page
    assert tree.health.local_help in page


def test_team_of_a_topic_narrows_the_promise(reader, address, tree):
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    answers = [
        reader.get(tree.harm_reduction.url),
        reader.get(address),
        reader.post(address, {"message": CANARY}),
    ]
    for page in (answer.content.decode() for answer in answers):
        assert "by the team of this topic and the administrators of this site, and by nobody else" in page
        assert "by the editors" not in page


# --- how she wants to be answered


def test_box_and_page_offer_the_same_choices(reader, address, tree):
    for path in (tree.harm_reduction.url, address):
        page = reader.get(path).content.decode()
        form = page.split(f'action="{address}"')[1].split("</form>")[0]
        assert re.findall(r'name="(answer_by|discreet)"(?: value="(\w+)")?', form) == [
            ("answer_by", "site"), ("answer_by", "mail"), ("discreet", ""),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "answer_by"),
    [
        ({"email": "n@example.org"}, "mail"),
        ({"email": "n@example.org", "answer_by": "mail"}, "mail"),
        ({"email": "n@example.org", "answer_by": "site"}, "site"),
        ({"answer_by": "site"}, "site"),
    ],
)
def test_address_without_a_choice_means_mail(reader, address, typed, answer_by):
    reader.post(address, {"message": CANARY, "discreet": "on", **typed})
    message = Message.objects.get()
    assert (message.answer_by, message.is_discreet) == (answer_by, True)


def test_mail_without_an_address_is_an_error_that_keeps_everything(reader, address):
    typed = {"message": CANARY, "sender": "Nora", "answer_by": "mail", "discreet": "on"}
    answer = reader.post(address, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#c-email">Write the e-mail address to which we may answer</a>' in page
    assert page.count("to which we may answer") == 2
    assert f"{CANARY}</textarea>" in page
    assert 'value="Nora"' in page
    assert 'value="mail" checked' in page
    assert 'name="discreet" checked' in page
    assert not Message.objects.exists()


def test_wrong_address_is_one_error(reader, address):
    answer = reader.post(address, {"message": CANARY, "email": "n@", "answer_by": "mail"})
    assert answer.context["form"].errors.keys() == {"email"}
    assert len(answer.context["form"].errors["email"]) == 1


def test_strange_choice_is_an_error_that_has_a_place(reader, address):
    answer = reader.post(address, {"message": CANARY, "answer_by": "pigeon"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#c-answer_by"' in page
    assert 'id="c-answer_by"' in page
