# SPDX-License-Identifier: Apache-2.0
"""Park benches, drawn by a seeded program, since no emoji shows one.

Each variant is a front view of slats, legs and, mostly, a back and arm rests, in its own colours and proportions, with or
without an outline.
"""
import random

VARIANTS = 48
HELD_OUT = 4                                 # make_pictures.py draws from seeds that training never sees
CONCEPT = dict(hex="bench", group=5, en="bench", en_tags=["park bench", "seat", "sit", "wooden bench"], zh="长椅",
               zh_tags=["长凳", "公园长椅", "座位", "坐"], zht="長椅")


def svg(seed):
    r = random.Random(f"bench-{seed}")
    wood = r.choice(["#a5693f", "#8b5a2b", "#c68642", "#6b4226", "#d9a066", "#b5651d", "#3f7d4e", "#4a6fa5", "#9c9c9c", "#c0392b", "#e0c097"])
    iron = r.choice(["#333", "#555", "#222", "#5d4037", "#777", "#2f4f4f"])
    line = r.choice(["", "", f' stroke="#222" stroke-width="{r.choice([1.5, 2.5])}"'])
    left, right = r.randint(6, 14), r.randint(114, 122)
    seat = r.randint(66, 76)
    out = []

    def box(x, y, w, h, fill, radius=1.5):
        out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{radius}" fill="{fill}"{line}/>')

    leg = r.randint(5, 9)
    for x in [left + r.randint(6, 12), right - leg - r.randint(6, 12)] + ([64 - leg / 2] if r.random() < .2 else []):
        box(x, seat - (30 if r.random() < .8 else 0), leg, 108 - seat + 30 - r.randint(0, 6), iron)
    if r.random() < .9:
        n, h = r.randint(2, 4), r.uniform(6, 10)
        for k in range(n):
            box(left, seat - 12 - (k + 1) * (h + 2.5), right - left, h, wood)
    n, h = r.randint(1, 3), r.uniform(5, 8)
    for k in range(n):
        box(left - 2, seat + k * (h + 1.5), right - left + 4, h, wood)
    if r.random() < .5:
        for x in (left - 2, right - 4):
            box(x, seat - 18, 6, 20, iron, 3)
            box(x - 2, seat - 20, 12, 4, iron, 2)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" width="128" height="128">{"".join(out)}</svg>'
