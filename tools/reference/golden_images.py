# SPDX-License-Identifier: Apache-2.0
"""Golden pictures: what Pillow and the slow Qwen2-VL processor make of every file, size and value.

images.json     per file: the RGB bytes after convert("RGB"), and the patches after both resizes
sizes.json      sizes only: picture, after step A, after step B, grid
resize.json     bicubic resizes of generated pictures
normalise.json  the float32 of every byte value and channel, and whole pictures that need no resize
"""

import hashlib
import io
import random
import warnings
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps
from transformers import Qwen2VLImageProcessor
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from gme_reference import SIDE, Limits, step_a, step_a_size
from image_files import ImageFile, catalogue
from pictures import lcg_image
from provenance import provenance, write_rows

COMMAND = "python make_golden.py images"
LIMITS = {"default": Limits(), "small": Limits(4, 16)}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def processor(limits: Limits) -> Qwen2VLImageProcessor:
    return Qwen2VLImageProcessor(
        min_pixels=limits.min_image_tokens * SIDE * SIDE, max_pixels=limits.max_image_tokens * SIDE * SIDE
    )


def patches(image: Image.Image, limits: Limits) -> dict:
    out = processor(limits)(images=[step_a(image)], return_tensors="np")
    values = np.ascontiguousarray(out["pixel_values"], dtype="<f4")
    return {"grid": out["image_grid_thw"][0, 1:].tolist(), "sha256": sha256(values.tobytes())}


def decoded(rgb: Image.Image, file: ImageFile, directory: Path, suffix: str) -> dict:
    """Size and digest; where the bytes may differ a little they are kept beside the file."""
    out: dict = {"width": rgb.width, "height": rgb.height, "rgb_sha256": sha256(rgb.tobytes())}
    if file.tolerance:
        kept = directory / f"{file.name}{suffix}.rgb"
        kept.write_bytes(rgb.tobytes())
        out["rgb_file"] = kept.name
    return out


def expectation(file: ImageFile, directory: Path) -> dict:
    row: dict = {"file": file.name, "note": file.note, "tolerance": file.tolerance}
    try:
        image = Image.open(io.BytesIO(file.data))
        row["pillow_mode"] = image.mode
        rgb = image.convert("RGB")
    except Exception as error:  # whatever Pillow raises is the expectation
        return row | {"error": type(error).__name__}
    row |= decoded(rgb, file, directory, "")
    if not file.tolerance:
        row |= {name: patches(image, limits) for name, limits in LIMITS.items()}
    upright = ImageOps.exif_transpose(image).convert("RGB")
    if upright.tobytes() != rgb.tobytes() or upright.size != rgb.size:
        row["upright"] = decoded(upright, file, directory, ".upright")
    return row


def make_files(golden: Path) -> None:
    directory = golden / "images"
    directory.mkdir(parents=True, exist_ok=True)
    pillow_heif.register_heif_opener()
    rows = []
    for file in catalogue():
        (directory / file.name).write_bytes(file.data)
        rows.append(expectation(file, directory))
    head = {"provenance": provenance(COMMAND) | {"pillow-heif": pillow_heif.__version__,
                                                 "libheif": pillow_heif.libheif_version()},
            "limits": {name: [l.min_image_tokens, l.max_image_tokens] for name, l in LIMITS.items()}}
    write_rows(golden / "images.json", head, "files", rows)


