"""T.4 and T.6 coding, and fax TIFF files."""
