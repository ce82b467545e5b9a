"""Motifs of the demo pictures: things seen close, maps and figures."""

import math
import random
from itertools import pairwise

from content.demo.canvas import Canvas, mix, motif, veil


@motif
def table(c: Canvas, dice: random.Random) -> None:
    """Cups on a table, seen from above."""
    p = c.palette
    c.box(0, 0, 1200, 800, p.deep)
    c.shape([(0, 190), (1200, 20), (1200, 610), (0, 790)], p.mid)
    c.shape([(420, 800), (468, 560), (720, 616), (674, 800)], veil(p.night, 0.25))
    c.shape([(400, 790), (446, 552), (698, 606), (652, 800)], p.paper)
    for row, wide in enumerate((180, 140, 190, 120)):
        y = 600 + row * 42
        c.line([(466 - row * 9, y), (466 - row * 9 + wide, y + wide * 0.215)], p.mid, 7)
    for x, y, radius, warm in (
        (330, 300, 150, False),
        (800, 400, 190, True),
        (1030, 170, 112, False),
        (150, 640, 106, True),
    ):
        c.disc(x + radius * 0.16, y + radius * 0.2, radius, veil(p.night, 0.4))
        c.disc(x, y, radius, p.paper)
        c.disc(x, y, radius * 0.7, mix(p.soft, p.mid, 0.15))
        c.disc(x, y, radius * 0.58, mix(p.glow, p.deep, 0.15) if warm else p.night)
        c.arc(x, y, radius * 0.44, 190, 275, veil(p.paper, 0.6), radius * 0.05)


@motif
def contours(c: Canvas, dice: random.Random) -> None:
    """A map of contour lines with places on it, joined by a route."""
    p = c.palette
    lobes = [(dice.uniform(0.04, 0.16) / k**0.4, dice.uniform(0, math.tau), k) for k in range(2, 6)]
    shades = 8
    for ring in range(shades):
        radius = 700 - ring * 82
        points = []
        for step in range(240):
            turn = math.tau * step / 240
            wave = 1 + sum(size * math.sin(k * turn + shift + ring * 0.11) for size, shift, k in lobes)
            points.append(
                (590 + radius * wave * math.cos(turn) * 1.12, 395 + radius * wave * math.sin(turn) * 0.78)
            )
        c.shape(
            points, mix(p.soft, p.night, (ring / (shades - 1)) ** 0.9) if ring else mix(p.paper, p.soft, 0.5)
        )
        c.line([*points, points[0]], veil(p.paper, 0.13), 2)
    stops = [(310, 260), (410, 520), (585, 372), (760, 310), (900, 530), (668, 640)]
    for one, other in pairwise(stops):
        c.dots(one, other, p.glow, 5, 16)
    for x, y in stops:
        c.disc(x, y, 27, veil(p.glow, 0.3))
        c.disc(x, y, 12, p.glow)


@motif
def bars(c: Canvas, dice: random.Random) -> None:
    """Rounded bars of a chart that somebody climbs."""
    p = c.palette
    c.box(0, 0, 1200, 800, p.deep)
    for row in range(6):
        c.box(60, 130 + row * 112, 1080, 3, veil(p.soft, 0.2))
    heights = [150, 250, 205, 340, 300, 430, 400, 560]
    tones = [p.glow, p.paper, p.soft, p.paper, p.soft, p.glow, p.paper, p.soft]
    for k, (tall, tone) in enumerate(zip(heights, tones, strict=True)):
        x = 92 + k * 130
        c.box(x, 760 - tall, 104, tall + 60, tone, 52)
    c.box(0, 760, 1200, 40, p.night)
    c.person(92 + 5 * 130 + 52, 760 - 428, 118, p.night, mix(p.glow, p.paper, 0.4))
    c.person(92 + 3 * 130 + 52, 760 - 338, 110, mix(p.night, p.mid, 0.6), p.paper)


