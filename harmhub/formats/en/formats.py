"""Dates in English that mean the same everywhere: Django's own are of the United States.

Other languages keep Django's formats, which all of their readers write. Input is refused rather than
guessed at: 03/04/2026 is one day in Boston and another in Dublin.
"""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i T"  # T: the zone, which each editor may choose
MONTH_DAY_FORMAT = "j F"
SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
FIRST_DAY_OF_WEEK = 1

_DAY = "%Y-%m-%d"
DATE_INPUT_FORMATS = [_DAY, "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"]
DATETIME_INPUT_FORMATS = [f"{_DAY} %H:%M", f"{_DAY} %H:%M:%S", f"{_DAY} %H:%M:%S.%f"]
