"""Independent programs that read QR codes and make one-time codes."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import TypeVar

import zxingcpp
from PIL import Image, ImageFilter

from tests.programs import require

K = TypeVar("K")


def zxing(image: Image.Image) -> str | None:
    """The text of the QR code that zxing-cpp finds, without trying white on black."""
    qr_codes = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(image, qr_codes, try_invert=False)
    return found[0].text if found else None


def zbar(image: Image.Image) -> str | None:
    """The text of the QR code that zbarimg finds; it does not try white on black."""
    return "\n".join(zbars([image])) or None


def zbars(images: Sequence[Image.Image]) -> list[str]:
    """The texts of the QR codes that zbarimg finds in the images, by one call: it starts slowly."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{number}.ppm" for number in range(len(images))]
        for file, image in zip(files, images, strict=True):
            image.save(file)
        done = subprocess.run(
            [require("zbarimg"), "--raw", "-q", "-Sdisable", "-Sqrcode.enable", *files],
            capture_output=True,
            check=False,
            timeout=30,
        )
    return done.stdout.decode().splitlines()


def assert_read(expected: str, *images: Image.Image) -> None:
    """Both decoders read this in each of the images."""
    assert [zxing(image) for image in images] == [expected] * len(images)
    assert zbars(images) == [expected] * len(images)


def assert_one_read(expected: Sequence[str], image: Image.Image) -> None:
    """Both decoders read the same one of these texts."""
    read = zxing(image)
    assert read in expected
    assert zbar(image) == read


def assert_each_read(expected: Mapping[K, str], images: Mapping[K, Image.Image]) -> None:
    """Both decoders read in each of the images what belongs to its name."""
    assert {name: zxing(image) for name, image in images.items()} == expected
    read = zbars(list(images.values()))
    assert read == [expected[name] for name in images], [*images]


def photographed(image: Image.Image) -> Image.Image:
    """The image as a hand-held camera sees it: slightly turned, blurred and smaller.

    In shades of grey, as a decoder looks at it: that takes a third of the time.
    """
    turned = image.convert("L").rotate(3, Image.Resampling.BICUBIC, expand=True)
    blurred = turned.filter(ImageFilter.GaussianBlur(1.5))
    return blurred.resize((image.width * 3 // 5, image.height * 3 // 5), Image.Resampling.BILINEAR)


def one_time_code(secret: str, at: float) -> str:
    """The code from oathtool for a base32 secret at a time in seconds since 1970."""
    done = subprocess.run(
        [require("oathtool"), "--totp", "-b", "--now", f"@{int(at)}", "-"],
        input=secret,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    return done.stdout.strip()