def size_row(width: int, height: int, limits: Limits) -> list[int]:
    a = step_a_size(width, height)
    bounds = (limits.min_image_tokens * SIDE * SIDE, limits.max_image_tokens * SIDE * SIDE)
    b_height, b_width = smart_resize(a[1], a[0], SIDE, *bounds)
    head = [limits.min_image_tokens, limits.max_image_tokens, width, height, *a, b_width, b_height]
    return head + [b_height // 14, b_width // 14]


def interesting_sizes() -> list[tuple[int, int]]:
    named = [
        (1, 1), (100, 100), (224, 224), (448, 448), (640, 480), (800, 600), (800, 533), (960, 640), (1024, 768),
        (1280, 720), (1920, 1080), (3840, 2160), (4032, 3024), (6000, 4000), (2480, 3508), (1000, 10), (10000, 20),
        (301, 997), (28, 28), (27, 27), (29, 29), (1, 5600), (5600, 1), (1, 5601), (5601, 28), (5614, 28), (5613, 28),
        (28, 5615), (20000, 7), (7, 20000), (65535, 1), (1, 65535), (65535, 65535), (100000, 50), (12000, 9000),
        (3584, 3584), (3585, 3584), (3598, 3584), (3570, 3598), (16384, 784), (896, 1120), (1120, 896), (1008, 1008),
        (994, 1008), (1036, 980), (448, 420), (420, 448), (434, 462), (56, 56), (28, 84), (84, 28), (28, 112), (14, 14),
    ]
    # Half-way cases of round(side / 28): 14, 42, 70, ... go to the even multiple.
    named += [(14 + 28 * k, 14 + 28 * (k + 1)) for k in range(40)]
    named += [(13 + 28 * k, 15 + 28 * k) for k in range(1, 20, 3)]
    pick = random.Random(28)

    def log_uniform(top: int) -> int:
        return int(2 ** pick.uniform(0, np.log2(top)))

    named += [(log_uniform(8000), log_uniform(8000)) for _ in range(200)]
    named += [(log_uniform(60000), log_uniform(40)) for _ in range(40)]
    named += [(log_uniform(40), log_uniform(60000)) for _ in range(40)]
    return list(dict.fromkeys((max(w, 1), max(h, 1)) for w, h in named))


def make_sizes(golden: Path) -> None:
    limits = [Limits(), Limits(min_image_tokens=4), Limits(4, 16), Limits(64, 256), Limits(1, 16384)]
    rows = []
    for index, (width, height) in enumerate(interesting_sizes()):
        rows += [size_row(width, height, one) for one in (limits[0], limits[1 + index % 4])]
    columns = ["min_tokens", "max_tokens", "width", "height", "a_width", "a_height", "b_width", "b_height"]
    columns += ["grid_h", "grid_w"]
    write_rows(golden / "sizes.json", {"provenance": provenance(COMMAND), "columns": columns}, "rows", rows)


def resize_pairs() -> list[tuple[int, int, int, int]]:
    pairs = [
        (1, 1, 56, 56), (1, 1, 1, 1), (1, 53, 28, 56), (53, 1, 56, 28), (2, 2, 28, 28), (3, 1, 1, 3), (1, 3, 3, 1),
        (28, 28, 28, 28), (28, 28, 28, 56), (28, 28, 56, 28), (56, 28, 28, 28), (28, 56, 28, 28), (100, 100, 112, 112),
        (112, 112, 448, 448), (448, 448, 112, 112), (224, 224, 448, 448), (300, 200, 308, 196), (308, 196, 560, 364),
        (640, 480, 644, 476), (97, 61, 1, 1), (61, 97, 5, 2), (500, 3, 28, 28), (3, 500, 28, 28), (1000, 10, 1008, 28),
        (1008, 28, 2688, 84), (16, 16, 17, 17), (17, 17, 16, 16), (255, 255, 254, 256), (256, 256, 128, 128),
        (257, 129, 128, 64), (31, 3, 93, 9), (2, 1, 84, 28), (4, 3000, 4, 28), (2, 1000, 28, 84), (1, 400, 1, 3),
    ]
    pick = random.Random(4)

    def size(top: int) -> int:
        return max(1, int(2 ** pick.uniform(0, np.log2(top))))

    for _ in range(90):  # any size to any size
        pairs.append((size(300), size(300), size(300), size(300)))
    for _ in range(60):  # what step A does: a small change of both sides
        w, h = pick.randint(20, 260), pick.randint(20, 260)
        pairs.append((w, h, *step_a_size(w, h)))
    for _ in range(30):  # one side only
        w, h = pick.randint(1, 200), pick.randint(1, 200)
        pairs += [(w, h, pick.randint(1, 300), h), (w, h, w, pick.randint(1, 300))]
    for _ in range(30):  # what step B does: multiples of 28 up or down
        w, h, up = pick.randint(1, 12), pick.randint(1, 12), pick.uniform(0.3, 3)
        pairs.append((28 * w, 28 * h, 28 * max(1, int(w * up)), 28 * max(1, int(h * up))))
    return list(dict.fromkeys(pairs))


def make_resizes(golden: Path) -> None:
    rows = []
    for w, h, to_w, to_h in resize_pairs():
        resized = lcg_image(w, h).resize((to_w, to_h), Image.Resampling.BICUBIC)
        rows.append([w, h, to_w, to_h, sha256(resized.tobytes())])
    columns = ["width", "height", "to_width", "to_height", "sha256"]
    write_rows(golden / "resize.json", {"provenance": provenance(COMMAND), "columns": columns}, "rows", rows)


def make_normalise(golden: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    # A 28 x 28 picture is one merge block of four patches; read every value back from where the ramp put it.
    canvas = np.zeros((28, 28, 3), np.uint8)
    canvas[:16, :16] = ramp
    one = Limits(1, 16384)
    out = processor(one)(images=[Image.fromarray(canvas)], return_tensors="np")["pixel_values"]
    picture = out.reshape(2, 2, 3, 2, 14, 14)[:, :, :, 0].transpose(0, 3, 1, 4, 2).reshape(28, 28, 3)
    bits = np.ascontiguousarray(picture[:16, :16].reshape(256, 3), dtype="<f4").view("<u4")
    whole = []
    for w, h in ((28, 28), (56, 28), (28, 84), (112, 56), (84, 140)):
        values = processor(one)(images=[lcg_image(w, h)], return_tensors="np")["pixel_values"]
        whole.append([w, h, sha256(np.ascontiguousarray(values, dtype="<f4").tobytes())])
    head = {"provenance": provenance(COMMAND), "pictures": whole}
    write_rows(golden / "normalise.json", head, "float32_bits", [[f"{int(v):08x}" for v in row] for row in bits])


def make_images(golden: Path) -> None:
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    make_files(golden)
    make_sizes(golden)
    make_resizes(golden)
    make_normalise(golden)
