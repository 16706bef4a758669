"""Independent programs that read QR codes and make one-time codes."""

import io
import subprocess

import zxingcpp
from PIL import Image, ImageFilter

from tests.programs import require


def zxing(image: Image.Image) -> str | None:
    """The text of the QR code that zxing-cpp finds, without trying white on black."""
    qr_codes = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(image, qr_codes, try_invert=False)
    return found[0].text if found else None


def zbar(image: Image.Image) -> str | None:
    """The text of the QR code that zbarimg finds; it does not try white on black."""
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=1)
    done = subprocess.run(
        [require("zbarimg"), "--raw", "-q", "-Sdisable", "-Sqrcode.enable", "png:-"],
        input=png.getvalue(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    return done.stdout.decode().removesuffix("\n") or None


def photographed(image: Image.Image) -> Image.Image:
    """The image as a hand-held camera sees it: slightly turned, blurred and smaller."""
    turned = image.rotate(3, Image.Resampling.BICUBIC, expand=True)
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
