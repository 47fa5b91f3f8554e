"""The figures of a cluster: what its users notice while parts of it die, and what its parts cost.

A scenario starts a cluster, has light clients in a process of their own talk on it, does its harm, and computes what it
promises from their timelines.  Every process of a machine shares one monotonic clock, so the times compare.
"""
