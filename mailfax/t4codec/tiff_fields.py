"""The numbers of TIFF that fax files use (TIFF 6.0; RFC 3949, 3 and 4), for the writer and the reader."""

from enum import IntEnum

SHORT, LONG, RATIONAL = 3, 4, 5  # field types, TIFF 6.0, section 2
OCTETS_OF_TYPE = {1: 1, 2: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


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
    ORIENTATION = 274
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


REDUCED_PICTURE, PAGE_OF_MANY = 1, 2  # bits of NewSubfileType
RUN_LENGTH, GROUP_3, GROUP_4 = 2, 3, 4  # Compression
MIN_IS_WHITE = 0
MSB_FIRST, LSB_FIRST = 1, 2  # FillOrder
TWO_DIMENSIONAL, ALIGNED_EOLS = 1, 4  # bits of T4Options
INCH, CENTIMETRE = 2, 3
CM_PER_INCH = 2.54
CLEAN, REGENERATED = 0, 1  # CleanFaxData: no bad rows; bad rows that were replaced
