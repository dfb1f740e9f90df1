"""The tables of the configuration file, one file for each noun; `config.schema` puts them together."""
