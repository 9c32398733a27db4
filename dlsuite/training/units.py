"""Whose outputs are a model's units: its layers by path, those that end in ReLU, and the hidden ones."""

import keras

from dlsuite.training.checks import graph_of

_ACTIVATIONS = (
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.Softmax,
)


def layers_of(model: keras.Model, prefix: str = "") -> list[tuple[str, keras.Layer]]:
    """The layers of a model by path, nested models taken apart.

    Args:
        model: A functional or sequential model.
        prefix: Path of the model itself.
    """
    found: list[tuple[str, keras.Layer]] = []
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer, keras.Model):
            found += layers_of(layer, path + "/")
        else:
            found.append((path, layer))
    return found


def relu_layers(model: keras.Model) -> dict[str, int]:
    """How many units each layer has that ends in ReLU, by path.

    Left out is a layer that is called at several widths, whose calls have no units in common.
    """
    return {
        path: int(layer._inbound_nodes[0].outputs[0].shape[-1])
        for path, layer in layers_of(model)
        if _is_relu(layer) and _hands_on_the_same_units(layer)
    }


def hidden_layers(model: keras.Model) -> list[str]:
    """Paths of the layers that hand hidden units on: what a nonlinearity gives before the output.

    They are layers of an activation, layers with weights and an activation of their own, recurrent and
    bidirectional layers, and wrapped ones of these. The layer that gives the model's output is none, whatever
    its activation; nor is one that hands several tensors on.
    """
    outputs = _output_layers(model)
    return [
        path
        for path, layer in layers_of(model)
        if path not in outputs and _is_nonlinear(layer) and _hands_on_one(layer)
    ]


def _output_layers(model: keras.Model, prefix: str = "") -> set[str]:
    """Paths of the layers that give a model's output, that of a nested model included."""
    found: set[str] = set()
    for output in graph_of(model).outputs:
        operation = output._keras_history.operation
        path = prefix + operation.name
        nested = isinstance(operation, keras.Model)
        found |= _output_layers(operation, path + "/") if nested else {path}
    return found


def _is_nonlinear(layer: keras.Layer) -> bool:
    if isinstance(layer, (*_ACTIVATIONS, keras.layers.RNN, keras.layers.Bidirectional)):
        return True
    if isinstance(layer, keras.layers.Wrapper):
        return _is_nonlinear(layer.layer)
    return getattr(layer, "activation", None) not in (None, keras.activations.linear)


def _is_relu(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.ReLU) or (
        getattr(layer, "activation", None) is keras.activations.relu
    )


def _hands_on_one(layer: keras.Layer) -> bool:
    return all(len(node.outputs) == 1 for node in layer._inbound_nodes)


def _hands_on_the_same_units(layer: keras.Layer) -> bool:
    """Whether all that a layer hands on, wherever it is called, are the same units."""
    widths = {node.outputs[0].shape[-1] for node in layer._inbound_nodes}
    return len(widths) == 1 and _hands_on_one(layer)
