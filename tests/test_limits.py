"""How often one client may use a form, and that a form sent twice is one submission."""

import multiprocessing
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.test import RequestFactory

from harmhub import limits

NOON = 495_000 * limits.HOUR  # a full hour, in seconds since 1970


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "unix"]
    settings.ALLOWED_HOSTS = ["testserver", "hub.onion"]
    return tmp_path


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: ``clock(seconds)``."""

    def set_to(seconds):
        monkeypatch.setattr(limits.time, "time", lambda: seconds)

    set_to(NOON + 1800)
    return set_to


def ask(address="198.51.100.7", **extra):
    return RequestFactory().post("/contact/1/", REMOTE_ADDR=address, **extra)


def allowed(request=None, per_client=3, in_all=100):
    return limits.allow("contact", request or ask(), per_client=per_client, in_all=in_all)


def test_client_is_stopped_after_its_share_and_others_are_not(data_dir):
    assert [allowed() for _ in range(5)] == [True, True, True, False, False]
    assert allowed(ask("198.51.100.8"))
    assert limits.allow("newsletter", ask(), per_client=3, in_all=100)


def test_everybody_is_stopped_when_the_budget_of_all_is_used_up(data_dir):
    assert all(allowed(ask(f"198.51.100.{n}"), in_all=5) for n in range(5))
    assert not allowed(ask("198.51.100.99"), in_all=5)


def test_one_client_cannot_use_up_the_budget_of_all(data_dir):
    for _ in range(50):
        allowed(in_all=10)
    assert allowed(ask("198.51.100.8"), in_all=10)


def test_try_given_back_does_not_count(data_dir):
    for _ in range(10):
        assert allowed()
        limits.give_back("contact", ask())


def test_counters_begin_again_with_the_hour(clock):
    assert [allowed(per_client=1) for _ in range(2)] == [True, False]
    assert limits.minutes_to_wait() == 30
    clock(NOON + 3600)
    assert allowed(per_client=1)


def test_client_key_changes_with_the_hour_and_tells_no_address(clock):
    one = limits.client_key(ask())
    assert one == limits.client_key(ask())
    assert one != limits.client_key(ask("198.51.100.8"))
    clock(NOON + 3600)
    assert one != limits.client_key(ask())


def test_addresses_of_one_ipv6_household_are_one_client(data_dir):
    assert limits.client_key(ask("2001:db8:1:2::a")) == limits.client_key(ask("2001:db8:1:2:ffff::b"))
    assert limits.client_key(ask("2001:db8:1:2::a")) != limits.client_key(ask("2001:db8:1:3::a"))
    assert limits.client_key(ask("::ffff:198.51.100.7")) == limits.client_key(ask("198.51.100.7"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.5", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "192.0.2.1, rubbish", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_forwarded_address_is_believed_from_trusted_proxies_only(peer, forwarded, client):
    meta = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
    assert limits.client_address(meta) == client


def test_onion_service_has_no_clients(data_dir):
    onion = {"HTTP_HOST": "hub.onion"}
    assert limits.client_key(ask("127.0.0.1", **onion)) is None
    assert all(allowed(ask("127.0.0.1", **onion)) for _ in range(20))


def test_onion_host_name_from_the_open_web_is_no_way_around_the_limits(data_dir):
    assert limits.client_key(ask(HTTP_HOST="hub.onion")) is not None
    assert limits.client_key(ask(HTTP_HOST="other.onion")) is not None


def test_files_are_private_and_hold_no_address(data_dir):
    allowed()
    with limits.once("contact", ask(), "a text"):
        pass
    folder = data_dir / "limits"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"198.51.100" not in path.read_bytes()
        assert b"a text" not in path.read_bytes()


def test_older_hours_are_deleted(clock, data_dir):
    for hour in range(5):
        clock(NOON + 3600 * hour)
        allowed()
    kept = {path.name for path in (data_dir / "limits").glob("*.sqlite3")}
    assert kept == {f"{NOON // 3600 + 3}.sqlite3", f"{NOON // 3600 + 4}.sqlite3"}


def test_clock_a_day_ahead_and_right_again_locks_nobody_out(clock, data_dir):
    assert submitted("before")
    clock(NOON + 1800 + 86_400)
    assert [allowed(per_client=1) for _ in range(2)] == [True, False]
    assert submitted("ahead")
    clock(NOON + 1800)
    assert allowed(per_client=1)
    assert submitted("ahead")
    assert [path.name for path in (data_dir / "limits").glob("*.sqlite3")] == [f"{NOON // 3600}.sqlite3"]


def submitted(text, request=None):
    with limits.once("contact", request or ask(), text) as first:
        return first


def test_repeat_within_ten_minutes_is_known_as_one(clock):
    assert submitted("a text")
    clock(NOON + 1800 + 599)
    assert not submitted("a text")
    assert submitted("another text")
    assert submitted("a text", ask("198.51.100.8"))
    clock(NOON + 1800 + 601)
    assert submitted("a text")


def test_repeat_is_known_across_the_hour(clock):
    clock(NOON + 3599)
    assert submitted("a text")
    clock(NOON + 3601)
    assert not submitted("a text")
    clock(NOON + 3600 + 598)
    assert not submitted("a text")
    clock(NOON + 3600 + 600)
    assert submitted("a text")


def test_first_that_fails_can_be_repeated(data_dir):
    with pytest.raises(ZeroDivisionError), limits.once("contact", ask(), "a text"):
        raise ZeroDivisionError
    assert submitted("a text")
    assert not submitted("a text")


def test_texts_of_readers_who_cannot_be_told_apart_are_never_matched(data_dir):
    onion = ask("127.0.0.1", HTTP_HOST="hub.onion")
    assert submitted("a text", onion)
    assert submitted("a text", onion)


def test_readers_who_cannot_be_told_apart_are_known_by_the_page_that_each_has(data_dir):
    onion = ask("127.0.0.1", HTTP_HOST="hub.onion")

    def is_first(page: str) -> bool:
        with limits.once("contact", onion, "a text", page) as first:
            return first

    assert [is_first(page) for page in ("one", "another", "one")] == [True, True, False]


def test_concurrent_doubles_wait_for_the_first(data_dir):
    at_work = threading.Event()
    answers = []

    def first():
        with limits.once("contact", ask(), "a text") as is_first:
            at_work.set()
            time.sleep(0.3)
            answers.append(("done", is_first))

    def double():
        at_work.wait()
        answers.append(("double", submitted("a text")))

    threads = [threading.Thread(target=first), *(threading.Thread(target=double) for _ in range(5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [("done", True), *[("double", False)] * 5]


def test_double_that_waits_is_first_when_the_first_fails(data_dir):
    at_work, answers = threading.Event(), []

    def failing():
        with suppress(ZeroDivisionError), limits.once("contact", ask(), "a text"):
            at_work.set()
            time.sleep(0.2)
            raise ZeroDivisionError

    thread = threading.Thread(target=failing)
    thread.start()
    at_work.wait()
    answers = [submitted("a text"), submitted("a text")]
    thread.join()
    assert answers == [True, False]


def test_double_across_the_turn_of_the_hour_waits_too(clock):
    clock(NOON + 3599)
    at_work, answers = threading.Event(), []

    def first():
        with limits.once("contact", ask(), "a text") as is_first:
            clock(NOON + 3601)
            at_work.set()
            time.sleep(0.2)
            answers.append(is_first)

    thread = threading.Thread(target=first)
    thread.start()
    at_work.wait()
    answers.append(submitted("a text"))
    thread.join()
    assert answers == [True, False]


def test_threads_count_every_try(data_dir):
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: allowed(per_client=40), range(100)))
    assert results.count(True) == 40


PROCESS = """
import sys
from django.conf import settings
settings.configure(DATA_DIR=sys.argv[1], TRUSTED_PROXIES=[], ALLOWED_HOSTS=["testserver"])
from django.test import RequestFactory
from harmhub import limits
request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.7")
granted = sum(limits.allow("contact", request, per_client=30, in_all=999) for _ in range(25))
with limits.once("contact", request, "a text") as first:
    pass
