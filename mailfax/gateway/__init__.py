"""The only code that knows both mail and fax. Newcomers start here."""
