"""One TOML file for each modem model (see `mailfax.modem.profile` and docs/modems.md)."""
