"""Makes pictures of every accepted kind, with the pixel values that transformers' PIL processor gives.

usage: python pictures.py FOLDER CHECKPOINT

Writes FOLDER/NAME.EXT for each picture, FOLDER/NAME.f32 (float32 [3, H, W]) and FOLDER/index.json:
{"pillow": version, "pictures": [{"name", "file", "mode", "width", "height"}]}.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, features
from PIL import __version__ as pillow_version
from transformers import BlipImageProcessorPil

Image.MAX_IMAGE_PIXELS = None
warnings.simplefilter("ignore")

RNG = np.random.default_rng(20261123)
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def scene(width: int, height: int, channels: int = 3) -> np.ndarray:
    """u8 [height, width, channels]: gradients, edges and noise, so that every filter tap matters."""
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for channel in range(channels):
        wave = 127 + 90 * np.sin(x / (7 + 3 * channel)) * np.cos(y / (11 + 2 * channel))
        block = 60 * (((x // 23 + y // 17 + channel) % 3) - 1)
        planes.append(wave + block + RNG.normal(0, 12, (height, width)))
    samples: np.ndarray = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return samples


def picture(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    data = scene(width, height, channels)
    return Image.fromarray(data[..., 0] if channels == 1 else data, mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(
    samples: np.ndarray, depth: int, color: int, *, interlaced: bool = False, chunks: bytes = b""
) -> bytes:
    """A PNG written by hand, as Pillow does not write all depths and layouts. samples: integers [H, W, C]."""
    height, width, _ = samples.shape

    def scanlines(part: np.ndarray) -> bytes:
        if part.size == 0:
            return b""
        lines = []
        for row in part:
            if depth == 16:
                packed = row.astype(">u2").tobytes()
            elif depth == 8:
                packed = row.astype(np.uint8).tobytes()
            else:
                bits = np.unpackbits(row.reshape(-1, 1).astype(np.uint8), axis=1)[:, 8 - depth :]
                packed = np.packbits(bits.reshape(-1)).tobytes()
            lines.append(b"\0" + packed)
        return b"".join(lines)

    if interlaced:
        body = b"".join(scanlines(samples[y::dy, x::dx]) for x, y, dx, dy in ADAM7)
    else:
        body = scanlines(samples)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    parts = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deep(channels: int, width: int = 150, height: int = 110) -> np.ndarray:
    """u16 samples whose high and low bytes both vary."""
    high = scene(width, height, channels).astype(np.uint16)
    return (high << 8) | RNG.integers(0, 256, high.shape, dtype=np.uint16)


def palette_chunks(colors: int, alphas: int = 0) -> bytes:
    chunks = chunk(b"PLTE", RNG.integers(0, 256, colors * 3, dtype=np.uint8).tobytes())
    if alphas:
        chunks += chunk(b"tRNS", RNG.integers(0, 256, alphas, dtype=np.uint8).tobytes())
    return chunks


def gif_frame(lzw_source: Image.Image, **options: object) -> bytes:
    return saved(lzw_source, "GIF", **options)


def gif_with_offset(screen: tuple[int, int]) -> bytes:
    """A GIF whose first frame covers only a part of its screen, or more than it."""
    small = bytearray(gif_frame(picture(60, 40).quantize(32)))
    small[6:10] = struct.pack("<HH", *screen)
    at = small.index(b"\x2c", 13 + 3 * 2 ** ((small[10] & 7) + 1))
    small[at + 1 : at + 5] = struct.pack("<HH", 11, 7)
    return bytes(small)


def gif_with_palette_of(colors: int) -> bytes:
    """A GIF with 256 indices in its data and a palette of fewer colours."""
    whole = gif_frame(picture(60, 40).quantize(256))
    body = whole[13 + 3 * 256 :]
    flags = 0x80 | (colors.bit_length() - 2) if colors else 0
    return whole[:10] + bytes([flags]) + whole[11:13] + whole[13 : 13 + 3 * colors] + body


def gif_with_local_palette() -> bytes:
    """A GIF whose frame has a palette of its own, other than the screen's."""
    whole = bytearray(gif_frame(picture(60, 40).quantize(256)))
    at = whole.index(b"\x2c", 13 + 3 * 256)
    local = RNG.integers(0, 256, 3 * 256, dtype=np.uint8).tobytes()
    return bytes(whole[: at + 9]) + bytes([whole[at + 9] | 0x87]) + local + bytes(whole[at + 10 :])


