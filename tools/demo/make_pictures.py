# SPDX-License-Identifier: Apache-2.0
"""Draw the example pictures of models/demo/pictures: scenes whose drawings come from a style that training never saw.

All figures are Firefox OS emoji (fxemoji, Apache-2.0), which train.py holds out; the bench is bench.py's, from a seed that is
held out too; skies, lawns, seas and streets are drawn here. `texts.txt` gets one text a line. With `--model` the script then
scores every picture with every text and says which wins.
"""
import argparse, io, os
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import bench
from common import default_dir
from prepare import STYLES, load, package_dir

TEXTS = ["a traffic light", "a dog", "a girl on a bench", "a pizza", "a tree and a house", "sunset over the city", "a red apple",
         "a hot cup of coffee",
         "红绿灯", "一只狗", "坐在长椅上的女孩", "披萨", "树和房子", "城市日落", "红苹果", "一杯热咖啡"]


def svg(data, name, side):
    pack = load(os.path.join(package_dir(data, STYLES["fxemoji"]["pkg"]), "icons.json"))
    ic = pack["icons"][name]
    w, h = ic.get("width", pack.get("width", 16)), ic.get("height", pack.get("height", 16))
    return raster(f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {w} {h}" '
                  f'width="{w}" height="{h}">{ic["body"]}</svg>', side)


def raster(s, side):
    import resvg_py
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=s, width=side, height=side)))).convert("RGBA")


def gradient(w, h, top, bottom, horizon=None, ground=None, seed=0):
    """Sky from top to bottom, an optional ground below the horizon, faint grain over all."""
    y = np.linspace(0, 1, h)[:, None, None]
    a = np.array(top, float) + (np.array(bottom, float) - np.array(top, float)) * y
    a = np.broadcast_to(a, (h, w, 3)).copy()
    if ground:
        k = int(h * horizon)
        t = np.linspace(0, 1, h - k)[:, None, None]
        a[k:] = np.array(ground, float) * (1 - .18 * t)
    grain = np.random.default_rng(seed).normal(0, 1.5, (h // 8 + 1, w // 8 + 1, 1)).repeat(8, 0).repeat(8, 1)
    a += grain[:h, :w]
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def put(scene, figure, cx, cy):
    """Centre a figure at a place, with a soft shadow."""
    x, y = int(cx - figure.width / 2), int(cy - figure.height / 2)
    shade = Image.new("RGBA", figure.size, (0, 0, 0, 0))
    shade.putalpha(figure.getchannel("A").point(lambda v: v // 4))
    scene.paste(shade.filter(ImageFilter.GaussianBlur(5)), (x + 6, y + 8), shade.filter(ImageFilter.GaussianBlur(5)))
    scene.paste(figure, (x, y), figure)


def scenes(data):
    """(file name, picture) pairs."""
    fx = lambda name, side: svg(data, name, side)
    street = gradient(640, 480, (150, 190, 225), (225, 235, 240), .8, (120, 122, 126), 1)
    put(street, fx("verticaltrafficlight", 380), 320, 230)
    yield "traffic-light.png", street

    lawn = gradient(448, 448, (170, 215, 245), (235, 245, 250), .66, (120, 180, 90), 2)
    put(lawn, fx("dog", 330), 224, 236)
    yield "dog.jpg", lawn

    park = gradient(800, 600, (165, 210, 240), (230, 242, 248), .7, (130, 185, 100), 3)
    put(park, raster(bench.svg(2), 430), 400, 380)
    put(park, fx("girl", 270), 400, 215)
    yield "girl-on-bench.webp", park

    table = gradient(600, 600, (238, 226, 208), (214, 190, 160), seed=4)
    put(table, fx("sliceofpizza", 440), 300, 300)
    yield "pizza.jpg", table

    garden = gradient(640, 480, (240, 232, 220), (226, 212, 190), .78, (176, 140, 104), 5)
    put(garden, fx("deciduoustree", 270), 170, 250)
    put(garden, fx("housewithgarden", 270), 470, 250)
    yield "house-and-tree.png", garden

    dusk = gradient(448, 336, (250, 200, 150), (240, 140, 100), seed=6)
    put(dusk, fx("sunsetoverbuildings", 290), 224, 168)
    yield "sunset-city.png", dusk

    plate = gradient(448, 448, (250, 250, 250), (226, 228, 230), seed=7)
    put(plate, fx("redapple", 330), 224, 224)
    yield "red-apple.gif", plate

    desk = gradient(640, 640, (225, 205, 180), (170, 130, 95), seed=8)
    put(desk, fx("hotbeverage", 460), 320, 310)
    yield "coffee.tiff", desk.resize((320, 320), Image.BICUBIC)


def write(out, data):
    os.makedirs(out, exist_ok=True)
    for name, im in scenes(data):
        kind = name.rsplit(".", 1)[1]
        kw = dict(jpg=dict(quality=86), webp=dict(quality=86), png=dict(optimize=True), tiff=dict(compression="tiff_lzw")).get(kind, {})
        if name.startswith("sunset"):           # one palette picture among the others
            im = im.quantize(128)
        im.save(os.path.join(out, name), **kw)
    with open(os.path.join(out, "texts.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(TEXTS) + "\n")


def judge(out, model):
    from embed import Embedder
    net = Embedder(model)
    names = sorted(f for f in os.listdir(out) if not f.endswith((".txt", ".md")))
    s = net.texts(TEXTS) @ net.pictures([Image.open(os.path.join(out, f)) for f in names]).T
    for k, f in enumerate(names):
        row = s[:, k]
        o = row.argsort(descending=True)
        print(f"{f:20}", "; ".join(f"{TEXTS[i]} {row[i]:.3f}" for i in o[:5].tolist()))
    for k, x in enumerate(TEXTS):
        o = s[k].argsort(descending=True)
        print(f"{x:24}", "; ".join(f"{names[i]} {s[k, i]:.3f}" for i in o[:3].tolist()))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--out", default="models/demo/pictures")
    p.add_argument("--model", help="checkpoint to judge the pictures with")
    a = p.parse_args()
    write(a.out, a.data)
    if a.model:
        judge(a.out, a.model)


if __name__ == "__main__":
    main()