@motif
def net(c: Canvas, dice: random.Random) -> None:
    """Places joined by threads, as in a constellation."""
    p = c.palette
    c.sky(p.night, mix(p.deep, p.mid, 0.6))
    spots = [
        (120 + k % 6 * 192 + dice.uniform(-62, 62), 130 + k // 6 * 180 + dice.uniform(-54, 54))
        for k in range(24)
    ]
    for k, one in enumerate(spots):
        near = sorted(spots[k + 1 :], key=lambda other: math.dist(one, other))[:2]
        for other in near:
            if math.dist(one, other) < 330:
                c.line([one, other], mix(p.mid, p.soft, 0.45), 4)
    for k, (x, y) in enumerate(spots):
        size = dice.choice([14, 18, 24, 34])
        tone = p.glow if k % 5 == 1 else p.paper if k % 3 else p.soft
        if size > 20:
            c.disc(x, y, size * 1.8, veil(tone, 0.18))
        c.disc(x, y, size, tone)
        if size > 30:
            c.disc(x, y, size * 0.5, p.deep)


@motif
def spectrum(c: Canvas, dice: random.Random) -> None:
    """The trace of an analysis: peaks over a base line, one of them marked."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.night, p.deep, 0.4))
    for k in range(1, 12):
        c.line([(k * 100, 60), (k * 100, 690)], veil(p.soft, 0.12), 3)
    peaks = [
        (170, 26, 0.4),
        (300, 15, 0.72),
        (455, 20, 0.5),
        (620, 13, 1.0),
        (735, 24, 0.34),
        (900, 16, 0.8),
        (1035, 22, 0.45),
    ]
    for layer, (size, tone) in enumerate(((0.62, mix(p.deep, p.mid, 0.6)), (0.8, p.mid), (1.0, p.soft))):
        shift = (2 - layer) * 34 + dice.uniform(-9, 9)
        points = []
        for x in range(0, 1201, 3):
            tall = sum(high * size * math.exp(-(((x - at - shift) / wide) ** 2)) for at, wide, high in peaks)
            points.append((x, 690 - 500 * tall - 9 * math.sin(x / 37 + layer)))
        c.shape([*points, (1200, 800), (0, 800)], veil(tone, 0.5))
        c.line(points, tone, 6)
    c.box(0, 690, 1200, 110, p.night)
    for k in range(25):
        c.line([(24 + k * 48, 712), (24 + k * 48, 740 if k % 5 else 758)], veil(p.paper, 0.7), 4)
    c.disc(622, 184, 58, veil(p.glow, 0.25))
    c.arc(622, 184, 58, 0, 360, p.glow, 9)
    c.line([(664, 226), (736, 298)], p.glow, 16)


@motif
def letters(c: Canvas, dice: random.Random) -> None:
    """Envelopes laid out on a table, one of them open."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.soft, p.mid, 0.25))
    for k in range(9):
        x, y = 60 + k % 3 * 380 + dice.uniform(-14, 14), 40 + k // 3 * 260 + dice.uniform(-10, 10)
        tone = (p.paper, p.soft, p.paper, p.deep, p.glow, p.paper, p.paper, p.mid, p.paper)[k]
        fold = mix(tone, p.night, 0.14 if tone != p.deep else 0.4)
        c.box(x + 14, y + 18, 320, 200, veil(p.night, 0.22), 6)
        c.box(x, y, 320, 200, tone, 6)
        if k == 4:
            c.box(x + 24, y - 66, 272, 190, p.paper, 4)
            for row in range(4):
                c.line(
                    [(x + 54, y - 36 + row * 32), (x + 54 + (190, 210, 160, 90)[row], y - 36 + row * 32)],
                    p.mid,
                    7,
                )
            c.shape(
                [(x, y + 40), (x + 160, y + 140), (x + 320, y + 40), (x + 320, y + 200), (x, y + 200)],
                mix(tone, p.night, 0.1),
            )
        elif k % 2:
            c.box(x + 256, y + 22, 42, 50, p.glow if tone != p.glow else p.deep, 2)
            c.line(
                [(x + 120, y + 118), (x + 250, y + 118)],
                mix(tone, p.night if tone == p.paper else p.paper, 0.5),
                7,
            )
            c.line(
                [(x + 120, y + 144), (x + 214, y + 144)],
                mix(tone, p.night if tone == p.paper else p.paper, 0.5),
                7,
            )
        else:
            c.shape([(x, y + 4), (x + 160, y + 122), (x + 320, y + 4)], fold)
