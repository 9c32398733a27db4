# %% [markdown]
# # From one training to an answer
#
# Which learning rate, how much dropout, batch normalization or not? One training answers none of
# these: it is a draw from a lottery whose tickets are random initial weights and shuffled
# batches. This tutorial trains one network by hand, sees it overfit, looks inside, and then asks
# with a small study, whose answer says how sure it is. It takes about a minute on two cores.
#
# Open it as a notebook (Jupyter with jupytext, or VS Code), or run it: `python tutorial.py`. What
# it makes goes to the folder in `DLSUITE_TUTORIAL_OUT`, or to a temporary one.

# %%
# ruff: noqa: D100
import os
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

import dlsuite

try:
    from IPython.display import display as show
except ImportError:  # No notebook.

    def show(thing):
        """Print a table in full, and anything else as it is."""
        print(thing.to_string(index=False) if isinstance(thing, pd.DataFrame) else thing)


out = Path(os.environ.get("DLSUITE_TUTORIAL_OUT") or tempfile.mkdtemp(prefix="dlsuite-tutorial-"))
out.mkdir(parents=True, exist_ok=True)
print(f"Everything goes to {out}")

# %% [markdown]
# ## The data
#
# 178 Italian wines from three cultivars, told apart by 13 chemical measurements. To have
# something to overfit we keep 60 examples to train on and give a fifth of them a wrong label.
# Validation and test labels stay clean.
#
# Note what guessing scores: a network that does not beat it has learned nothing.

# %%
data = dlsuite.load_data("wine", train_size=60, label_noise=0.2)
show(data)

# %% [markdown]
# ## Random initial weights
#
# A network begins with random weights: were they all equal, all units of a layer would get the
# same gradient and stay equal for good. They are drawn so that the signal neither dies out nor
# explodes on its way through the layers (Glorot and Bengio, 2010). Before the first step the
# network knows nothing: its loss is near ln 3 = 1.10, what three equally likely classes cost.

# %%
keras.utils.set_random_seed(0)
model = dlsuite.create_model("mlp", input_shape=data.input_shape, outputs=data.outputs)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def mean_loss(split):
    """The loss in inference mode, for training and validation alike."""
    return float(loss_of(split.y, model(split.x, training=False)))


print(f"Loss before the first step: {mean_loss(data.validation):.2f} (ln 3 = {np.log(3):.2f})")

# %% [markdown]
# ## Forward, backward, down
#
# A training step is three lines. The *forward pass* computes the loss of a batch. The *backward
# pass* asks of every weight how the loss would change if it grew a little: the gradient.
# *Gradient descent* moves each weight against its gradient, by as much as the *learning rate*
# says. Too low a rate gets nowhere; too high a rate jumps across the valley that it looks for.


# %%
@tf.function
def step(x, y, learning_rate):
    """One step of gradient descent; returns the loss before it."""
    with tf.GradientTape() as tape:
        loss = loss_of(y, model(x, training=True))  # forward
    gradients = tape.gradient(loss, model.trainable_variables)  # backward
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        weight.assign_sub(learning_rate * gradient)  # down
    return loss


shuffle = np.random.default_rng(0)
train_losses, validation_losses = [mean_loss(data.train)], [mean_loss(data.validation)]
for _epoch in range(80):
    for batch in np.split(shuffle.permutation(len(data.train)), 3):
        step(data.train.x[batch], data.train.y[batch], tf.constant(0.2))
    train_losses.append(mean_loss(data.train))
    validation_losses.append(mean_loss(data.validation))

# %% [markdown]
# ## Overfitting
#
# The training loss keeps falling, since the network begins to learn the wrong labels by heart.
# The validation loss turns: from there on what it learns is no longer true of other wines.

