"""Texts: the suite's networks on `languages` against character n-grams, on the very same split.

    python -m benchmarks.texts            # half an hour on two cores

- `text_cnn`, `gru`: a study each, dropout and the learning rate chosen on validation; the mean test accuracy
  of as many seeds, each at the epoch with the lowest validation loss.
- `tfidf 1-3`, `tfidf 1-5`: scikit-learn's character n-grams within words (`char_wb`), weighed by TF-IDF, and
  logistic regression, its strength chosen on validation. It is trained on whole phrases, where networks read
  the first 30 characters, and has no seed.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dlsuite
from dlsuite.data import Phrases, data_entry
from dlsuite.data.rows import split_rows

OUT = Path(__file__).parent / "results" / "texts.csv"
DATA = "languages"
MODELS: dict[str, dict[str, Any]] = {
    "text_cnn": {"filters": 128, "widths": [2, 3, 4, 5], "embedding": 32},
    "gru": {"units": [64], "embedding": 32},
}
STRENGTHS = (1.0, 10.0, 100.0)


def main() -> None:
    """Train whatever is asked for, and write a row each."""
    given = _arguments()
    rows = [_peer(longest) for longest in (3, 5)]
    for row in rows:
        print(row, flush=True)
    for model in given.models:
        rows.append(_suite(model, given))
        print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(given.out, index=False, float_format="%.4f", lineterminator="\n")


def _suite(model: str, given: argparse.Namespace) -> dict[str, Any]:
    """The condition that is best on validation."""
    begun = time.perf_counter()
    study = dlsuite.Study(
        name=model,
        tasks=[{"model": {"name": model, **MODELS[model]}, "data": DATA}],
        factors={"dropout": [0.2, 0.5]},
        tune={"learning_rate": [0.001, 0.003]},
        seeds=given.seeds,
        epochs=given.epochs,
    )
    with tempfile.TemporaryDirectory() as folder:
        results = dlsuite.run(study, out=folder, report=False)
    trials = results.trials.loc[results.trials["selected"]]
    scores = trials.groupby("condition")[["val_accuracy_best", "test_accuracy"]]
    best = scores.mean()["val_accuracy_best"].idxmax()
    return {
        "estimator": model,
        "chosen": best,
        "seeds": given.seeds,
        "validation_accuracy": scores.mean().loc[best, "val_accuracy_best"],
        "test_accuracy": scores.mean().loc[best, "test_accuracy"],
        "test_deviation": scores.std().loc[best, "test_accuracy"],
        "seconds": time.perf_counter() - begun,
    }


def _peer(longest: int) -> dict[str, Any]:
    """Logistic regression on character n-grams of up to so many characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    begun = time.perf_counter()
    (train, y), (validation, y_validation), (test, y_test) = _splits()
    grams = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, longest), sublinear_tf=True, lowercase=False
    )
    x, x_validation, x_test = (
        grams.fit_transform(train),
        grams.transform(validation),
        grams.transform(test),
    )
    fitted = {c: LogisticRegression(C=c, max_iter=1000).fit(x, y) for c in STRENGTHS}
    told = {
        c: float(np.mean(model.predict(x_validation) == y_validation))
        for c, model in fitted.items()
    }
    best = max(told, key=lambda c: told[c])
    return {
        "estimator": f"tfidf 1-{longest}",
        "chosen": f"C={best:g}",
        "seeds": 1,
        "validation_accuracy": told[best],
        "test_accuracy": float(np.mean(fitted[best].predict(x_test) == y_test)),
        "test_deviation": np.nan,
        "seconds": time.perf_counter() - begun,
    }


def _splits() -> Iterator[tuple[list[str], Any]]:
    """The phrases and labels of each split, as the suite splits them."""
    raw = data_entry(DATA).read({"length": 30})
    assert isinstance(raw, Phrases)
    parts = split_rows(raw.labels, raw.rules, class_names=raw.class_names, split_seed=0)
    data = dlsuite.load_data(DATA)
    for part, split in (
        (parts.train, data.train),
        (parts.validation, data.validation),
        (parts.test, data.test),
    ):
        texts = np.array(raw.texts, dtype=object)[part.x]
        assert data.encoder is not None
        # The suite's own rows, to the token.
        np.testing.assert_array_equal(data.encoder.encode(texts), split.x)  # type: ignore[union-attr]
        yield texts.tolist(), part.y


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.texts")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
