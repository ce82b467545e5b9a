"""More motifs for the pictures of the demo site."""

import math
import random

from content.demo.canvas import Canvas, mix, motif, veil


@motif
def books(c: Canvas, dice: random.Random) -> None:
    """Two shelves of books and files, a plant among them."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.soft, p.paper, 0.35))
    tones = [p.night, p.deep, p.mid, mix(p.mid, p.soft, 0.5), p.paper, p.glow, mix(p.glow, p.mid, 0.5)]
    for floor in (370, 720):
        x = 40.0
        while x < 1130:
            wide, tall = dice.uniform(34, 78), dice.uniform(190, 268)
            if floor == 720 and 640 < x < 860:
                x += wide
                continue
            tone = dice.choice(tones)
            c.box(x, floor - tall, wide - 5, tall, tone, 4)
            band = mix(tone, p.paper if tone in (p.night, p.deep, p.mid) else p.night, 0.35)
            c.box(x, floor - tall + 34, wide - 5, 10, band)
            c.box(x, floor - 52, wide - 5, 22 if wide > 52 else 8, band)
            x += wide
        c.box(0, floor, 1200, 26, mix(p.deep, p.night, 0.3))
        c.box(0, floor + 26, 1200, 18, veil(p.night, 0.16))
    for turn in range(-4, 5):
        tip = math.radians(270 + turn * 19)
        x, y = 756 + 150 * math.cos(tip), 610 + 150 * math.sin(tip)
        side = (26 * math.sin(tip), -26 * math.cos(tip))
        half = ((756 + x) / 2, (610 + y) / 2)
        c.shape([(756, 612), (half[0] + side[0], half[1] + side[1]), (x, y), (half[0] - side[0], half[1] - side[1])],
                mix(p.deep, p.mid, (turn % 3) / 2))  # fmt: skip
    c.shape([(696, 600), (816, 600), (798, 720), (714, 720)], p.paper)
    c.box(688, 590, 136, 28, mix(p.paper, p.soft, 0.4), 4)


@motif
def umbrellas(c: Canvas, dice: random.Random) -> None:
    """A square in the rain, seen from above: umbrellas, one of them bright."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.deep, p.mid, 0.35))
    for k in range(-8, 14):
        c.line([(k * 110, 0), (k * 110 + 420, 800)], veil(p.night, 0.16), 5)
        c.line([(0, k * 84 + 20), (1200, k * 84 - 150)], veil(p.night, 0.16), 5)
    spots = [(180, 170), (430, 110), (690, 220), (1010, 140), (120, 460), (380, 400), (640, 500), (910, 410), (1110, 600), (260, 690), (540, 720), (830, 680)]
    bright = dice.choice(range(5, 8))
    for k, (x, y) in enumerate(spots):
        radius, turn = dice.uniform(84, 112), dice.uniform(0, 45)
        one, other = (p.glow, mix(p.glow, p.paper, 0.35)) if k == bright else dice.choice(
            [(p.paper, p.soft), (p.soft, mix(p.soft, p.mid, 0.4)), (p.night, mix(p.night, p.deep, 0.6)), (p.mid, mix(p.mid, p.soft, 0.3))]
        )  # fmt: skip
        c.disc(x + 26, y + 34, radius, veil(p.night, 0.35))
        for slice_ in range(8):
            c.wedge(x, y, radius, turn + slice_ * 45, turn + slice_ * 45 + 45.5, one if slice_ % 2 else other)
        c.disc(x, y, 8, p.night)


