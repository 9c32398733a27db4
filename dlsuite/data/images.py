"""Images that come with scikit-learn."""

from functools import cache

from dlsuite.data.catalog import register_data
from dlsuite.data.raw import Examples


@register_data(
    "digits",
    kind="image",
    task_type="classification",
    source="Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI (its test "
    "part); with scikit-learn",
    license="CC BY 4.0 (UCI Machine Learning Repository)",
    description="Handwritten digits, 8 x 8 pixels with values from 0 to 16; which digit it is.",
)
@cache
def digits() -> Examples:
    """Read digits, 1797 examples of shape [8, 8, 1]."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Examples(
        x=bunch.images[..., None],
        y=bunch.target,
        class_names=tuple(str(name) for name in bunch.target_names),
    )
