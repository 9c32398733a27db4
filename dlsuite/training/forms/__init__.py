"""Population forms: what a Keras layer computes for all members at once."""

from dlsuite.training.forms.catalog import form_of, is_fused
from dlsuite.training.forms.fusion import Form, Fusion

__all__ = ["Form", "Fusion", "form_of", "is_fused"]
