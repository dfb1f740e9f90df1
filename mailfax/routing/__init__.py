"""Dial plan, permissions and the DID map: pure functions that can explain themselves."""
