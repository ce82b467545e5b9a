"""Passwords that are short, known or easily guessed are refused, and nobody else is asked about them."""

import time

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tree")]

REFUSED = (
    "Tr0ub4dor&3",  # eleven characters
    "password12345",
    "Password1234!",
    "qwertyuiop123",
    "1q2w3e4r5t6y7u8i",
    "123456789012345",
    "aaaaaaaaaaaaaaaa",
    "iloveyou2026",
    "ana.silva2026",
    "silvasilva12",
    "Fennmark Foundation",  # the organisation's name
    "harmhub12345",
)
TAKEN = (
    "correct horse battery staple",
    "a long pass phrase of mine",
    "5fb1-09ce-77aa-e1d4",
    "Ольга рисует синих лис",
)


@pytest.fixture
def ana():
    return get_user_model()(
        username="ana", first_name="Ana", last_name="Silva", email="ana.silva@example.org"
    )


@pytest.mark.parametrize("password", REFUSED)
def test_guessable_password_is_refused(ana, password):
    with pytest.raises(ValidationError):
        validate_password(password, ana)


@pytest.mark.parametrize("password", TAKEN)
def test_good_password_is_taken(ana, password):
    validate_password(password, ana)


def test_very_long_password_is_no_work(ana):
    begun = time.monotonic()
    validate_password("four unlikely words here " * 160, ana)
    assert time.monotonic() - begun < 1
