"""The PDF files of the rendering benches: text, form, chart, photo, scan and mixed pages, made here and the same octets every time.

Text is that of this repository's licence. Ghostscript embeds the fonts, so that every renderer draws the same outlines.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "fixtures"))
from picture_pdf import Picture, jpeg_picture, write_picture_pdf  # noqa: E402
from simple_pdf import PdfPage, write_pdf  # noqa: E402

A4 = (595.0, 842.0)
Rgb = tuple[float, float, float]
WORDS = re.sub(r"\s+", " ", (ROOT / "LICENSE").read_text(encoding="utf-8").replace('"', "").replace("|", "")).split(" ")
LETTERS_PER_PT = 0.48  # of Helvetica's width, on the average


def embedded(pdf: bytes) -> bytes:
    """Let Ghostscript embed the fonts."""
    command = [
        "gs",
        "-q",
        "-dNOPAUSE",
        "-dBATCH",
        "-sDEVICE=pdfwrite",
        "-dEmbedAllFonts=true",
        "-dPDFSETTINGS=/prepress",
    ]
    command += ["-dAutoRotatePages=/None", "-sOutputFile=-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout


def words_from(start: int, count: int) -> list[str]:
    return [WORDS[(start + number) % len(WORDS)] for number in range(count)]


def wrapped(words: list[str], size_pt: float, width_pt: float) -> list[str]:
    per_line = int(width_pt / (size_pt * LETTERS_PER_PT))
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > per_line:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line]


def text_page(size_pt: float, words: list[str], rgb: Rgb = (0, 0, 0), top_pt: float = 780) -> tuple[PdfPage, list[str]]:
    """Return the page, and the lines that are on it."""
    page = PdfPage(width_pt=A4[0], height_pt=A4[1])
    shown = []
    y = top_pt
    for line in wrapped(words, size_pt, A4[0] - 100):
        if y < 50:
            break
        page.text(50, round(y, 2), line, size_pt=size_pt, rgb=rgb)
        shown.append(line)
        y -= size_pt * 1.3
    return page, shown


def text_pdf(pages: int) -> bytes:
    return embedded(write_pdf([text_page(11, words_from(150 * number, 700))[0] for number in range(pages)]))


def form_pdf() -> bytes:
    page = PdfPage(width_pt=A4[0], height_pt=A4[1])
    for row in range(40):
        y = 790 - row * 18
        page.line(40, y, 555, y, width_pt=0.4)
        for column in range(5):
            page.text(44 + column * 103, y - 12, " ".join(words_from(row * 7 + column * 3, 3))[:22], size_pt=7)
    for column in range(6):
        page.line(40 + column * 103, 790, 40 + column * 103, 88, width_pt=0.8)
    return embedded(write_pdf([page]))


def chart_page(seed: int = 1) -> PdfPage:
    rng = np.random.default_rng(seed)
    page = PdfPage(width_pt=A4[0], height_pt=A4[1])
    page.text(60, 790, "Faxes by month and line", size_pt=16, bold=True)
    for chart in range(2):
        base = 460 - chart * 360
        for step in range(11):
            page.text(44, base + step * 28 - 3, str(step * 10), size_pt=8, rgb=(0.3, 0.3, 0.3))
            page._content.append(f"0.8 G 0.5 w 64 {base + step * 28} m 550 {base + step * 28} l S 0 G")
        for month in range(12):
            for series, grey in enumerate((0.3, 0.55, 0.8)):
                height = float(rng.uniform(20, 270))
                page.box(72 + month * 40 + series * 11, base, 10, round(height, 1), grey=grey)
            page.text(76 + month * 40, base - 12, f"{month + 1}/26", size_pt=8)
    return page


def chart_pdf(pages: int = 1) -> bytes:
    return embedded(write_pdf([chart_page(number) for number in range(pages)]))


def _clouds(rng: np.random.Generator, rows: int, width: int, scales: tuple[int, ...]) -> NDArray[np.float32]:
    total = np.zeros((rows, width), np.float32)
    for scale in scales:
        coarse = Image.fromarray(rng.random((rows // scale + 3, width // scale + 3)).astype(np.float32))
        total += np.asarray(coarse.resize((width, rows), Image.Resampling.BICUBIC)) * scale**0.6
    total -= total.min()
    return total / total.max()


def photograph(width: int, rows: int, seed: int = 3) -> Image.Image:
    """Spheres on a chequered ground under clouds, lit from the left, with the grain of a camera: tones as photographs have them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:width].astype(np.float32)
    u, v, horizon = (x - width / 2) / rows, (y - rows / 2) / rows, -0.05
    depth = 1 / np.maximum(v - horizon, 1e-3)
    ground = 0.25 + 0.22 * ((np.floor(u * depth * 3) + np.floor(depth * 2)) % 2)
    ground = (ground + 0.35 * _clouds(rng, rows, width, (3, 7, 20, 60))) * np.clip(1.2 - depth * 0.05, 0.4, 1)
    sky = 0.55 + 0.35 * _clouds(rng, rows, width, (8, 24, 70, 200, 500)) + 0.1 * (v + 0.5)
    picture = np.where(v > horizon, ground, sky)
    light = np.array([-0.5, -0.7, 0.55]) / np.linalg.norm([-0.5, -0.7, 0.55])
    for at_x, at_y, radius, albedo in (
        (-0.3, 0.12, 0.22, 0.8),
        (0.28, 0.2, 0.16, 0.5),
        (0.05, 0.3, 0.09, 0.95),
        (0.5, 0.02, 0.1, 0.35),
    ):
        shadow = ((u - at_x - 0.6 * radius) / (1.5 * radius)) ** 2 + ((v - at_y - radius) / (0.35 * radius)) ** 2
        picture = np.where((shadow < 1) & (v > horizon), picture * (0.45 + 0.55 * np.clip(shadow, 0, 1)), picture)
        nx, ny = (u - at_x) / radius, (v - at_y) / radius
        nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0, 1))
        lit = np.clip(nx * light[0] + ny * light[1] + nz * light[2], 0, 1)
        stripes = 1 - 0.25 * (np.sin(14 * nx + 5 * np.sin(6 * ny)) > 0.2)
        gleam = 0.7 * np.clip(2 * lit * nz - light[2], 0, 1) ** 18
        picture = np.where(nx**2 + ny**2 < 1, albedo * (0.12 + 0.88 * lit) * stripes + gleam, picture)
    picture = picture + rng.normal(0, 0.018, picture.shape)
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))


