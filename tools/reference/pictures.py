# SPDX-License-Identifier: Apache-2.0
"""Test pictures made from numbers: one generator that is trivial in any language, and one that looks like something."""

import numpy as np
from PIL import Image


def lcg_bytes(width: int, height: int) -> bytes:
    """width * height * 3 bytes: the top byte of x = x * 1664525 + 1013904223 mod 2^32, advanced before each use.

    The start value is width * 65536 + height. Element i of the sequence is a^i x0 + c (a^(i-1) + ... + 1), which lets
    numpy compute all of them at once by doubling.
    """
    count = width * height * 3
    values = np.empty(count + 1, dtype=np.uint32)
    values[0] = width * 65536 + height
    filled = 1
    multiplier, increment = 1664525, 1013904223
    while filled <= count:
        take = min(filled, count + 1 - filled)
        values[filled : filled + take] = values[:take] * np.uint32(multiplier) + np.uint32(increment)
        filled += take
        increment = (multiplier * increment + increment) & 0xFFFFFFFF
        multiplier = (multiplier * multiplier) & 0xFFFFFFFF
    return (values[1:] >> 24).astype(np.uint8).tobytes()


def lcg_image(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), lcg_bytes(width, height))


def scene(width: int, height: int, seed: int = 1) -> Image.Image:
    """Gradients, a disc, a bar, a checkerboard and some noise: edges and flat parts, all three channels different."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x / max(width - 1, 1), y / max(height - 1, 1)
    pixels = np.stack([40 + 180 * u, 220 - 160 * v, 60 + 120 * u * v], axis=-1)
    cx, cy = random.uniform(0.25, 0.75, 2)
    disc = (u - cx) ** 2 + (v - cy) ** 2 < random.uniform(0.02, 0.08)
    pixels[disc] = random.integers(0, 256, 3)
    bar = np.abs(v - random.uniform(0.1, 0.9)) < 0.06
    pixels[bar] = 255 - pixels[bar]
    checks = (u > 0.7) & (v > 0.6) & ((x.astype(int) // 3 + y.astype(int) // 3) % 2 == 0)
    pixels[checks] = random.integers(0, 256, 3)
    noisy = u < 0.4
    pixels[noisy] += random.integers(-20, 21, (int(noisy.sum()), 3))
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))
