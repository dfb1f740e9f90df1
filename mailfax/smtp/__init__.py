"""Mail's edge: the listener, mail out, notices."""
