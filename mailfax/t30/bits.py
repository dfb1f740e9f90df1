"""Table 2 of T.30: every bit of DIS, DTC and DCS by its number as printed. Used by `capabilities`, and to explain frames.

Bits count from 1; bit 1 is the first on the line, and bit n stands in octet (n - 1) // 8. Groups that mean something only
together (rate, width, length, scan time) have tables of their own in `capabilities`; their bits are named here all the same.
Bits 24, 32, 40 ... 120 say that another octet follows. Reserved bits have no name, and are kept and shown by their number.
"""

from enum import IntEnum


class Bit(IntEnum):
    """Single bits. Where a bit means something else in a DCS, the name says what it means in a DIS."""

    T37 = 1
    T38 = 3
    MOBILE_3G = 4
    V8 = 6
    SHORT_ECM_FRAMES_PREFERRED = 7
    READY_TO_BE_POLLED = 9
    RECEIVES = 10
    RATE_11 = 11
    RATE_12 = 12
    RATE_13 = 13
    RATE_14 = 14
    FINE = 15
    MR = 16
    WIDTH_17 = 17
    WIDTH_18 = 18
    LENGTH_19 = 19
    LENGTH_20 = 20
    SCAN_TIME_21 = 21
    SCAN_TIME_22 = 22
    SCAN_TIME_23 = 23
    UNCOMPRESSED = 26
    ECM = 27
    SHORT_ECM_FRAMES = 28  # DCS only
    T6 = 31
    FIELD_NOT_VALID = 33
    MULTIPLE_SELECTIVE_POLLING = 34
    POLLED_SUBADDRESS = 35
    T43 = 36
    PLANE_INTERLEAVE = 37
    VOICE_G726 = 38
    EXTENDED_VOICE = 39
    R8_SUPERFINE = 41
    SQUARE_300 = 42
    R16_SUPERFINE = 43
    INCH_PREFERRED = 44
    METRIC_PREFERRED = 45
    HALF_SCAN_TIME_AT_SUPERFINE = 46
    SELECTIVE_POLLING = 47
    SUBADDRESS = 49
    PASSWORD = 50  # in a DCS: a sender identification (SID) follows
    DATA_FILE_TO_POLL = 51
    BINARY_FILES = 53
    DOCUMENT_TRANSFER = 54
    EDIFACT = 55
    BASIC_TRANSFER = 57
    MIXED_DOCUMENT_TO_POLL = 59
    CHARACTER_MODE = 60
    MIXED_MODE = 62
    PROCESSABLE_MODE_26 = 65
    DIGITAL_NETWORK = 66
    DUPLEX = 67
    JPEG = 68
    COLOUR = 69
    PREFERRED_HUFFMAN = 70
    BITS_12 = 71
    NO_SUBSAMPLING = 73
    CUSTOM_ILLUMINANT = 74
    CUSTOM_GAMUT = 75
    NORTH_AMERICAN_LETTER = 76
    NORTH_AMERICAN_LEGAL = 77
    T85 = 78
    T85_OPTIONAL_L0 = 79
    HKM_KEY_MANAGEMENT = 81
    RSA_KEY_MANAGEMENT = 82
    OVERRIDE = 83
    HFX40_CIPHER = 84
    ALTERNATIVE_CIPHER_2 = 85
    ALTERNATIVE_CIPHER_3 = 86
    HFX40I_HASHING = 87
    ALTERNATIVE_HASHING_2 = 89
    ALTERNATIVE_HASHING_3 = 90
    T44_MRC_92 = 92
    T44_MRC_93 = 93
    T44_MRC_94 = 94
    T44_WHOLE_PAGE_STRIP = 95
    COLOUR_300_OR_400 = 97
    COLOUR_100 = 98
    SIMPLE_BINARY_FILE_NEGOTIATION = 99
    EXTENDED_BINARY_FILE_NEGOTIATION = 100
    INTERNET_SELECTIVE_POLLING = 101
    INTERNET_ROUTING = 102
    SQUARE_600 = 105
    SQUARE_1200 = 106
    R300_600 = 107
    R400_800 = 108
    R600_1200 = 109
    COLOUR_600 = 110
    COLOUR_1200 = 111
    DOUBLE_SIDED_ALTERNATE = 113
    DOUBLE_SIDED_CONTINUOUS = 114
    BLACK_AND_WHITE_MRC = 115
    T45_RUN_LENGTH_COLOUR = 116
    SHARED_MEMORY_117 = 117
    SHARED_MEMORY_118 = 118
    T44_COLOUR_SPACE = 119
    T38_FLOW_CONTROL = 121
    K_ABOVE_4 = 122
    INTERNET_AWARE_T38 = 123
    T89_PROFILE_124 = 124
    T89_PROFILE_125 = 125
    T89_PROFILE_126 = 126
    SYCC_JPEG = 127

    def __str__(self) -> str:
        """Return the name in small letters, for people."""
        return self.name.lower().replace("_", " ")


EXTENSIONS = frozenset(range(24, 128, 8))
# A sender that sets one of these without bit 27 means error correction all the same (table 2, notes).
NEED_ECM = frozenset({31, 36, 38, 51, 53, 54, 55, 57, 59, 60, 62, 65, 68, 78, 79, 92, 93, 94, 115, 116, 127})
GROUPS = frozenset(range(11, 15)) | frozenset(range(17, 24))
LAST = max(Bit)


def name_of(number: int) -> str:
    """Name a bit, known or not."""
    try:
        return str(Bit(number))
    except ValueError:
        return "extension" if number in EXTENSIONS else "reserved"
