"""The cache of files: a convenience, never a condition."""

from pathlib import Path

from harmhub.cache import ForgivingFileCache


def test_cache_that_cannot_be_used_caches_nothing_and_breaks_nothing(tmp_path: Path):
    (tmp_path / "cache").write_text("a file in the folder's place")
    cache = ForgivingFileCache(str(tmp_path / "cache"), {})
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.delete("key") is False


def test_cache_keeps_what_it_was_given(tmp_path: Path):
    cache = ForgivingFileCache(str(tmp_path / "cache"), {})
    cache.set("key", 1)
    assert cache.get("key") == 1
    assert cache.delete("key") is True


def test_cache_closes_itself_and_lets_others_pass_through_its_folder(tmp_path: Path):
    cache = ForgivingFileCache(str(tmp_path / "data" / "cache"), {})
    cache.set("key", 1)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("data", "data/cache")]
    assert modes == [0o711, 0o700]
