"""The fault lab: a cluster is harmed in every way that is known, and its history judged against the contract."""

from hubbub.lab.faults.kinds import KINDS
from hubbub.lab.faults.lab import Injected, Lab, Outcome, Plan

__all__ = ["KINDS", "Injected", "Lab", "Outcome", "Plan"]
