"""State handed through: functions that read and set variables, made into functions of their values.

A compiled graph that captured its variables could train one population at a time. One that takes their values
and gives the new ones back can be called for several at once, by a thread each. Keras calls this a stateless
scope.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

Values = list[tf.Tensor]
"""The values of a list of variables, in its order."""


def values_of(variables: Sequence[keras.Variable]) -> Values:
    """What variables hold now: copies outside a pure function, inside it what they were last set to."""
    return [tf.identity(variable.value) for variable in variables]


def pure(
    function: Callable[..., Any], variables: Sequence[keras.Variable]
) -> Callable[..., tuple[Any, Values]]:
    """Make a function of the values of variables: `(values, *arguments)` to the result and the new values.

    Args:
        function: It reads variables by `.value` and sets them by `assign`.
        variables: All that it reads and sets.
    """

    def call(values: Values, *arguments: Any) -> tuple[Any, Values]:
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            result = function(*arguments)
            return result, [variable.value for variable in variables]

    return call


def sum_over(
    times: tf.Tensor | int,
    turn: Callable[[tf.Tensor], Any],
    like: Any,
    variables: Sequence[keras.Variable],
) -> Any:
    """Call a function again and again, inside a pure function, and add up what it returns.

    Args:
        times: How often.
        turn: Called with the turn's index; it finds the variables as the turn before left them.
        like: A nest of zeros, of the shapes that it returns.
        variables: All that it reads and sets.

    Returns:
        The sums, nested like `like`.
    """
    once = pure(turn, variables)

    def body(index: tf.Tensor, values: Values, sums: Any) -> Any:
        result, after = once(values, index)
        return index + 1, after, tf.nest.map_structure(tf.add, sums, result)

    start = [variable.value for variable in variables]
    _, after, sums = tf.while_loop(
        lambda index, *_: index < times, body, (tf.constant(0), start, like)
    )
    for variable, value in zip(variables, after, strict=True):
        variable.assign(value)
    return sums