def jpegs() -> Iterator[tuple[str, bytes]]:
    image = picture()
    for name, sampling in [("444", 0), ("422", 1), ("420", 2)]:
        for progressive in (False, True):
            kind = "progressive" if progressive else "baseline"
            data = saved(image, "JPEG", quality=85, subsampling=sampling, progressive=progressive)
            yield f"jpeg-{kind}-{name}", data
    yield "jpeg-odd-size-420", saved(picture(333, 227), "JPEG", quality=60, subsampling=2)
    yield "jpeg-quality-5", saved(image, "JPEG", quality=5)
    yield "jpeg-quality-100", saved(image, "JPEG", quality=100, subsampling=0)
    yield "jpeg-optimized", saved(image, "JPEG", optimize=True)
    yield "jpeg-restart-markers", saved(image, "JPEG", restart_marker_blocks=4)
    yield "jpeg-gray", saved(picture(mode="L"), "JPEG", quality=85)
    yield "jpeg-gray-progressive", saved(picture(mode="L"), "JPEG", progressive=True)
    yield "jpeg-rgb-without-transform", saved(image, "JPEG", keep_rgb=True)
    yield "jpeg-cmyk", saved(picture(mode="CMYK"), "JPEG", quality=90)
    yield "jpeg-cmyk-progressive", saved(picture(mode="CMYK"), "JPEG", quality=70, progressive=True)
    plain = saved(picture(mode="CMYK"), "JPEG", quality=90)
    at = plain.index(b"\xff\xee")
    yield (
        "jpeg-cmyk-without-adobe",
        plain[:at] + plain[at + 2 + struct.unpack(">H", plain[at + 2 : at + 4])[0] :],
    )
    ycck = bytearray(plain)
    ycck[at + 15] = 2
    yield "jpeg-ycck", bytes(ycck)
    exif = Image.Exif()
    for orientation in (3, 6, 8):
        exif[0x0112] = orientation
        yield f"jpeg-exif-{orientation}", saved(picture(200, 120), "JPEG", exif=exif)
    yield "jpeg-icc", saved(image, "JPEG", icc_profile=display_p3())
    yield "jpeg-cmyk-icc", saved(picture(mode="CMYK"), "JPEG", icc_profile=display_p3())
    yield "jpeg-dpi-and-comment", saved(image, "JPEG", dpi=(300, 300), comment=b"hello")
    yield "jpeg-trailing-bytes", saved(image, "JPEG") + b"\0" * 1000


