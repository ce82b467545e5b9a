"""A small writer of PDF files: text on pages of A4, in a font that every reader has. Same text, same bytes.

It follows PDF 1.7 (ISO 32000-1) as far as it goes: Helvetica in WinAnsi encoding, which covers western
European languages, no pictures, no tags.
"""

import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

WIDTH, HEIGHT, MARGIN = 595, 842, 72
# Widths of Helvetica from the space to the tilde, in thousandths of the size (Adobe's font metrics).
# fmt: off
_WIDTHS = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]
# fmt: on


@dataclass(frozen=True)
class Style:
    """How a paragraph looks; size, distance of lines and the space after it in points."""

    size: float
    leading: float
    after: float
    bold: bool = False
    grey: bool = False


STYLES = {
    "space": Style(10, 150, 0),
    "title": Style(38, 46, 22, bold=True),
    "heading": Style(24, 30, 18, bold=True),
    "lead": Style(18, 27, 18),
    "text": Style(14, 22, 14),
    "item": Style(16, 24, 14),
    "note": Style(10, 15, 8, grey=True),
}


def _width(text: str, style: Style) -> float:
    total = 0
    for letter in text:
        base = unicodedata.normalize("NFD", letter)[0]
        total += _WIDTHS[ord(base) - 32] if " " <= base <= "~" else 556
    return total * style.size / 1000 * (1.06 if style.bold else 1)


def _lines(text: str, style: Style, room: float) -> list[str]:
    lines, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}".strip()
        if current and _width(longer, style) > room:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current]


def _string(text: str) -> bytes:
    raw = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        raw = raw.replace(special, b"\\" + special)
    return b"(" + raw + b")"


def _title(text: str) -> bytes:
    return b"<" + b"\xfe\xff".hex().encode() + text.encode("utf-16-be").hex().encode() + b">"


def _sheets(parts: Iterable[list[tuple[str, str]]]) -> Iterable[list[bytes]]:
    for part in parts:
        sheet: list[bytes] = []
        y: float = HEIGHT - MARGIN
        for name, text in part:
            style = STYLES[name]
            indent = 14 if name == "item" else 0
            for number, line in enumerate(_lines(text, style, WIDTH - 2 * MARGIN - indent)):
                y -= style.leading
                if y < MARGIN + 20:
                    yield sheet
                    sheet, y = [], HEIGHT - MARGIN - style.leading
                shown = ("\u2022 " if indent and not number else "") + line
                shift = indent - (_width("\u2022 ", style) if indent and not number else 0)
                sheet.append(_drawn(shown, style, MARGIN + shift, y))
            y -= style.after
        yield sheet


def _drawn(text: str, style: Style, x: float, y: float) -> bytes:
    colour = b"0.35 g" if style.grey else b"0.1 g"
    font = b"/B" if style.bold else b"/R"
    return b"%s BT %s %.1f Tf %.2f %.2f Td %s Tj ET" % (colour, font, style.size, x, y, _string(text))


def pdf(title: str, language: str, parts: Iterable[list[tuple[str, str]]], foot: str) -> bytes:
    """Return a PDF file.

    ``parts`` begin on a page each and are lists of (name of a style, text); ``foot`` stands below every
    page with its number. Letters outside of WinAnsi become question marks.
    """
    sheets = list(_sheets(parts))
    kids = b" ".join(b"%d 0 R" % (6 + 2 * n) for n in range(len(sheets)))
    font = b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Lang(%s)/ViewerPreferences<</DisplayDocTitle true>>>>"
        % language.encode(),
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(sheets), kids),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
        b"<</Title%s/Producer(harmhub)>>" % _title(title),
    ]
    bar = b"0.04 0.36 0.34 rg 0 %d %d 6 re f" % (HEIGHT - 6, WIDTH)
    for number, sheet in enumerate(sheets, 1):
        footer = _drawn(f"{foot} \u00b7 {number}", STYLES["note"], MARGIN, 40)
        stream = zlib.compress(b"\n".join([bar, *sheet, footer]), 9)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R"
            b"/Resources<</Font<</R 3 0 R/B 4 0 R>>>>>>" % (WIDTH, HEIGHT, 5 + 2 * number)
        )
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    written = [b"%d 0 obj%s\nendobj\n" % (n, content) for n, content in enumerate(objects, 1)]
    places = list(accumulate((len(part) for part in written), initial=len(head)))
    table = b"".join(b"%010d 00000 n \n" % place for place in places[:-1])
    count = len(objects) + 1
    index = b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    tail = b"trailer<</Size %d/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, places[-1])
    return head + b"".join(written) + index + tail