@motif
def desk(c: Canvas, dice: random.Random) -> None:
    """A lamp over a desk with files, late in the evening."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.deep, p.night, 0.35))
    c.shape([(420, 250), (640, 250), (980, 620), (120, 620)], veil(p.glow, 0.34))
    c.box(0, 610, 1200, 190, mix(p.mid, p.deep, 0.35))
    c.disc(550, 622, 420, veil(p.glow, 0.3), 0.11)
    c.line([(880, 610), (930, 330), (640, 170)], p.paper, 16)
    c.disc(930, 330, 20, p.glow)
    c.box(790, 596, 180, 24, p.paper, 10)
    c.shape([(600, 110), (680, 190), (640, 262), (420, 262), (470, 160)], p.paper)
    c.box(420, 250, 222, 16, p.glow, 8)
    for k, (x, wide, tone) in enumerate(((180, 250, p.soft), (196, 230, p.paper), (172, 260, p.mid), (200, 236, p.glow), (186, 244, p.paper))):
        c.box(x, 580 - k * 32, wide, 30, tone, 3)
        c.box(x + wide - 60, 588 - k * 32, 40, 12, mix(tone, p.night, 0.45))
    c.shape([(470, 640), (700, 640), (760, 730), (430, 730)], p.paper)
    for row in range(3):
        c.line([(490 - row * 8, 662 + row * 20), (690 + row * 12 - row * 40, 662 + row * 20)], veil(p.mid, 0.8), 6)
    c.line([(720, 650), (800, 700)], p.glow, 10)
    c.box(1030, 540, 84, 76, mix(p.mid, p.soft, 0.4), 10)
    c.arc(1116, 574, 28, 270, 90, mix(p.mid, p.soft, 0.4), 12)


@motif
def bottles(c: Canvas, dice: random.Random) -> None:
    """Shelves of a pharmacy."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.paper, p.soft, 0.3))
    for floor in (260, 520, 770):
        x = 50.0
        while x < 1100:
            wide, tall = dice.uniform(54, 92), dice.uniform(96, 176)
            tone = dice.choice([p.deep, p.mid, mix(p.mid, p.soft, 0.45), p.glow, mix(p.glow, p.deep, 0.35), mix(p.deep, p.night, 0.5)])
            if dice.random() < 0.72:
                c.box(x + wide * 0.28, floor - tall - 30, wide * 0.44, 44, mix(tone, p.night, 0.3), 4)
                c.box(x, floor - tall, wide, tall, tone, wide * 0.24)
                c.box(x + 8, floor - tall * 0.66, wide - 16, tall * 0.36, p.paper, 3)
                c.box(x + 16, floor - tall * 0.54, wide - 34, 6, veil(p.night, 0.5))
                c.box(x + wide * 0.14, floor - tall + 18, 6, tall * 0.14, veil(p.paper, 0.5), 3)
            else:
                for row in range(3):
                    c.box(x, floor - 32 - row * 34, wide + 24, 31, mix(tone, p.paper, row * 0.16), 3)
                    c.box(x + 12, floor - 22 - row * 34, 22, 12, p.paper)
                x += 24
            x += wide + dice.uniform(16, 34)
        c.box(0, floor, 1200, 22, p.night)
        c.box(0, floor + 22, 1200, 14, veil(p.night, 0.13))


