# SPDX-License-Identifier: Apache-2.0
"""Fetch the pictogram sets and labels, and rasterise them once.

The demo checkpoint learns from emoji drawn by several hands under permissive licences. This script packs the pinned npm
packages (`fetch`), joins every drawing with its Unicode emoji and with the English and Chinese labels and tags of
emojibase (`concepts`), and rasterises all of them to one memory-mapped array of premultiplied RGBA (`render`).
Skin-tone variants are left out: a concept is an emoji without them. Styles marked `train: False` are rendered too, but
train.py refuses them: they exist to measure how well the checkpoint does on hands that it has never seen.
"""
import argparse, io, json, os, re, subprocess, sys, tarfile, unicodedata
from multiprocessing import Pool
import numpy as np
from PIL import Image

from common import default_dir, SIZE

EMOJIBASE = "emojibase-data@17.0.0"
# style -> npm package, how it is stored, whether training may see it, licence (checked against the package's info.json)
STYLES = {
    "noto":          dict(pkg="@iconify-json/noto@1.2.9", train=True, licence="Apache-2.0"),
    "noto-v1":       dict(pkg="@iconify-json/noto-v1@1.2.5", train=True, licence="Apache-2.0"),
    "twemoji":       dict(pkg="@iconify-json/twemoji@1.2.5", train=True, licence="CC-BY-4.0"),
    "fluent-flat":   dict(pkg="@iconify-json/fluent-emoji-flat@1.2.6", train=True, licence="MIT"),
    "fluent":        dict(pkg="@iconify-json/fluent-emoji@1.2.7", train=True, licence="MIT"),
    "fluent-mono":   dict(pkg="@iconify-json/fluent-emoji-high-contrast@1.2.6", train=True, licence="MIT", mono=True),
    "fluent-3d":     dict(pkg="@lobehub/fluent-emoji-3d@1.1.0", train=True, licence="MIT"),
    "emojione":      dict(pkg="@iconify-json/emojione@1.2.3", train=True, licence="CC-BY-4.0"),
    "emojione-mono": dict(pkg="@iconify-json/emojione-monotone@1.2.1", train=True, licence="CC-BY-4.0", mono=True),
    "streamline":    dict(pkg="@iconify-json/streamline-emojis@1.2.4", train=True, licence="CC-BY-4.0"),
    "fxemoji":       dict(pkg="@iconify-json/fxemoji@1.2.2", train=False, licence="Apache-2.0"),
    "openmoji":      dict(pkg="@iconify-json/openmoji@1.2.29", train=False, licence="CC-BY-SA-4.0"),
}


def package_dir(root, spec):
    name, version = spec.rsplit("@", 1)
    return os.path.join(root, "src", name.strip("@").replace("/", "-") + "-" + version)


def fetch(root):
    """npm pack every pinned package and unpack it below ROOT/src."""
    for spec in [EMOJIBASE] + [s["pkg"] for s in STYLES.values()]:
        out = package_dir(root, spec)
        if os.path.isdir(out):
            continue
        os.makedirs(os.path.join(root, "npm"), exist_ok=True)
        name = subprocess.run(["npm", "pack", "--silent", spec], cwd=os.path.join(root, "npm"), check=True,
                              capture_output=True, text=True).stdout.strip().splitlines()[-1]
        with tarfile.open(os.path.join(root, "npm", name)) as t:
            for m in t.getmembers():
                m.name = m.name.split("/", 1)[-1]
                if m.isfile() and ".." not in m.name:
                    t.extract(m, out, filter="data")
        print("fetched", spec)


def key(hexcode):
    """Codepoints without variation selectors: the sets disagree about those."""
    return "-".join(p for p in hexcode.lower().split("-") if p != "fe0f")


