"""The peers: one file a way of training the same models, each with `run(case, models=, epochs=)`."""

from benchmarks.peers.catalog import PEERS, Peer
from benchmarks.peers.measured import Measured

__all__ = ["PEERS", "Measured", "Peer"]
