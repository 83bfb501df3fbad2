"""Which queue, which ticket, which changes, and why: decided from values alone (mail-rules sections 3 and 4)."""
