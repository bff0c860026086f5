# SPDX-License-Identifier: Apache-2.0
"""The golden picture files: every mode, format and oddity of section "image preprocessing", a few KB each.

The tolerance of a file is the largest allowed difference of an RGB value. It is 0 but for lossy AVIF and HEIC, whose
conversion to RGB the libraries are free to round; AVIF with subsampled colour differs much at edges, because libavif
interpolates colour and libheif repeats it.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pillow_heif
import simplejpeg
import tifffile
from PIL import Image, ImageCms

from image_writers import Bmp, GifFrame, bmp_rle4, bmp_rle8, bmp_rows, gif, png, png_chunk
from pictures import scene

W, H = 24, 18
ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class ImageFile:
    name: str
    data: bytes
    note: str = ""
    tolerance: int = 0


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def exif(orientation: int, big_endian: bool = False) -> bytes:
    order = ">" if big_endian else "<"
    tiff = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "I", 8)
    entry = struct.pack(order + "HHHIHH", 1, ORIENTATION_TAG, 3, 1, orientation, 0)
    return b"Exif\0\0" + tiff + entry + struct.pack(order + "I", 0)


def rgb() -> np.ndarray:
    return np.asarray(scene(W, H, 6))


def gray() -> np.ndarray:
    return np.asarray(scene(W, H, 6).convert("L"))


def alpha() -> np.ndarray:
    """From 0 to 255 across the picture, so that hidden colours show where alpha is dropped."""
    return np.broadcast_to(np.linspace(0, 255, W).round().astype(np.uint8), (H, W))


def rgba() -> np.ndarray:
    return np.dstack([rgb(), alpha()])


def wide(samples: np.ndarray) -> np.ndarray:
    """8-bit samples as 16-bit ones whose low bytes are not zero."""
    return samples.astype(np.uint16) * 256 + (samples.astype(np.uint16) * 37 + 11) % 256


def indexed(colours: int) -> tuple[np.ndarray, bytes]:
    """The scene with a palette of exactly `colours` entries."""
    image = scene(W, H, 6).quantize(colours, dither=Image.Dither.NONE)
    palette = bytes(image.getpalette())[: 3 * colours].ljust(3 * colours, b"\x40")
    return np.asarray(image), palette


def pngs() -> Iterator[ImageFile]:
    colour, grey = rgb(), gray()[:, :, None]
    for interlaced in (False, True):
        tail = "-interlaced.png" if interlaced else ".png"
        yield ImageFile("png-rgb" + tail, png(colour, 8, 2, interlaced))
        yield ImageFile("png-rgba" + tail, png(rgba(), 8, 6, interlaced), "alpha is dropped")
        yield ImageFile("png-rgb16" + tail, png(wide(colour), 16, 2, interlaced), "the high bytes")
        yield ImageFile("png-gray16" + tail, png(wide(grey), 16, 0, interlaced), "I;16: over 255 becomes 255")
        yield ImageFile("png-gray1" + tail, png(grey >> 7, 1, 0, interlaced), "mode 1")
        yield ImageFile("png-gray2" + tail, png(grey >> 6, 2, 0, interlaced))
        yield ImageFile("png-gray4" + tail, png(grey >> 4, 4, 0, interlaced))
        for depth in (1, 4, 8):
            indices, palette = indexed(1 << depth)
            data = png(indices[:, :, None], depth, 3, interlaced, [(b"PLTE", palette)])
            yield ImageFile(f"png-palette{depth}{tail}", data)
    yield ImageFile("png-gray8.png", png(grey, 8, 0))
    yield ImageFile("png-gray16-dark.png", png(grey.astype(np.uint16), 16, 0), "16-bit values below 256 are kept")
    yield ImageFile("png-gray-alpha.png", png(np.dstack([grey, alpha()]), 8, 4), "LA")
    yield ImageFile("png-gray-alpha16.png", png(wide(np.dstack([grey, alpha()])), 16, 4))
    yield ImageFile("png-rgba16.png", png(wide(rgba()), 16, 6))
    indices, palette = indexed(4)
    yield ImageFile("png-palette2.png", png(indices[:, :, None], 2, 3, chunks=[(b"PLTE", palette)]))
    transparency = (b"tRNS", bytes([0, 128, 255]))
    data = png(indices[:, :, None], 2, 3, chunks=[(b"PLTE", palette), transparency])
    yield ImageFile("png-palette-trns.png", data, "P with transparency: ignored")
    data = png(np.minimum(indices, 2)[:, :, None], 8, 3, chunks=[(b"PLTE", palette[:9])])
    yield ImageFile("png-palette-short.png", data, "fewer palette entries than 2^depth")
    key = (b"tRNS", struct.pack(">HHH", *(int(v) for v in colour[9, 20])))
    yield ImageFile("png-rgb-trns.png", png(colour, 8, 2, chunks=[key]), "colour key: ignored")
    yield ImageFile("png-gray-trns.png", png(grey, 8, 0, chunks=[(b"tRNS", struct.pack(">H", int(grey[9, 9, 0])))]))
    yield ImageFile("png-gray1-trns.png", png(grey >> 7, 1, 0, chunks=[(b"tRNS", b"\0\1")]), "colour key 1")
    yield ImageFile("png-gamma.png", png(colour, 8, 2, chunks=[(b"gAMA", struct.pack(">I", 100000))]), "gAMA ignored")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield ImageFile("png-icc.png", saved(scene(W, H, 6), "PNG", icc_profile=profile), "profile ignored")
    yield ImageFile("png-exif6.png", png(colour, 8, 2, chunks=[(b"eXIf", exif(6)[6:])]), "orientation ignored")
    yield ImageFile("png-background.png", png(rgba(), 8, 6, chunks=[(b"bKGD", struct.pack(">HHH", 255, 0, 0))]))
    frames = [scene(W, H, 7), scene(W, H, 8)]
    yield ImageFile("png-animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:]), "APNG")
    hidden = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True)
    yield ImageFile("png-animated-default.png", hidden, "APNG whose default image is not a frame")
    for size in ((1, 1), (1, 53), (53, 1), (3, 2), (28, 28), (29, 27)):
        yield ImageFile(f"png-size-{size[0]}x{size[1]}.png", saved(scene(*size, 9), "PNG"))
    yield ImageFile("png-trailing.png", png(colour, 8, 2) + b"trailing bytes")


def jpegs() -> Iterator[ImageFile]:
    image = scene(37, 53, 10)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield ImageFile(f"jpeg-{name}.jpg", saved(image, "JPEG", quality=85, subsampling=subsampling))
        data = saved(image, "JPEG", quality=85, subsampling=subsampling, progressive=True)
        yield ImageFile(f"jpeg-{name}-progressive.jpg", data)
        for size in ((1, 1), (2, 3), (7, 9), (8, 8), (15, 17), (16, 16), (33, 31)):
            small = saved(scene(*size, 11), "JPEG", quality=90, subsampling=subsampling)
            yield ImageFile(f"jpeg-{name}-{size[0]}x{size[1]}.jpg", small)
    pixels = np.ascontiguousarray(np.asarray(image))
    for name in ("440", "411"):
        yield ImageFile(f"jpeg-{name}.jpg", simplejpeg.encode_jpeg(pixels, 85, "RGB", name))
    yield ImageFile("jpeg-quality1.jpg", saved(image, "JPEG", quality=1))
    yield ImageFile("jpeg-quality100.jpg", saved(image, "JPEG", quality=100, subsampling=0))
    yield ImageFile("jpeg-restart.jpg", saved(image, "JPEG", restart_marker_blocks=3))
    yield ImageFile("jpeg-rgb.jpg", saved(image, "JPEG", keep_rgb=True), "stored as RGB, not YCbCr")
    yield ImageFile("jpeg-gray.jpg", saved(image.convert("L"), "JPEG"))
    yield ImageFile("jpeg-gray-progressive.jpg", saved(image.convert("L"), "JPEG", progressive=True))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield ImageFile("jpeg-icc.jpg", saved(image, "JPEG", icc_profile=profile), "profile ignored")
    yield ImageFile("jpeg-trailing.jpg", saved(image, "JPEG") + b"\0" * 100)
    both = saved(image, "MPO", save_all=True, append_images=[scene(20, 20, 12)])
    yield ImageFile("jpeg-mpo.jpg", both, "first of two")
    yield from cmyk_jpegs()
    for orientation in range(1, 9):
        data = saved(image, "JPEG", quality=80, exif=exif(orientation))
        yield ImageFile(f"jpeg-exif{orientation}.jpg", data, "orientation ignored")
    yield ImageFile("jpeg-exif6-big-endian.jpg", saved(image, "JPEG", quality=80, exif=exif(6, True)))
    yield ImageFile("jpeg-exif9.jpg", saved(image, "JPEG", quality=80, exif=exif(9)), "not an orientation")


def cmyk_jpegs() -> Iterator[ImageFile]:
    channels = [np.asarray(scene(37, 53, seed).convert("L")) for seed in (13, 14, 15, 16)]
    image = Image.merge("CMYK", [Image.fromarray(channel) for channel in channels])
    data = saved(image, "JPEG", quality=90)
    at = data.index(b"\xff\xee")
    size = int.from_bytes(data[at + 2 : at + 4], "big")
    transform = at + 2 + size - 1
    yield ImageFile("jpeg-cmyk-adobe.jpg", data, "Adobe marker, stored inverted")
    plain = data[:at] + data[at + 2 + size :]
    yield ImageFile("jpeg-cmyk-plain.jpg", plain, "no Adobe marker: read as inverted all the same")
    ycck = data[:transform] + b"\2" + data[transform + 1 :]
    yield ImageFile("jpeg-ycck.jpg", ycck, "Adobe marker with transform 2")


def webps() -> Iterator[ImageFile]:
    image, translucent = scene(W, H, 6), Image.fromarray(rgba())
    yield ImageFile("webp-lossless.webp", saved(image, "WEBP", lossless=True))
    yield ImageFile("webp-lossless-alpha.webp", saved(translucent, "WEBP", lossless=True))
    yield ImageFile("webp-lossless-alpha-exact.webp", saved(translucent, "WEBP", lossless=True, exact=True))
    yield ImageFile("webp-lossy.webp", saved(scene(37, 53, 10), "WEBP", quality=70))
    yield ImageFile("webp-lossy-alpha.webp", saved(translucent, "WEBP", quality=70))
    yield ImageFile("webp-lossy-1x1.webp", saved(scene(1, 1), "WEBP"))
    exif6 = saved(image, "WEBP", lossless=True, exif=exif(6))
    yield ImageFile("webp-exif6.webp", exif6, "orientation ignored")
    frames = [scene(W, H, 17), scene(W, H, 18)]
    lossless = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    yield ImageFile("webp-animated.webp", lossless, "first frame")
    lossy = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=70)
    yield ImageFile("webp-animated-lossy.webp", lossy)
    # The first frame shrinks to what is not transparent, so that it covers only a part of the canvas.
    partial = np.zeros((H, W, 4), np.uint8)
    partial[4:14, 6:20] = rgba()[4:14, 6:20]
    partial[4:14, 6:20, 3] = 255
    second = Image.fromarray(rgba())
    data = saved(Image.fromarray(partial), "WEBP", save_all=True, append_images=[second], lossless=True)
    yield ImageFile("webp-animated-partial.webp", data)


def gifs() -> Iterator[ImageFile]:
    indices, palette = indexed(16)
    other = palette[::-1]
    yield ImageFile("gif-global.gif", gif(W, H, [GifFrame(indices)], palette))
    yield ImageFile("gif-87a.gif", b"GIF87a" + gif(W, H, [GifFrame(indices)], palette)[6:])
    yield ImageFile("gif-interlaced.gif", gif(W, H, [GifFrame(indices, interlaced=True)], palette))
    yield ImageFile("gif-transparent.gif", gif(W, H, [GifFrame(indices, transparent=3)], palette), "colour shows")
    yield ImageFile("gif-local.gif", gif(W, H, [GifFrame(indices, palette=other)], palette), "local table wins")
    yield ImageFile("gif-local-only.gif", gif(W, H, [GifFrame(indices, palette=palette)]))
    yield ImageFile("gif-no-table.gif", gif(W, H, [GifFrame(indices)]), "no colour table at all")
    yield ImageFile("gif-two-colours.gif", gif(W, H, [GifFrame(indices & 1)], palette[:6]))
    ramp = bytes(value for value in range(256) for _ in range(3))
    yield ImageFile("gif-gray-table.gif", gif(W, H, [GifFrame(gray())], ramp), "Pillow makes it mode L")
    full, table = indexed(256)
    yield ImageFile("gif-256.gif", gif(W, H, [GifFrame(full)], table))
    part = indices[4:14, 6:20]
    for name, frame, background in (
        ("partial", GifFrame(part, 6, 4), 0),
        ("partial-background", GifFrame(part, 6, 4), 5),
        ("partial-transparent", GifFrame(part, 6, 4, transparent=3), 5),
        ("partial-local", GifFrame(part, 6, 4, palette=other), 5),
        ("beyond-canvas", GifFrame(indices, 10, 8), 0),
    ):
        yield ImageFile(f"gif-{name}.gif", gif(W, H, [frame], palette, background))
    frames = [GifFrame(indices, delay=5, disposal=1), GifFrame(part, 6, 4, delay=5, transparent=2)]
    yield ImageFile("gif-animated.gif", gif(W, H, frames, palette), "first frame")
    frames = [GifFrame(part, 6, 4, delay=5, disposal=2, transparent=3), GifFrame(indices, delay=5)]
    yield ImageFile("gif-animated-partial.gif", gif(W, H, frames, palette, 5))
    noise = np.asarray(scene(120, 90, 20).convert("L").quantize(256)).copy()
    yield ImageFile("gif-many-codes.gif", gif(120, 90, [GifFrame(noise)], table), "the code table fills and is cleared")


def bmps() -> Iterator[ImageFile]:
    for bits in (1, 4, 8):
        indices, palette = indexed(1 << bits)
        table = b"".join(palette[i : i + 3][::-1] + b"\0" for i in range(0, len(palette), 3))
        yield ImageFile(f"bmp-{bits}.bmp", Bmp(W - 1, H, bits, bmp_rows(indices[:, : W - 1], bits), table).encode())
        if bits == 8:
            yield ImageFile("bmp-rle8.bmp", Bmp(W, H, 8, bmp_rle8(indices), table, 1).encode())
        if bits == 4:
            yield ImageFile("bmp-rle4.bmp", Bmp(W, H, 4, bmp_rle4(indices), table, 2).encode())
    red, green, blue = (rgb()[:, :, i].astype(np.uint32) for i in range(3))
    bgr = rgb()[:, :, ::-1]
    yield ImageFile("bmp-24.bmp", Bmp(W, H, 24, bmp_rows(bgr, 24)).encode())
    yield ImageFile("bmp-24-top-down.bmp", Bmp(W, -H, 24, bmp_rows(bgr, 24, top_down=True)).encode())
    pixels = red >> 3 << 10 | green >> 3 << 5 | blue >> 3
    yield ImageFile("bmp-16-555.bmp", Bmp(W, H, 16, bmp_rows(pixels, 16)).encode())
    pixels = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
    data = Bmp(W, H, 16, bmp_rows(pixels, 16), compression=3, masks=(0xF800, 0x7E0, 0x1F)).encode()
    yield ImageFile("bmp-16-565.bmp", data)
    pixels = alpha().astype(np.uint32) << 24 | red << 16 | green << 8 | blue
    yield ImageFile("bmp-32.bmp", Bmp(W, H, 32, bmp_rows(pixels, 32)).encode(), "fourth byte ignored")
    data = Bmp(W, H, 32, bmp_rows(pixels, 32), compression=3, masks=(0xFF0000, 0xFF00, 0xFF)).encode()
    yield ImageFile("bmp-32-fields.bmp", data)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = Bmp(W, H, 32, bmp_rows(pixels, 32), compression=3, masks=masks, header_size=108).encode()
    yield ImageFile("bmp-32-v4-alpha.bmp", data)
    core = struct.pack("<IHHHH", 12, W, H, 1, 24)
    rows = bmp_rows(bgr, 24)
    data = b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + core + rows
    yield ImageFile("bmp-os2.bmp", data, "12-byte header")


def tiffs() -> Iterator[ImageFile]:
    image = scene(W, H, 6)
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield ImageFile(f"tiff-{compression or 'none'}.tif", saved(image, "TIFF", compression=compression))
    yield ImageFile("tiff-lzw-predictor.tif", saved(image, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}))
    yield ImageFile("tiff-gray.tif", saved(image.convert("L"), "TIFF"))
    yield ImageFile("tiff-1bit.tif", saved(image.convert("1"), "TIFF"))
    yield ImageFile("tiff-group4.tif", saved(image.convert("1"), "TIFF", compression="group4"))
    yield ImageFile("tiff-palette.tif", saved(image.quantize(64), "TIFF", compression="tiff_lzw"))
    yield ImageFile("tiff-rgba.tif", saved(Image.fromarray(rgba()), "TIFF"))
    yield ImageFile("tiff-gray16.tif", saved(Image.fromarray(wide(gray())), "TIFF"), "I;16: over 255 becomes 255")
    yield ImageFile("tiff-int32.tif", saved(Image.fromarray(gray().astype(np.int32) * 3 - 200), "TIFF"), "I: clamped")
    floats = Image.fromarray(gray().astype(np.float32) * 1.7 - 50.5)
    yield ImageFile("tiff-float.tif", saved(floats, "TIFF"), "F: clamped")
    cmyk = Image.merge("CMYK", [scene(W, H, seed).convert("L") for seed in (13, 14, 15, 16)])
    yield ImageFile("tiff-cmyk.tif", saved(cmyk, "TIFF"))
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    yield ImageFile("tiff-lab.tif", saved(converted, "TIFF"), "CIELAB")
    pages = saved(image, "TIFF", save_all=True, append_images=[scene(10, 10, 21)])
    yield ImageFile("tiff-pages.tif", pages, "first page")
    for orientation in (3, 6):
        data = saved(image, "TIFF", tiffinfo={ORIENTATION_TAG: orientation})
        yield ImageFile(f"tiff-orientation{orientation}.tif", data, "Pillow DOES apply the orientation of a TIFF")
    pixels = rgb()
    tall, broad = 24, 48
    tiles = np.asarray(scene(broad, tall, 22))
    for name, values, options in (
        ("tiled", tiles, {"tile": (16, 16), "photometric": "rgb"}),
        ("strips", pixels, {"rowsperstrip": 5, "photometric": "rgb"}),
        ("planar", pixels.transpose(2, 0, 1).copy(), {"planarconfig": "separate", "photometric": "rgb"}),
        ("rgb16", wide(pixels), {"photometric": "rgb"}),
        ("white-is-zero", gray(), {"photometric": "miniswhite"}),
        ("rgba-associated", rgba(), {"photometric": "rgb", "extrasamples": ["assocalpha"]}),
        ("rgba-unspecified", rgba(), {"photometric": "rgb", "extrasamples": ["unspecified"]}),
        ("zlib-predictor", pixels, {"photometric": "rgb", "compression": "zlib", "predictor": True}),
    ):
        yield ImageFile(f"tiff-{name}.tif", tiff_by_tifffile(values, **options))
    for name, order in (("big-endian", ">"), ("rgb16-big-endian", ">")):
        values = wide(pixels) if "16" in name else pixels
        yield ImageFile(f"tiff-{name}.tif", tiff_by_tifffile(values, byteorder=order, photometric="rgb"))
    yield ImageFile("tiff-big.tif", tiff_by_tifffile(pixels, photometric="rgb", bigtiff=True), "BigTIFF")


def tiff_by_tifffile(values: np.ndarray, byteorder: str = "<", bigtiff: bool = False, **options: object) -> bytes:
    out = io.BytesIO()
    with tifffile.TiffWriter(out, byteorder=byteorder, bigtiff=bigtiff) as writer:
        writer.write(values, metadata=None, software="", **options)
    return out.getvalue()


def avifs() -> Iterator[ImageFile]:
    image = scene(37, 53, 10)
    for name, subsampling, tolerance in (("444", "4:4:4", 2), ("420", "4:2:0", 100), ("gray", "4:0:0", 2)):
        data = saved(image, "AVIF", quality=90, subsampling=subsampling)
        yield ImageFile(f"avif-{name}.avif", data, tolerance=tolerance)
    translucent = saved(Image.fromarray(rgba()), "AVIF", quality=90, subsampling="4:4:4")
    yield ImageFile("avif-alpha.avif", translucent, "alpha is dropped", 2)
    rotated = saved(image, "AVIF", quality=90, subsampling="4:4:4", exif=exif(6))
    yield ImageFile("avif-exif6.avif", rotated, "stored as irot, which Pillow leaves to the caller", 2)


def heics() -> Iterator[ImageFile]:
    image = pillow_heif.from_pillow(scene(64, 48, 23))
    for name, options, tolerance in (
        ("lossless", {"quality": -1, "chroma": 444, "matrix_coefficients": 0}, 0),
        ("444", {"quality": 90, "chroma": 444}, 2),
        ("420", {"quality": 80, "chroma": 420}, 2),
    ):
        out = io.BytesIO()
        image.save(out, **options)
        yield ImageFile(f"heic-{name}.heic", out.getvalue(), "", tolerance)


def broken() -> Iterator[ImageFile]:
    """Files that the reference refuses."""
    image = scene(37, 53, 10)
    formats = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "tif": "TIFF"}
    for name, format in formats.items():
        data = saved(image, format)
        yield ImageFile(f"broken-truncated.{name}", data[: len(data) * 2 // 3])
    yield ImageFile("broken-empty.png", b"")
    yield ImageFile("broken-text.jpg", b"This is not a picture.\n")
    whole = png(rgb(), 8, 2)
    at = whole.index(b"IDAT") + 20
    yield ImageFile("broken-checksum.png", whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    header = struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0)
    yield ImageFile("broken-zero-width.png", whole[:8] + png_chunk(b"IHDR", header) + whole[33:])


def catalogue() -> Iterator[ImageFile]:
    for family in (pngs, jpegs, webps, gifs, bmps, tiffs, avifs, heics, broken):
        yield from family()
