"""One image: every kind of file comes to the same pixels, and what is none is told why."""

import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from dlsuite.data.image_files import (
    MOST_BYTES,
    BadImage,
    ImageShape,
    decode,
    quiet,
    read_content,
    read_header,
)

RED, GREEN = (200, 30, 20), (20, 180, 40)
quickly = settings(max_examples=40, deadline=None)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> Image.Image:
    """Red above, green below."""
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (0, size[1] // 2, size[0], size[1]))
    return image.convert(mode)


def pixels(content: bytes, *sizes: int, fit: Any = "stretch") -> np.ndarray:
    with quiet():
        return decode(content, ImageShape(*(sizes or (6, 8, 3))), fit)[1]


def reason(content: bytes) -> str:
    with quiet(), pytest.raises(BadImage) as error:
        decode(content, ImageShape(4, 4, 3), "stretch")
    return str(error.value)


@pytest.mark.parametrize(
    ("format", "mode", "tolerance"),
    [
        ("PNG", "RGB", 0),
        ("PNG", "RGBA", 0),
        ("PNG", "P", 25),
        ("BMP", "RGB", 0),
        ("GIF", "P", 25),
        ("JPEG", "RGB", 12),
        ("JPEG", "CMYK", 12),
    ],
)
def test_every_format_and_mode_comes_to_the_same_pixels(
    format: str, mode: str, tolerance: int
) -> None:
    options = {"quality": 95, "subsampling": 0} if format == "JPEG" else {}
    content = encoded(halves(mode, (16, 16)), format, **options)
    image = pixels(content, 16, 16, 3)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image[0, 0], np.array(RED, int), atol=tolerance)
    np.testing.assert_allclose(image[-1, -1], np.array(GREEN, int), atol=tolerance)
    header = read_header(content)
    assert (header.height, header.width, header.gray) == (16, 16, False)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_gray_modes_are_gray_and_can_be_read_as_colored(mode: str) -> None:
    content = encoded(Image.new("L", (5, 4), 255).convert(mode))
    assert read_header(content).gray
    assert pixels(content, 4, 5, 1).tolist() == [[[255]] * 5] * 4
    assert (pixels(content, 4, 5, 3) == 255).all()


def test_a_palette_of_grays_is_gray() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 90, 90, 90])
    assert read_header(encoded(image)).gray
    assert (pixels(encoded(image), 4, 4, 1) == 90).all()


def test_of_16_bits_the_upper_8_are_taken() -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    content = encoded(Image.fromarray(values))
    assert read_header(content).gray
    assert pixels(content, 1, 4, 1)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_what_is_transparent_lies_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (*RED, 0))
    assert (pixels(encoded(clear), 4, 4, 3) == 255).all()
    assert (pixels(encoded(clear), 2, 2, 3) == 255).all()
    palette = halves("P")
    content = encoded(palette, transparency=bytes([0] * 256))
    assert (pixels(content) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_the_orientation_of_the_camera_is_followed(format: str, orientation: int) -> None:
    upright = halves("RGB", (16, 32))
    ways: dict[int, Any] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(ways[orientation]) if orientation in ways else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(stored, format, exif=exif)
    header = read_header(content)
    assert (header.height, header.width) == (32, 16)
    image = pixels(content, 32, 16, 3)
    np.testing.assert_allclose(image[0, 0], np.array(RED, int), atol=12)
    np.testing.assert_allclose(image[-1, -1], np.array(GREEN, int), atol=12)


def test_an_illegible_orientation_is_none() -> None:
    content = encoded(halves(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 40)
    assert read_header(content).height == 6
    pixels(content)


def test_of_what_moves_the_first_picture_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in (RED, GREEN)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(pixels(content, 4, 4, 3)[0, 0], np.array(RED, int), atol=8)


def test_resizing_is_antialiased() -> None:
    board = Image.fromarray((np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8))
    small = pixels(encoded(board), 8, 8, 1)
    assert abs(small.astype(int) - 127).max() < 8


def test_a_large_jpeg_is_decoded_smaller_to_nearly_the_same_pixels() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    large = Image.fromarray(noise).resize((1024, 1024), Image.Resampling.BICUBIC)
    jpeg, png = encoded(large, "JPEG", quality=95), encoded(large)
    difference = pixels(jpeg, 32, 32, 3).astype(int) - pixels(png, 32, 32, 3)
    assert abs(difference).mean() < 4


def test_fits_differ_where_the_aspect_ratio_does() -> None:
    wide = Image.new("RGB", (30, 10), RED)
    wide.paste(GREEN, (10, 0, 20, 10))
    content = encoded(wide)
    crop = pixels(content, 10, 10, 3, fit="crop")
    assert (crop == GREEN).all()
    pad = pixels(content, 30, 30, 3, fit="pad")
    assert (pad[:10] == 0).all()
    assert (pad[20:] == 0).all()
    assert (pad[12, 15] == GREEN).all()
    stretch = pixels(content, 30, 30, 3, fit="stretch")
    assert (stretch[0, 0] == RED).all()
    assert (stretch[0, 15] == GREEN).all()


@quickly
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    wanted=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]),
    channels=st.sampled_from([1, 3]),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
)
def test_any_image_comes_to_any_shape(size, wanted, mode, channels, fit) -> None:
    image = pixels(encoded(Image.new(mode, size)), *wanted, channels, fit=fit)
    assert image.shape == (*wanted, channels)
    assert image.dtype == np.uint8


