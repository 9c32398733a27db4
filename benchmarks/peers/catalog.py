"""Which peers there are. Listing them imports none of them."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.peers.measured import Measured


@dataclass(frozen=True)
class Peer:
    """A way of training the same models.

    Attributes:
        name: Its name on the command line and in the tables.
        title: What figures and tables call it.
        needs: The modules that it needs.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ("tensorflow",)

    @property
    def installed(self) -> bool:
        """Whether its modules are there."""
        return all(importlib.util.find_spec(name) for name in self.needs)

    @property
    def run(self) -> Callable[..., Measured]:
        """The function that trains: `run(case, models=, epochs=)`; imports the peer's package."""
        return importlib.import_module(f"benchmarks.peers.{self.name}").run


# KerasTuner imports TensorBoard with TensorFlow, which no longer brings it along.
PEERS = {
    peer.name: peer
    for peer in (
        Peer("fit", "model.fit, one after another"),
        Peer("tuner", "KerasTuner GridSearch", needs=("keras_tuner", "tensorboard")),
        Peer("tape", "tf.function step, called per batch"),
        Peer("eager", "PyTorch eager", needs=("torch",)),
        Peer("one_graph", "one Keras model, epoch in one XLA graph"),
        Peer("vmap", "JAX jit + vmap + scan", needs=("jax",)),
        Peer("suite", "dlsuite", needs=("dlsuite",)),
    )
}
"""The peers by name, in the order of the tables."""