# %%
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(train_losses, linestyle="--", label="train")
axes.plot(validation_losses, label="validation")
axes.axvline(int(np.argmin(validation_losses)), color="gray", linestyle=":", label="best epoch")
axes.set(xlabel="epoch", ylabel="cross-entropy (nats)")
axes.legend()
figure.savefig(out / "one_training.png", dpi=150)
print(
    f"Lowest validation loss in epoch {np.argmin(validation_losses)}: {min(validation_losses):.2f}"
)
print(f"Validation loss at the end: {validation_losses[-1]:.2f}, train: {train_losses[-1]:.2f}")

# %% [markdown]
# ## Which learning rate?
#
# The range test trains many rates side by side for a moment, from the same initial weights and on
# the same batches, and tells which of them work. From here on the optimizer is Adam, which scales
# every weight's step by the size of its recent gradients; its rates are lower than those of plain
# descent.

# %%
rates = dlsuite.lr_range("mlp", data, lowest=1e-4, highest=1.0, steps=9)
print(rates.sentence())
show(rates.table[["learning_rate", "class", "loss"]])

# %% [markdown]
# ## Inside the backward pass
#
# `dlsuite.explain` trains a network for real and shows what happens in it. Here: how much each
# layer and each node has to do with the error, at the start and at the end. The other topics are
# `forward` (what each layer hands on), `descent` (the loss surface, and three learning rates on
# their way down), `minima` (do several seeds end at the same place?) and `dropout`.

# %%
inside = dlsuite.explain("backward", "mlp", data, settings={"units": [8, 8]}, epochs=10)
for sentence in inside.sentences:
    print(f"- {sentence}")
inside.write(out / "backward")

# %% [markdown]
# ## A study
#
# *Dropout* switches units off at random in each step, so that none can rely on another's company
# (Srivastava et al., 2014). *Batch normalization* gives every unit mean 0 and variance 1 over the
# batch, so that layers need not chase the scale of what they are given (Ioffe and Szegedy, 2015).
# Does either help here, and do they add up?
#
# A study answers by pairs. Each seed trains every condition, with the same initial weights
# wherever the layers are the same and the same batches; only the difference within a seed counts.
# Trainings whose graphs have the same shape run as one. The learning rate is the one that the
# range test suggested.

# %%
study = dlsuite.parse_study(
    {
        "name": "tutorial",
        "question": "With wrong labels among 60 wines, do dropout and batch normalization help?",
        "seeds": 5,
        "epochs": 40,
        "metric": "loss",
        "tasks": [
            {
                "model": {"name": "mlp"},
                "data": {"name": "wine", "train_size": 60, "label_noise": 0.2},
            }
        ],
        "factors": {"dropout": [0.0, 0.5], "batch_norm": [False, True]},
        "fixed": {"learning_rate": rates.suggestion},
    }
)
results = dlsuite.run(study, out=out)
for finding in results.findings:
    print(f"- {finding}")

# %% [markdown]
# ## What it found
#
# `effects` holds a row for each condition and measure: its difference from the baseline, with a
# 95 % interval and a p value that is adjusted for the number of comparisons. A difference is
# called clear where that p is below 0.05. "No clear difference" means that these five seeds
# cannot tell, which is not the same as "no difference". The *loss gap* is the validation loss
# less the training loss at the end: by how much the network overfits.

# %%
primary = results.effects.loc[results.effects["role"] == "primary"]
show(primary[["condition", "measure", "difference", "ci_low", "ci_high", "p_adjusted", "verdict"]])

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
results.plot("effects", ax=left)
results.plot("effects_gap", ax=right)
figure.savefig(out / "study.png", dpi=150)

# %% [markdown]
# ## Where to go from here
#
# Do both together do more than the sum of what each does alone? That is the *interaction*, in
# `results.interactions`. All tables lie in the study's folder as CSV.
#
# On a command line `dlsuite list studies` lists the studies that come with the suite, and
# `dlsuite run dropout` runs one of them. More seeds tell smaller differences: run this study again
# with `"seeds": 10`, and only the five new ones are trained.

# %%
together = results.interactions.loc[results.interactions["measure"] == "test_loss"]
show(together)
print(f"All of it: {results.folder}")
