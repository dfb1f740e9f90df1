"""`python -m mailfax`: the same as the `mailfax` command."""

from mailfax.cli import main

if __name__ == "__main__":
    main()