def test_a_format_is_told_by_content_and_no_other_is_opened() -> None:
    for format in ("TIFF", "WEBP", "PPM", "ICO"):
        assert "is no PNG, JPEG, BMP or GIF" in reason(encoded(halves(), format))
    for content in (b"words, not pixels", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x00"):
        assert "is no PNG, JPEG, BMP or GIF" in reason(content)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "GIF"])
def test_a_truncated_file_is_damaged(format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    content = encoded(noise, format)
    assert "is damaged: " in reason(content[: len(content) // 2])


@quickly
@given(data=st.data(), format=st.sampled_from(["JPEG", "PNG", "BMP", "GIF"]))
def test_whatever_is_damaged_is_decoded_or_told(data, format) -> None:
    content = bytearray(encoded(halves("RGB", (16, 16)), format))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        assert pixels(bytes(content[cut:]) or b"x", 4, 4, 3).shape == (4, 4, 3)
        assert pixels(bytes(content), 4, 4, 3).shape == (4, 4, 3)
    except BadImage as error:
        assert "\n" not in str(error)


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9000, 12000, 50000, 2**31 - 1])
def test_an_image_bomb_is_never_decoded(side: int) -> None:
    content = png_of(side, side, chunk(b"IDAT", zlib.compress(bytes(10**6))))
    tracemalloc.start()
    try:
        assert "has more than 67 million pixels" in reason(content)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_a_bomb_beside_the_pixels_is_bounded(kind: bytes) -> None:
    packed = zlib.compress(bytes(2**28), 9)
    name = b"k\0\1\0\0\0" if kind == b"iTXt" else b"k\0\0"
    rows = zlib.compress(bytes(4 * 13))
    content = png_of(4, 4, chunk(kind, name + packed), chunk(b"IDAT", rows))
    tracemalloc.start()
    try:
        with quiet():
            try:
                decode(content, ImageShape(4, 4, 3), "stretch")
            except BadImage as error:
                assert "is damaged" in str(error)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


def test_large_texts_and_profiles_beside_the_pixels_do_not_matter() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("story", "word " * 10**5)
    assert (pixels(encoded(halves(), pnginfo=texts))[0, 0] == RED).all()
    profile = bytes(range(256)) * 300
    assert pixels(encoded(halves(), "JPEG", icc_profile=profile)).shape == (6, 8, 3)
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + bytes(60000)
    assert pixels(encoded(halves(), "JPEG", exif=exif)).shape == (6, 8, 3)


def test_files_are_read_up_to_a_bound(tmp_path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    assert read_content(path, 5) == b"12345"
    assert read_content(path, 2) == b"12345"
    with pytest.raises(BadImage, match="larger than 256 MiB"):
        read_content(path, MOST_BYTES + 1)
    path.write_bytes(b"")
    with pytest.raises(BadImage, match="the file is empty"):
        read_content(path, 0)
    with pytest.raises(BadImage, match="cannot be read: No such file"):
        read_content(tmp_path / "b.png", 1)