print(granted, int(first))
"""


def test_processes_share_counters_and_memory(data_dir):
    while time.time() % limits.HOUR > limits.HOUR - 20:
        time.sleep(1)  # the counters begin again with the hour
    command = [sys.executable, "-c", PROCESS, str(data_dir)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].split() for process in running]
    assert sum(int(granted) for granted, _ in answers) == 30
    assert sum(int(first) for _, first in answers) == 1


def test_killed_first_leaves_no_lock_behind(data_dir):
    holding = multiprocessing.get_context("fork").Event()

    def hold():
        with limits.once("contact", ask(), "a text"):
            holding.set()
            time.sleep(60)

    process = multiprocessing.get_context("fork").Process(target=hold)
    process.start()
    assert holding.wait(10)
    process.kill()
    process.join()
    began = time.monotonic()
    assert submitted("a text")
    assert time.monotonic() - began < 1


def test_unwritable_folder_lets_everything_through_and_says_so(data_dir, caplog):
    (data_dir / "limits").write_text("a file where the folder should be")
    assert all(allowed(per_client=1) for _ in range(3))
    assert submitted("a text")
    assert limits.client_key(ask()) is None
    assert "DATA_DIR/limits cannot be used" in caplog.text


def test_broken_file_lets_everything_through(data_dir):
    allowed()
    next((data_dir / "limits").glob("*.sqlite3")).write_bytes(b"no database" * 1000)
    assert all(allowed(per_client=1) for _ in range(3))
    assert submitted("a text")


def test_folder_lost_while_running_is_made_again(data_dir):
    allowed()
    shutil.rmtree(data_dir / "limits")
    assert [allowed(per_client=1) for _ in range(2)] == [True, False]


def test_error_inside_is_not_mistaken_for_one_of_the_counters(data_dir):
    with pytest.raises(sqlite3.OperationalError), limits.once("contact", ask(), "a text"):
        raise sqlite3.OperationalError("of the view")


def test_texts_are_counted_for_this_hour_and_the_one_before(clock, data_dir):
    assert [limits.tally("spam", "Buy now") for _ in range(3)] == [1, 2, 3]
    assert (limits.tally("spam", "Other"), limits.tally("else", "Buy now")) == (1, 1)
    clock(NOON + limits.HOUR + 60)
    assert limits.tally("spam", "Buy now") == 1
    assert limits.tallied("spam", "Buy now") == 4
    assert limits.tallied("spam", "Buy now", hours_ago=(1,)) == 3
    clock(NOON + 3 * limits.HOUR)
    assert limits.tallied("spam", "Buy now") == 0
    assert b"Buy now" not in b"".join(path.read_bytes() for path in (data_dir / "limits").glob("*"))


def test_what_cannot_be_counted_counts_as_nothing(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "file"
    settings.DATA_DIR.write_text("")
    assert (limits.tally("spam", "x"), limits.tallied("spam", "x")) == (0, 0)