def slug(label):
    s = unicodedata.normalize("NFKD", label.lower().replace("&", " and ").replace("’", "").replace("'", ""))
    s = "".join(c for c in s if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", s).strip("-")


def squash(s):
    return re.sub(r"[^a-z0-9]", "", s.lower())


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def emoji_table(root):
    base = package_dir(root, EMOJIBASE)
    langs = {l: {x["hexcode"]: x for x in load(f"{base}/{l}/data.json")} for l in ("en", "zh", "zh-hant")}
    out = []
    for hexcode, e in langs["en"].items():
        if e.get("group") is None or e["group"] == 2:          # regional letters, hair and skin components
            continue
        z, t = langs["zh"][hexcode], langs["zh-hant"].get(hexcode, {})
        out.append(dict(hex=hexcode, group=e["group"], en=e["label"], en_tags=e.get("tags", []), zh=z["label"],
                        zh_tags=z.get("tags", []), zht=t.get("label", z["label"])))
    return out


def find_icons(root, table):
    """For each style: list of (concept index, icon name or file)."""
    index = {key(e["hex"]): i for i, e in enumerate(table)}
    by_slug, by_squash = {}, {}
    for i, e in enumerate(table):
        by_slug.setdefault(slug(e["en"]), i)
        by_squash.setdefault(squash(e["en"]), i)
        if e["en"].startswith("flag: "):
            by_slug.setdefault(slug(e["en"][6:]), i)
    base = package_dir(root, EMOJIBASE)
    for codes in sorted(os.listdir(f"{base}/en/shortcodes")):
        if codes.endswith(".json"):
            for hexcode, names in load(f"{base}/en/shortcodes/{codes}").items():
                i = index.get(key(hexcode))
                for n in ([names] if isinstance(names, str) else names) if i is not None else []:
                    by_squash.setdefault(squash(n), i)
    for s in ("twemoji", "noto", "openmoji", "fluent-flat"):    # names that these sets give to code points
        d = package_dir(root, STYLES[s]["pkg"])
        for code, name in load(f"{d}/chars.json").items():
            if key(code) in index:
                by_slug.setdefault(name, index[key(code)])
    for s in ("twemoji", "noto", "emojione", "noto-v1"):         # and their older names
        icons = load(f"{package_dir(root, STYLES[s]['pkg'])}/icons.json")
        for alias, a in icons.get("aliases", {}).items():
            if a["parent"] in by_slug:
                by_slug.setdefault(alias, by_slug[a["parent"]])
    for name, i in list(by_slug.items()):
        by_squash.setdefault(squash(name), i)

    found = {}
    for style, s in STYLES.items():
        d, rows, seen = package_dir(root, s["pkg"]), [], set()
        if style == "fluent-3d":
            for f in sorted(os.listdir(f"{d}/assets")):
                i = index.get(key(f.rsplit(".", 1)[0]))
                if i is not None:
                    rows.append((i, f))
        else:
            chars = load(f"{d}/chars.json") if os.path.exists(f"{d}/chars.json") else {}
            by_name = {}
            for code, name in chars.items():
                by_name.setdefault(name, index.get(key(code)))
            for name in load(f"{d}/icons.json")["icons"]:
                plain = re.sub(r"-\d+$", "", name) if style == "streamline" else name
                i = by_name.get(name)
                if i is None and not chars:
                    i = by_squash.get(squash(plain)) if style == "fxemoji" else by_slug.get(plain)
                if i is None and style == "fluent":
                    i = by_slug.get(name)
                if i is not None and (style == "streamline" or i not in seen):
                    seen.add(i)
                    rows.append((i, name))
        found[style] = rows
    return found


def rasterise(job):
    """One drawing -> SIZE x SIZE premultiplied RGBA, centred, aspect kept."""
    kind, data, mono = job
    try:
        if kind == "file":
            im = Image.open(data).convert("RGBA")
        else:
            import resvg_py
            im = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=data, width=SIZE * 2, height=SIZE * 2)))).convert("RGBA")
    except Exception as e:                                      # a drawing that cannot be read is left out, and said
        return str(e)
    im.thumbnail((SIZE * 2, SIZE * 2))
    a = np.asarray(im).astype(np.float32)
    a[..., :3] *= a[..., 3:] / 255
    box = np.zeros((SIZE * 2, SIZE * 2, 4), np.float32)
    y, x = (SIZE * 2 - a.shape[0]) // 2, (SIZE * 2 - a.shape[1]) // 2
    box[y:y + a.shape[0], x:x + a.shape[1]] = a
    out = box.reshape(SIZE, 2, SIZE, 2, 4).mean((1, 3))
    if out[..., 3].max() < 64:
        return "empty"
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def jobs(root, style, rows):
    d = package_dir(root, STYLES[style]["pkg"])
    if style == "fluent-3d":
        return [("file", f"{d}/assets/{f}", False) for _, f in rows]
    pack = load(f"{d}/icons.json")
    info = load(f"{d}/info.json")
    assert info["license"]["spdx"] == STYLES[style]["licence"], (style, info["license"])
    out = []
    for _, name in rows:
        ic = pack["icons"][name]
        w, h = ic.get("width", pack.get("width", 16)), ic.get("height", pack.get("height", 16))
        x, y = ic.get("left", 0), ic.get("top", 0)
        out.append(("svg", f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                    f'viewBox="{x} {y} {w} {h}" width="{w}" height="{h}" color="#000">{ic["body"]}</svg>', False))
    return out


def render(root, workers, styles):
    import bench
    table = emoji_table(root)
    found = find_icons(root, table)
    trained = {i for s, rows in found.items() if STYLES[s]["train"] for i, _ in rows}
    keep = sorted(trained)
    renumber = {old: new for new, old in enumerate(keep)}
    concepts = [table[i] for i in keep]
    concepts.append(dict(bench.CONCEPT))                        # no emoji shows a bench: drawn by ourselves
    rows, work = [], []
    for style, items in found.items():
        items = [(renumber[i], n) for i, n in items if i in renumber and style in styles]
        work += jobs(root, style, items)
        rows += [(style, i, n) for i, n in items]
        print(f"{style:14} {len(items):5} drawings, {len({i for i, _ in items}):5} concepts")
    for k in range(bench.VARIANTS):
        work.append(("svg", bench.svg(k), False))
        rows.append(("bench", len(concepts) - 1, str(k)))
    os.makedirs(root, exist_ok=True)
    atlas = np.lib.format.open_memmap(os.path.join(root, "atlas.npy.part"), "w+", np.uint8, (len(work), SIZE, SIZE, 4))
    meta, n = [], 0
    with Pool(workers) as pool:
        for row, a in zip(rows, pool.imap(rasterise, work, chunksize=32)):
            if isinstance(a, str):
                print("left out:", row, a[:100], file=sys.stderr)
                continue
            atlas[n] = a
            meta.append(row)
            n += 1
    atlas.flush()
    np.save(os.path.join(root, "atlas.npy"), atlas[:n])
    os.remove(os.path.join(root, "atlas.npy.part"))
    with open(os.path.join(root, "atlas.json"), "w", encoding="utf-8") as f:
        json.dump(dict(concepts=concepts, rows=meta, styles={s: dict(v) for s, v in STYLES.items()}), f, ensure_ascii=False)
    print(len(concepts), "concepts,", n, "drawings")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="working directory (default: %(default)s)")
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--styles", nargs="+", choices=STYLES, default=list(STYLES), metavar="STYLE",
                   help="rasterise only these, which is enough for measuring; concepts are the same (default: all)")
    a = p.parse_args()
    fetch(a.data)
    render(a.data, a.workers, a.styles)


if __name__ == "__main__":
    main()
