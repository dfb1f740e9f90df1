"""The numbers of TIFF that fax files use (TIFF 6.0; RFC 3949, 3 and 4), for the writer in `tiff`."""

from enum import IntEnum

SHORT, LONG, RATIONAL = 3, 4, 5  # field types, TIFF 6.0, section 2


class Tag(IntEnum):
    """The fields of a fax page."""

    NEW_SUBFILE_TYPE = 254
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
    BAD_FAX_LINES = 326
    CLEAN_FAX_DATA = 327
    CONSECUTIVE_BAD_FAX_LINES = 328


PAGE_OF_MANY = 2  # NewSubfileType
GROUP_3, GROUP_4 = 3, 4  # Compression
MIN_IS_WHITE = 0
MSB_FIRST, LSB_FIRST = 1, 2  # FillOrder
TWO_DIMENSIONAL, ALIGNED_EOLS = 1, 4  # bits of T4Options
INCH = 2  # ResolutionUnit
CLEAN, REGENERATED = 0, 1  # CleanFaxData: no bad rows; bad rows that were replaced