def photo_pdf() -> bytes:
    places = ((490, 0, 0, 327, 52, 450), (490, 0, 0, 327, 52, 80))
    pictures = [jpeg_picture(photograph(1500, 1000, seed), place) for seed, place in zip((3, 4), places, strict=True)]
    caption = "BT /F1 11 Tf 0 g 52 430 Td (Spheres on a chequered ground, morning and evening) Tj ET"
    return embedded(write_picture_pdf([(*A4, pictures, caption)]))


def scan(seed: int = 1, dpi: int = 200) -> Image.Image:
    """A typed page on yellowed paper with a grey rubber stamp, as a scanner sees it: uneven light, blur, noise."""
    rng = np.random.default_rng(seed)
    width, rows = round(8.27 * dpi), round(11.69 * dpi)
    page = Image.new("L", (width, rows), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.truetype("DejaVuSerif.ttf", dpi * 11 // 72)
    for number, line in enumerate(wrapped(words_from(seed * 100, 400), 13, 500)):
        draw.text((dpi * 0.9, dpi * (1.0 + number * 0.2)), line, 20, font)
    draw.ellipse((width * 0.6, rows * 0.8, width * 0.85, rows * 0.9), outline=120, width=6)
    draw.text((width * 0.64, rows * 0.84), "RECEIVED", 120, font)
    paper = 0.78 + 0.14 * np.linspace(0, 1, width)[None, :] + 0.03 * _clouds(rng, rows, width, (300,))
    grey = np.asarray(page.filter(ImageFilter.GaussianBlur(0.8))) / 255 * paper + rng.normal(0, 0.012, (rows, width))
    grey8 = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return Image.merge("RGB", [Image.fromarray((grey8 * tint).astype(np.uint8)) for tint in (1.0, 0.97, 0.88)])


def scan_pdf(pages: int = 1, dpi: int = 200) -> bytes:
    place = (A4[0], 0, 0, A4[1], 0, 0)
    return write_picture_pdf([(*A4, [jpeg_picture(scan(number, dpi), place, 80)], "") for number in range(pages)])


def mixed_pdf(pages: int) -> bytes:
    """Text with a photograph in it, and a tinted box."""
    made: list[tuple[float, float, list[Picture], str]] = []
    for number in range(pages):
        page, _ = text_page(10, words_from(90 * number, 260), top_pt=420)
        page.box(50, 755, 495, 40, grey=0.7)
        page.text(60, 770, "Report of the week", size_pt=16, rgb=(0, 0, 0.4))
        picture = jpeg_picture(photograph(1200, 760, number), (470, 0, 0, 300, 60, 445))
        made.append((*A4, [picture], page.content()))
    return embedded(write_picture_pdf(made))