@motif
def bridge(c: Canvas, dice: random.Random) -> None:
    """A bridge of arches over a river at dusk, people crossing."""
    p = c.palette
    c.sky(p.mid, mix(p.paper, p.glow, 0.35), 430)
    c.shape([(0, 380), (210, 300), (430, 360), (700, 290), (930, 350), (1200, 280), (1200, 470), (0, 470)], mix(p.mid, p.soft, 0.3))
    c.box(0, 460, 1200, 340, p.deep)
    for k in range(14):
        c.box(dice.uniform(-60, 1100), 500 + k * 21, dice.uniform(90, 260), 6, veil(p.soft, 0.28), 4)
    c.shape([(0, 330), (600, 270), (1200, 330), (1200, 620), (0, 620)], p.night)
    for x, wide, top in ((150, 130, 400), (450, 150, 372), (760, 150, 372), (1060, 130, 400)):
        c.wedge(x, top + wide, wide, 180, 360, mix(p.deep, p.soft, 0.34))
        c.box(x - wide, top + wide - 2, wide * 2, 700 - top - wide, mix(p.deep, p.soft, 0.2))
        c.box(x - wide, 590, wide * 2, 210, p.deep)
        c.box(x - wide * 0.7, 612, wide * 1.4, 7, veil(p.glow, 0.4), 4)
    for x, y, tall in ((300, 302, 96), (352, 297, 88), (640, 276, 94), (905, 302, 92)):
        c.person(x, y + 6, tall, p.night, mix(p.glow, p.night, 0.2))
    for x in (90, 480, 760, 1100):
        y = 270 + abs(x - 600) * 0.1
        c.box(x, y - 120, 8, 130, p.night)
        c.disc(x + 4, y - 126, 38, veil(p.glow, 0.3))
        c.disc(x + 4, y - 126, 16, p.glow)


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
    spots = [(120 + k % 6 * 192 + dice.uniform(-62, 62), 130 + k // 6 * 180 + dice.uniform(-54, 54)) for k in range(24)]
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
def door(c: Canvas, dice: random.Random) -> None:
    """A door that stands open, light on the step."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.mid, p.deep, 0.25))
    for row in range(9):
        for column in range(-1, 9):
            c.box(column * 150 + (row % 2) * 75 + 4, row * 74 + 4, 142, 66, veil(p.night, 0.07 + 0.07 * dice.random()), 4)
    c.box(0, 660, 1200, 140, p.night)
    c.shape([(466, 660), (734, 660), (960, 800), (330, 800)], veil(p.glow, 0.55))
    c.box(436, 120, 328, 540, p.night)
    c.box(466, 150, 268, 510, mix(p.glow, p.paper, 0.3))
    c.person(620, 660, 260, mix(p.deep, p.night, 0.4), mix(p.glow, p.deep, 0.55))
    c.shape([(466, 150), (346, 196), (346, 706), (466, 660)], p.deep)
    c.shape([(448, 196), (364, 226), (364, 420), (448, 400)], mix(p.deep, p.mid, 0.5))
    c.shape([(448, 440), (364, 462), (364, 660), (448, 632)], mix(p.deep, p.mid, 0.5))
    c.disc(360, 446, 11, p.glow)
    c.box(800, 250, 120, 84, p.paper, 6)
    for row in range(3):
        c.box(818, 270 + row * 18, 84 - row * 18, 6, p.mid)
    c.box(870, 560, 150, 100, mix(p.soft, p.mid, 0.5), 8)
    for k in range(6):
        c.disc(886 + k * 24, 556 - (k % 2) * 22, 30, mix(p.soft, p.deep, 0.2 + 0.12 * (k % 3)))


@motif
def stage(c: Canvas, dice: random.Random) -> None:
    """A speaker and an audience."""
    p = c.palette
    c.sky(p.deep, mix(p.deep, p.mid, 0.6))
    for x, lean in ((330, -110), (870, 110)):
        c.shape([(x - 24, 0), (x + 24, 0), (600 + lean + 190, 560), (600 + lean - 190, 560)], veil(p.glow, 0.16))
    c.box(120, 500, 960, 60, p.night)
    c.box(0, 550, 1200, 250, mix(p.night, p.deep, 0.3))
    c.person(560, 506, 240, p.paper, mix(p.glow, p.deep, 0.2))
    c.shape([(636, 372), (790, 372), (770, 506), (656, 506)], p.mid)
    c.line([(690, 372), (652, 312)], p.soft, 8)
    c.disc(646, 304, 16, p.glow)
    c.box(820, 150, 250, 170, p.paper, 6)
    for k, tall in enumerate((50, 86, 70, 112)):
        c.box(852 + k * 50, 300 - tall, 34, tall, (p.mid, p.glow, p.soft, p.deep)[k], 8)
    for row in range(3):
        for k in range(11):
            x = 30 + k * 118 + (row % 2) * 58 + dice.uniform(-12, 12)
            y = 640 + row * 74
            tone = mix(dice.choice([p.mid, p.soft, p.deep, p.glow]), p.night, 0.5 - row * 0.1)
            c.box(x - 44, y + 22, 88, 160, tone, 40)
            c.disc(x, y, 30, mix(tone, p.night, 0.45))


@motif
def placards(c: Canvas, dice: random.Random) -> None:
    """Raised signs without words, in front of an evening sky."""
    p = c.palette
    c.sky(mix(p.glow, p.paper, 0.4), mix(p.soft, p.mid, 0.2))
    c.disc(600, 520, 300, veil(p.paper, 0.5))
    signs = [(150, 210, -7), (370, 130, 4), (610, 240, -3), (830, 120, 6), (1050, 220, -5)]
    for k, (x, y, lean) in enumerate(signs):
        tone = (p.paper, p.deep, p.glow, p.mid, p.paper)[k]
        turn = math.radians(lean)
        corner = lambda dx, dy, x=x, y=y, turn=turn: (x + dx * math.cos(turn) - dy * math.sin(turn), y + dx * math.sin(turn) + dy * math.cos(turn))  # noqa: E731
        c.line([corner(0, 60), corner(0, 480)], p.night, 14)
        c.shape([corner(-104, -74), corner(104, -74), corner(104, 74), corner(-104, 74)], tone)
        mark = p.mid if tone == p.paper else p.paper
        for row, wide in enumerate((150, 110, 60)):
            c.line([corner(-75, -34 + row * 34), corner(-75 + wide, -34 + row * 34)], mark, 12)
    for row in range(2):
        for k in range(9):
            x = 20 + k * 146 + row * 70 + dice.uniform(-14, 14)
            tone = mix(p.deep, p.night, 0.2 + row * 0.5)
            y = 590 + row * 84 + dice.uniform(-18, 18)
            c.box(x - 62, y + 34, 124, 300, tone, 56)
            c.disc(x, y, 42, mix(tone, p.mid, 0.25))


@motif
def plant(c: Canvas, dice: random.Random) -> None:
    """A plant on a window sill, rain outside."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.mid, p.deep, 0.2))
    c.box(150, 50, 900, 560, p.night)
    for x in (180, 612):
        c.box(x, 80, 408, 500, mix(p.soft, p.paper, 0.3))
        for _ in range(26):
            a, b = dice.uniform(x + 10, x + 390), dice.uniform(90, 520)
            c.line([(a, b), (a - 9, b + 42)], veil(p.paper, 0.7), 4)
        c.shape([(x, 580), (x, 470), (x + 120, 430), (x + 260, 480), (x + 408, 440), (x + 408, 580)], mix(p.soft, p.mid, 0.4))
    c.box(90, 610, 1020, 44, p.paper, 8)
    c.box(90, 654, 1020, 14, veil(p.night, 0.3))
    for k, (tip, high) in enumerate(((-170, 250), (-96, 330), (-20, 390), (70, 340), (150, 262))):
        c.line([(420, 480), (420 + tip * 0.6, 480 - high * 0.55), (420 + tip, 480 - high)], p.deep, 9)
        for step in (0.45, 0.7, 1.0):
            x, y = 420 + tip * step, 480 - high * step
            for side in (-1, 1):
                c.shape([(x, y), (x + side * 36, y - 34), (x + side * 78, y - 26), (x + side * 44, y + 4)], (p.deep, mix(p.deep, p.mid, 0.5))[k % 2])
    c.shape([(330, 470), (510, 470), (484, 612), (356, 612)], p.glow)
    c.box(318, 452, 204, 36, mix(p.glow, p.night, 0.18), 6)
    c.box(780, 540, 100, 72, p.paper, 12)
    c.arc(880, 574, 28, 270, 90, p.paper, 12)
    c.box(720, 596, 220, 16, mix(p.paper, p.soft, 0.4), 8)


@motif
def bedside(c: Canvas, dice: random.Random) -> None:
    """A bed under a window with the evening in it, a chair beside."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.soft, p.paper, 0.4))
    c.box(0, 610, 1200, 190, mix(p.mid, p.soft, 0.25))
    c.box(500, 60, 420, 300, p.deep)
    c.box(520, 80, 380, 260, mix(p.glow, p.paper, 0.35))
    c.disc(780, 232, 60, p.glow)
    c.shape([(520, 340), (520, 280), (640, 236), (770, 290), (900, 250), (900, 340)], p.mid)
    c.box(702, 80, 14, 260, p.deep)
    c.shape([(450, 40), (560, 40), (520, 380), (460, 380)], mix(p.paper, p.soft, 0.3))
    c.shape([(970, 40), (860, 40), (900, 380), (960, 380)], mix(p.paper, p.soft, 0.3))
    c.box(250, 430, 26, 290, p.night, 6)
    c.box(1000, 520, 26, 200, p.night, 6)
    c.box(262, 590, 750, 70, p.night, 8)
    c.box(276, 500, 190, 84, p.paper, 36)
    c.box(276, 556, 730, 70, p.paper, 16)
    c.shape([(470, 540), (990, 540), (1006, 570), (1006, 660), (440, 660), (440, 580)], p.mid)
    c.shape([(470, 540), (560, 540), (536, 660), (440, 660), (440, 580)], p.glow)
    c.box(90, 420, 20, 310, p.deep, 6)
    c.box(90, 580, 140, 22, p.deep, 6)
    c.box(206, 596, 20, 134, p.deep, 6)
    c.shape([(104, 440), (150, 430), (160, 580), (104, 580)], mix(p.glow, p.mid, 0.4))


@motif
def spectrum(c: Canvas, dice: random.Random) -> None:
    """The trace of an analysis: peaks over a base line, one of them marked."""
    p = c.palette
    c.box(0, 0, 1200, 800, mix(p.night, p.deep, 0.4))
    for k in range(1, 12):
        c.line([(k * 100, 60), (k * 100, 690)], veil(p.soft, 0.12), 3)
    peaks = [(170, 26, 0.4), (300, 15, 0.72), (455, 20, 0.5), (620, 13, 1.0), (735, 24, 0.34), (900, 16, 0.8), (1035, 22, 0.45)]
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
def bench(c: Canvas, dice: random.Random) -> None:
    """Two people on a bench under a tree."""
    p = c.palette
    c.sky(mix(p.soft, p.paper, 0.5), p.paper, 560)
    c.disc(250, 240, 90, mix(p.glow, p.paper, 0.1))
    c.shape([(0, 520), (300, 470), (640, 510), (960, 460), (1200, 500), (1200, 800), (0, 800)], mix(p.mid, p.soft, 0.35))
    c.shape([(0, 610), (500, 580), (1200, 630), (1200, 800), (0, 800)], p.mid)
    c.shape([(860, 660), (880, 300), (920, 300), (950, 660)], p.night)
    for x, y, radius in ((900, 200, 170), (780, 260, 118), (1020, 262, 124), (860, 120, 110), (980, 140, 104)):
        c.disc(x, y, radius, mix(p.deep, p.mid, 0.25 if x < 900 else 0.0))
    for k in range(26):
        turn, far = dice.uniform(0, math.tau), dice.uniform(0, 150)
        c.disc(900 + far * math.cos(turn), 200 + far * math.sin(turn), dice.uniform(8, 17), mix(p.mid, p.glow, dice.uniform(0, 0.5)))
    for x, coat, head in ((480, p.deep, mix(p.glow, p.night, 0.3)), (640, p.glow, mix(p.glow, p.night, 0.62))):
        c.disc(x, 414, 36, head)
        c.box(x - 46, 456, 92, 180, coat, 40)
        c.box(x - 46, 610, 40, 112, mix(coat, p.night, 0.35), 8)
        c.box(x + 8, 610, 40, 112, mix(coat, p.night, 0.35), 8)
    for y in (540, 584):
        c.box(350, y, 420, 22, p.paper, 6)
    c.box(340, 630, 440, 24, p.paper, 6)
    for x in (366, 730):
        c.box(x, 540, 16, 186, p.night, 4)


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
                c.line([(x + 54, y - 36 + row * 32), (x + 54 + (190, 210, 160, 90)[row], y - 36 + row * 32)], p.mid, 7)
            c.shape([(x, y + 40), (x + 160, y + 140), (x + 320, y + 40), (x + 320, y + 200), (x, y + 200)], mix(tone, p.night, 0.1))
        elif k % 2:
            c.box(x + 256, y + 22, 42, 50, p.glow if tone != p.glow else p.deep, 2)
            c.line([(x + 120, y + 118), (x + 250, y + 118)], mix(tone, p.night if tone == p.paper else p.paper, 0.5), 7)
            c.line([(x + 120, y + 144), (x + 214, y + 144)], mix(tone, p.night if tone == p.paper else p.paper, 0.5), 7)
        else:
            c.shape([(x, y + 4), (x + 160, y + 122), (x + 320, y + 4)], fold)
