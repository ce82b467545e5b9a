"""The time zones that are offered. The settings import this module: it must not import Django."""

from zoneinfo import available_timezones

# Names of the IANA database that are no continent: offsets, and what places were called before they got their
# present names.
NO_PLACES = ("Brazil", "Canada", "Chile", "Etc", "Mexico", "SystemV", "US", "posix", "right")


def zone_names() -> list[str]:
    """Return UTC and the IANA names that begin with a continent or ocean, A to Z."""
    names = (name for name in available_timezones() if "/" in name)
    return ["UTC", *sorted(name for name in names if name.partition("/")[0] not in NO_PLACES)]
