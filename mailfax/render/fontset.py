"""The fonts that the layout engine can use, and the characters that none of them has.

Asked of the fontconfig inside the engine itself, so the answer is what it will draw. Where no font is installed the one
inside Pillow draws Latin letters: a page is never blank for want of a font. Used by `text`, `html`, `header` and
`mailfax check`.
"""

import ctypes
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

from mailfax.render.engine import Resource
from mailfax.render.settings import RenderSettings

_OWN = "mailfax-font-{}"
_BUILT_IN = "mailfax-built-in"
# Tried in this order for every character: clear letters first, then what has the scripts, then what has the signs.
SANS = (
    "Noto Sans", "DejaVu Sans", "Liberation Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai",
    "Noto Sans Devanagari", "{cjk}", "Noto Sans CJK JP", "Noto Sans Symbols", "Noto Sans Symbols2", "Noto Sans Math", "sans-serif",
)  # fmt: skip
MONO = ("DejaVu Sans Mono", "Noto Sans Mono", "Liberation Mono", "{mono_cjk}", "monospace", *SANS)
# A letter of each script that mails are written in, and the Debian package that has it.
SCRIPTS = (
    ("Latin", "ä", "fonts-noto-core"), ("Cyrillic", "Ж", "fonts-noto-core"), ("Greek", "Ω", "fonts-noto-core"),
    ("Arabic", "ش", "fonts-noto-core"), ("Hebrew", "ש", "fonts-noto-core"), ("Thai", "ไ", "fonts-noto-core"),
    ("Devanagari", "क", "fonts-noto-core"), ("Chinese", "中", "fonts-noto-cjk"), ("Japanese", "ひ", "fonts-noto-cjk"),
    ("Korean", "한", "fonts-noto-cjk"),
)  # fmt: skip
FONT_PACKAGES = ("fonts-noto-core", "fonts-noto-cjk", "fonts-dejavu-core")
# What stands in for signs of ordinary mail that Unicode does not take apart, when only the built-in font is there.
_STAND_INS = {"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "•": "*", "€": "EUR", "→": "->", "„": '"', "‚": "'"} | {
    "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i"
}  # fmt: skip
_INKLESS = {"Cc", "Cf", "Zs", "Zl", "Zp", "Cs"}
_VARIATION = range(0xFE00, 0xFE10)
_NAMED_AT_MOST = 8


class _FontSet(ctypes.Structure):
    """FcFontSet of fontconfig.h."""

    _fields_ = (
        ("count", ctypes.c_int),
        ("room", ctypes.c_int),
        ("fonts", ctypes.POINTER(ctypes.c_void_p)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fonts:
    """What to write into a document so that our fonts are used. `resources` goes onto the engine's shelf."""

    sans: str
    mono: str
    faces: str
    resources: Mapping[str, Resource]

    def for_language(self, language: str) -> "Fonts":
        """Return the same with the Chinese, Japanese or Korean forms of shared characters first."""
        region = {"ja": "JP", "ko": "KR", "zh-tw": "TC", "zh-hk": "HK"}.get(language.lower(), "SC")
        names = {"cjk": f"Noto Sans CJK {region}", "mono_cjk": f"Noto Sans Mono CJK {region}"}
        return Fonts(
            sans=self.sans.format_map(names),
            mono=self.mono.format_map(names),
            faces=self.faces,
            resources=self.resources,
        )


@cache
def _engine() -> ctypes.CDLL:
    """Return the engine's library, which fontconfig is in or under."""
    module = find_spec("plutoprint._plutoprint")
    library = ctypes.CDLL(module.origin if module else None)
    library.FcConfigGetFonts.restype = ctypes.POINTER(_FontSet)
    library.FcConfigGetFonts.argtypes = (ctypes.c_void_p, ctypes.c_int)
    library.FcCharSetCreate.restype = ctypes.c_void_p
    library.FcCharSetMerge.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    library.FcCharSetHasChar.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    library.FcPatternGetCharSet.argtypes = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_void_p),
    )
    return library


@cache
def _system() -> tuple[int, ctypes.c_void_p]:
    """Return how many fonts are installed, and the set of all their characters."""
    engine = _engine()
    everything = ctypes.c_void_p(engine.FcCharSetCreate())
    installed = engine.FcConfigGetFonts(None, 0)
    count = installed.contents.count if installed else 0
    for index in range(count):
        characters = ctypes.c_void_p()
        if engine.FcPatternGetCharSet(installed.contents.fonts[index], b"charset", 0, ctypes.byref(characters)) == 0:
            engine.FcCharSetMerge(everything, characters, None)
    return count, everything


def installed_fonts() -> int:
    """Return how many fonts of the system the engine can use."""
    return _system()[0]


