"""A mail becomes pages: every MIME part is faxed, skipped by policy, or fails the message by name."""
