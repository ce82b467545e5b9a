"""A cache that is a convenience and never a condition."""

import contextlib
import logging
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache

logger = logging.getLogger(__name__)


class ForgivingFileCache(FileBasedCache):
    """Files that all processes of a machine share; while they cannot be used, nothing is cached."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return what is cached under the key, or the default."""
        try:
            return super().get(key, default, version)
        except OSError as problem:
            return self._passed_over(problem, default)

    def set(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Cache the value, if that is possible."""
        try:
            super().set(key, value, timeout, version)
        except OSError as problem:
            self._passed_over(problem)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget the value; return whether there was one."""
        try:
            return super().delete(key, version)
        except OSError as problem:
            return bool(self._passed_over(problem, False))

    def _createdir(self) -> None:  # Django calls it for every object that it makes of this class, too
        with contextlib.suppress(OSError):
            # Django would close DATA_DIR, too; a web server in front sends files from there.
            Path(self._dir).parent.mkdir(mode=0o711, parents=True, exist_ok=True)  # type: ignore[attr-defined]
            super()._createdir()  # type: ignore[misc]

    def _passed_over(self, problem: OSError, value: Any = None) -> Any:
        logger.warning("The cache cannot be used: %s", type(problem).__name__)
        return value