@lru_cache(maxsize=8)
def fonts_of(settings: RenderSettings) -> Fonts:
    """Return the fonts to use: those of the settings, the system's, or at last the one inside Pillow. Raises OSError."""
    resources = {f"{_OWN.format(index)}:": _resource(path) for index, path in enumerate(settings.fonts)}
    if not installed_fonts():
        resources[f"{_BUILT_IN}:"] = Resource(octets=_built_in(), mime_type="font/ttf")
    own = [address.rstrip(":") for address in resources]
    faces = "".join(f'@font-face{{font-family:"{name}";src:url({name}:)}}' for name in own)
    return Fonts(sans=_list(own, SANS), mono=_list(own[len(settings.fonts) :], MONO), faces=faces, resources=resources)


def _list(own: Iterable[str], known: Iterable[str]) -> str:
    return ",".join(name if name in {"sans-serif", "monospace"} else f'"{name}"' for name in (*own, *known))


def _resource(path: Path) -> Resource:
    return Resource(octets=path.read_bytes(), mime_type="font/ttf")


def _built_in() -> bytes:
    font = ImageFont.load_default(16)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow built without FreeType cannot draw any text of ours
        raise TypeError("Pillow was built without FreeType; install the wheel from the package index.")
    octets: bytes = font.font_bytes
    return octets


@lru_cache(maxsize=8)
def _own_characters(settings: RenderSettings) -> frozenset[int]:
    octets = [path.read_bytes() for path in settings.fonts]
    if not installed_fonts():
        octets.append(_built_in())
    characters: set[int] = set()
    for each in octets:
        with TTFont(BytesIO(each), lazy=True, fontNumber=0) as font:
            characters.update(font.getBestCmap() or ())
    return frozenset(characters)


@lru_cache(maxsize=100_000)
def _has(settings: RenderSettings, character: str) -> bool:
    if unicodedata.category(character) in _INKLESS or ord(character) in _VARIATION:
        return True
    in_system = bool(_engine().FcCharSetHasChar(_system()[1], ord(character)))
    return in_system or ord(character) in _own_characters(settings)


def can_draw(text: str, settings: RenderSettings) -> bool:
    """Say whether there is a glyph for every character."""
    return all(_has(settings, character) for character in text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawable:
    """A text with what can be drawn of it: characters without a glyph stand in their plain form where there is one."""

    text: str
    inked: int
    replaced: Counter[str]
    missing: Counter[str]

    @property
    def note(self) -> str:
        """Return what to say of characters that do not look as they were written; empty when all do."""
        notes = []
        if self.missing:
            verb = "has" if self.missing.total() == 1 else "have"
            scripts = ", ".join(scripts_of(self.missing))
            which = f"{counted(self.missing)}{f' ({scripts})' if scripts else ''}"
            notes.append(f"{which} {verb} no glyph and stand as a box: {name_characters(self.missing)}")
        if self.replaced:
            verb = "is" if self.replaced.total() == 1 else "are"
            notes.append(f"{counted(self.replaced)} {verb} drawn in plain form: {name_characters(self.replaced)}")
        return "; ".join(notes)

    @property
    def illegible(self) -> bool:
        """Say whether most of the text would be boxes."""
        return self.missing.total() * 2 > self.inked


def drawable(text: str, settings: RenderSettings) -> Drawable:
    """Look at every character once."""
    counts = Counter(text)
    replaced: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    plain_forms = {}
    for character, times in counts.items():
        if _has(settings, character):
            continue
        plain = _STAND_INS.get(character) or _without_marks(character)
        if plain and plain != character and can_draw(plain, settings):
            replaced[character] = times
            plain_forms[ord(character)] = plain
        else:
            missing[character] = times
    inked = sum(times for character, times in counts.items() if not character.isspace())
    return Drawable(
        text=text.translate(plain_forms) if plain_forms else text, inked=inked, replaced=replaced, missing=missing
    )


def _without_marks(character: str) -> str:
    """Return the compatible form of a character without its accents: e for é, fi for the ligature; "" when all is marks."""
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def name_characters(characters: Counter[str]) -> str:
    """Write characters with their code points, the most frequent first: `U+4E2D 中, U+6587 文, and 5 more`."""
    ranked = [character for character, _ in characters.most_common()]
    named = ", ".join(f"U+{ord(each):04X} {each}" for each in ranked[:_NAMED_AT_MOST])
    rest = len(ranked) - _NAMED_AT_MOST
    return f"{named}, and {rest} more" if rest > 0 else named


def scripts_of(characters: Counter[str]) -> tuple[str, ...]:
    """Name the scripts of letters, the most frequent first: Unicode's names of letters begin with theirs."""
    names: Counter[str] = Counter()
    for character, times in characters.items():
        if unicodedata.category(character).startswith("L"):
            names[unicodedata.name(character, "").partition(" ")[0].title().replace("Cjk", "CJK")] += times
    return tuple(name for name, _ in names.most_common() if name)


def counted(characters: Counter[str]) -> str:
    """Write `1 character` or `7 characters` for how often these occur."""
    total = characters.total()
    return "1 character" if total == 1 else f"{total} characters"
