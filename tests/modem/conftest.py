"""What the tests of all modem classes share lies here: `scripted_modem`, `keepers`."""
