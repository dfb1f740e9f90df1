"""What the units of the configuration are in those of the settings."""

MB = 1024 * 1024
SECONDS_PER_MINUTE = 60
