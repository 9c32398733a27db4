"""Whether the peers train the same model: the same weights must give the same logits.

Run by the benchmarks, before anything is timed, in a process of its own: `python -m benchmarks.equality`.
"""

import argparse
import importlib

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.peers import PEERS
from benchmarks.peers.keras_model import keras_model, trainable_parameters

TOLERANCE = 1e-4
"""How far two peers' logits may lie apart."""


def check_case(case: Case, peers: list[str]) -> dict[str, float]:
    """Compare hand-written peers with the Keras model.

    Args:
        case: What is compared.
        peers: Names of peers that have `logits_of`.

    Returns:
        By peer, the greatest difference of two logits.

    Raises:
        AssertionError: The sizes or the logits differ.
    """
    model = keras_model(case)
    assert trainable_parameters(model) == case.parameters
    rng = np.random.default_rng(1)
    # All weights positive off their start: zero shifts and unit scales would hide a mix-up.
    weights = [w + rng.uniform(0, 0.2, w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights(weights)
    x = case.data()[0].x[:64]
    expected = np.asarray(model(x, training=False))
    differences = {}
    for name in peers:
        logits = importlib.import_module(f"benchmarks.peers.{name}").logits_of(case, weights, x)
        assert logits.dtype == expected.dtype == np.float32
        scale = max(1.0, float(np.abs(expected).max()))
        differences[name] = float(np.abs(logits - expected).max()) / scale
        assert differences[name] < TOLERANCE, f"{case.name}, {name}: {differences[name]:.2g}"
    return differences


def main() -> None:
    """Check the cases that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    names = parser.parse_args().cases
    peers = [name for name in ("eager", "vmap") if PEERS[name].installed]
    for name in names:
        differences = check_case(CASES[name], peers)
        found = ", ".join(f"{PEERS[k].title} {v:.1g}" for k, v in differences.items())
        print(f"{name}: {CASES[name].parameters} parameters; logits differ by {found or '-'}")


if __name__ == "__main__":
    main()
