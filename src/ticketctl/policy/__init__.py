"""The desk's whole configuration as one document."""

from ticketctl.policy.value import Policy, Rights

__all__ = ["Policy", "Rights"]