def display_p3() -> bytes:
    """An RGB profile with other primaries than sRGB's: decoding must not apply it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag, xyz in [
        (b"rXYZ", (0.515, 0.241, -0.001)),
        (b"gXYZ", (0.292, 0.692, 0.042)),
        (b"bXYZ", (0.157, 0.067, 0.784)),
    ]:
        entry = profile.index(tag)
        offset = struct.unpack(">I", profile[entry + 4 : entry + 8])[0]
        profile[offset + 8 : offset + 20] = struct.pack(">iii", *(round(v * 65536) for v in xyz))
    return bytes(profile)


def pngs() -> Iterator[tuple[str, bytes]]:
    gray = scene(121, 87, 1)
    for depth in (1, 2, 4):
        yield f"png-gray-{depth}", png(gray >> (8 - depth), depth, 0)
        yield f"png-gray-{depth}-interlaced", png(gray >> (8 - depth), depth, 0, interlaced=True)
        yield f"png-gray-{depth}-trns", png(gray >> (8 - depth), depth, 0, chunks=chunk(b"tRNS", b"\0\1"))
        colors = 2**depth
        yield f"png-palette-{depth}", png(gray >> (8 - depth), depth, 3, chunks=palette_chunks(colors))
        yield (
            f"png-palette-{depth}-trns",
            png(gray >> (8 - depth), depth, 3, chunks=palette_chunks(colors, colors)),
        )
    yield "png-gray-8", saved(picture(mode="L"), "PNG")
    yield "png-gray-8-trns", png(gray, 8, 0, chunks=chunk(b"tRNS", b"\0\x80"))
    yield "png-gray-16", png(deep(1), 16, 0)
    yield "png-gray-16-interlaced", png(deep(1), 16, 0, interlaced=True)
    yield "png-gray-16-trns", png(deep(1), 16, 0, chunks=chunk(b"tRNS", b"\x12\x34"))
    yield "png-gray-16-dark", png(deep(1) >> 8, 16, 0)
    yield "png-gray-alpha-8", saved(picture(mode="LA"), "PNG")
    yield "png-gray-alpha-16", png(deep(2), 16, 4)
    yield "png-rgb-8", saved(picture(), "PNG")
    yield "png-rgb-8-interlaced", png(scene(117, 93), 8, 2, interlaced=True)
    yield "png-rgb-8-trns", png(scene(50, 40), 8, 2, chunks=chunk(b"tRNS", b"\0\x80\0\x80\0\x80"))
    yield "png-rgb-16", png(deep(3), 16, 2)
    yield "png-rgb-16-interlaced", png(deep(3), 16, 2, interlaced=True)
    yield "png-rgba-8", saved(picture(mode="RGBA"), "PNG")
    yield "png-rgba-8-all-transparent", saved(Image.new("RGBA", (40, 30), (200, 10, 90, 0)), "PNG")
    yield "png-rgba-16", png(deep(4), 16, 6)
    yield "png-palette-8", saved(picture().quantize(256), "PNG")
    yield "png-palette-8-interlaced", png(gray // 8, 8, 3, interlaced=True, chunks=palette_chunks(32))
    yield "png-palette-8-one-clear-colour", saved(picture().quantize(64), "PNG", transparency=3)
    yield "png-palette-8-alphas", png(gray // 4, 8, 3, chunks=palette_chunks(64, 40))
    yield "png-palette-8-index-past-end", png(gray // 4, 8, 3, chunks=palette_chunks(48))
    yield "png-icc", saved(picture(), "PNG", icc_profile=display_p3())
    yield "png-gamma", png(scene(80, 60), 8, 2, chunks=chunk(b"gAMA", struct.pack(">I", 100000)))
    yield (
        "png-exif-6",
        saved(
            picture(90, 60),
            "PNG",
            exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        ),
    )
    frames = [picture(64, 48), picture(64, 48)]
    yield "png-animated", saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def others() -> Iterator[tuple[str, bytes]]:
    image = picture()
    yield "webp-lossy", saved(image, "WEBP", quality=80)
    yield "webp-lossy-odd-size", saved(picture(123, 77), "WEBP", quality=30)
    yield "webp-lossless", saved(image, "WEBP", lossless=True)
    yield "webp-alpha-lossy", saved(picture(mode="RGBA"), "WEBP", quality=70)
    yield "webp-alpha-lossless", saved(picture(mode="RGBA"), "WEBP", lossless=True, exact=True)
    yield "webp-icc", saved(image, "WEBP", icc_profile=display_p3())
    frames = [picture(100, 80), picture(100, 80)]
    yield "webp-animated", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50)
    clear = [picture(100, 80, "RGBA"), picture(100, 80, "RGBA")]
    yield (
        "webp-animated-alpha",
        saved(clear[0], "WEBP", save_all=True, append_images=clear[1:], lossless=True),
    )
    yield "gif-static", gif_frame(image.quantize(256))
    yield "gif-two-colours", gif_frame(picture(90, 70, "L").convert("1"))
    yield "gif-gray", gif_frame(picture(90, 70, "L"))
    yield "gif-interlaced", gif_frame(image.quantize(64), interlace=1)
    yield "gif-not-interlaced", gif_frame(image.quantize(64), interlace=0)
    yield "gif-transparent", gif_frame(image.quantize(64), transparency=5)
    animated = [picture(100, 80).quantize(64), picture(100, 80).quantize(64)]
    yield "gif-animated", gif_frame(animated[0], save_all=True, append_images=animated[1:], duration=40)
    rest = animated[1:]
    data = gif_frame(animated[0], save_all=True, append_images=rest, transparency=0, disposal=2)
    yield "gif-animated-transparent", data
    yield "gif-frame-smaller-than-screen", gif_with_offset((90, 70))
    yield "gif-frame-past-screen", gif_with_offset((40, 30))
    yield "gif-local-palette", gif_with_local_palette()
    yield "gif-index-past-palette", gif_with_palette_of(16)
    yield "gif-without-palette", gif_with_palette_of(0)
    yield "gif-one-colour", gif_frame(Image.new("P", (33, 21), 0))
    yield "gif-87a", gif_frame(image.quantize(128)).replace(b"GIF89a", b"GIF87a", 1)


def sizes() -> Iterator[tuple[str, bytes]]:
    narrow = [(1, 1), (1, 300), (300, 1), (3, 500), (500, 3), (2, 2)]
    for width, height in [*narrow, (224, 224), (224, 100), (100, 224), (223, 225), (480, 640), (300, 900)]:
        yield f"size-{width}x{height}", saved(picture(width, height), "PNG")
    for width, height in [(30, 6000), (6000, 30), (20000, 7)]:
        yield f"size-{width}x{height}", saved(picture(width, height), "PNG", compress_level=1)
    yield "size-640x480", saved(picture(640, 480), "JPEG")
    large = Image.fromarray(np.tile(scene(504, 504), (6, 8, 1)))
    yield "size-4032x3024", saved(large, "JPEG", quality=80)
    extremes = RNG.choice(np.array([0, 255], dtype=np.uint8), (301, 401, 3))
    yield "black-and-white-noise", saved(Image.fromarray(extremes), "PNG")


def main(folder: Path, checkpoint: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    processor = BlipImageProcessorPil.from_pretrained(checkpoint)
    index = []
    kinds = [*jpegs(), *pngs(), *others(), *sizes()]
    if features.check("avif"):
        kinds.append(("avif", saved(picture(), "AVIF", quality=80)))
    kinds.append(("tiff", saved(picture(), "TIFF", compression="tiff_lzw")))
    for name, data in kinds:
        file = f"{name}.{name.split('-')[0]}"
        (folder / file).write_bytes(data)
        image = Image.open(io.BytesIO(data))
        mode, (width, height) = image.mode, image.size
        values = processor(images=image, return_tensors="np")["pixel_values"][0]
        (folder / f"{name}.f32").write_bytes(np.ascontiguousarray(values, dtype="<f4").tobytes())
        index.append({"name": name, "file": file, "mode": mode, "width": width, "height": height})
    (folder / "index.json").write_text(json.dumps({"pillow": pillow_version, "pictures": index}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
