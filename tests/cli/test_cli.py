import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlsuite.study import list_studies

Call = Callable[..., Any]
SMALL = """
name = "tiny"
question = "Does dropout help on wine?"
seeds = 2
epochs = 2

[[tasks]]
model = { name = "mlp", units = 4 }
data = { name = "wine", train_size = 40 }

[factors]
dropout = [0.0, 0.5]
"""


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    (tmp_path / "tiny.toml").write_text(SMALL)
    return "tiny.toml"


def test_a_run_with_a_budget_ends_and_says_what_is_missing(dlsuite: Call, tiny: str) -> None:
    said = dlsuite("run", tiny, "--max-trials", "3", "--max-time", "1h", "--json", "--no-report")
    assert said.code == 0
    assert json.loads(said.out)["missing"] == 1
    assert "So many trials were asked for: 1 of 4 trials are not finished." in said.err
    refused = dlsuite("run", tiny, "--max-time", "soon")
    assert refused.code == 2
    assert (
        "--max-time: expected a duration such as 90s, 15m, 1h30m or 2d; got 'soon'" in refused.err
    )


def test_a_study_is_run_shown_and_run_again(dlsuite: Call, tiny: str, tmp_path: Path) -> None:
    said = dlsuite("run", tiny)

    assert said.code == 0
    assert re.fullmatch(r"Training in one process: about \d+ s, as .*\.\n", said.err)
    assert "tiny: Does dropout help on wine?" in said.out
    assert re.search(r"mlp/wine, dropout: test accuracy 0\.\d+ \[", said.out)
    assert (
        "Tables are in results/tiny, figures beside them; all of it is on results/tiny/report.html."
        in said.out
    )
    trials = (tmp_path / "results/tiny/trials.csv").read_text()
    assert len(trials.splitlines()) == 5

    shown = dlsuite("show", "tiny")
    assert shown.code == 0
    assert "Does dropout help on wine?" in shown.out
    assert re.search(r"mlp/wine +dropout=0\.5 +accuracy +\d\.\d+ ± \d\.\d+", shown.out)

    answer = json.loads(dlsuite("show", "results/tiny", "--json").out)
    baseline, changed = answer["summary"]
    assert (baseline["verdict"], baseline["p_adjusted"]) == ("baseline", None)
    assert changed["difference"] == pytest.approx(changed["mean"] - baseline["mean"], abs=1e-6)
    assert {check["status"] for check in answer["checklist"]} <= {"ok", "look"}

    assert dlsuite("show", "tiny", "--format", "markdown").out.startswith("| task | condition |")
    assert dlsuite("show", "tiny", "--format", "latex").out.startswith(r"\begin{tabular}")
    rows = list(csv.DictReader(io.StringIO(dlsuite("show", "tiny", "--format", "csv").out)))
    assert [row["condition"] for row in rows] == ["dropout=0", "dropout=0.5"]

    power = json.loads(dlsuite("power", "tiny", "--effect", "0.01", "--json").out)
    assert [row["condition"] for row in power] == ["dropout=0.5"]
    assert "more" in dlsuite("power", "tiny", "--effect", "0.01").out

    again = dlsuite("run", "results/tiny", "--json")
    assert json.loads(again.out)["folder"] == "results/tiny"
    assert (tmp_path / "results/tiny/trials.csv").read_text() == trials


def test_a_study_without_a_report_is_reported_later_and_watched_until_it_is_whole(
    dlsuite: Call, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "results/tiny/report.html"
    said = dlsuite("run", tiny, "--no-report")
    assert "'dlsuite report results/tiny' draws them." in said.out
    assert not page.exists()

    whole = (tmp_path / "results/tiny/trials.csv").read_text()
    (tmp_path / "results/tiny/trials.csv").write_text("".join(whole.splitlines(True)[:4]))

    def come_further(seconds: float) -> None:
        assert "3 of 4 trials" in page.read_text()
        (tmp_path / "results/tiny/trials.csv").write_text(whole)

    monkeypatch.setattr("dlsuite.cli.reports.time.sleep", come_further)
    watched = dlsuite("report", "tiny", "--watch")
    assert watched.code == 0
    lines = [f"results/tiny/report.html: {n} of 4 trials" for n in (3, 4)]
    assert watched.out.splitlines() == lines

    said = dlsuite("report", "--json")
    answer = {"pages": ["results/tiny/report.html"], "indexes": ["results/index.html"]}
    assert json.loads(said.out) == answer


def test_explain_says_what_it_found_and_where_its_pictures_are(
    dlsuite: Call, tmp_path: Path
) -> None:
    said = dlsuite("explain", "forward", "mlp", "wine", "--epochs", "2")
    assert said.code == 0
    assert said.out.startswith("mlp/wine, forward:\n\n- ")
    folder = tmp_path / "results/explain/mlp-wine/forward"
    assert {path.suffix for path in folder.iterdir()} == {".csv", ".png", ".svg"}
    answer = json.loads(dlsuite("explain", "forward", "mlp", "wine", "--epochs", "2", "--json").out)
    assert answer["subject"] == "mlp/wine"
    assert len(answer["files"]) == len(list(folder.iterdir()))


def test_two_studies_are_compared_condition_by_condition(dlsuite: Call, tiny: str) -> None:
    dlsuite("run", tiny, "--no-report")
    dlsuite("run", tiny, "--no-report", "--out", "slower", "--set", "fixed.learning_rate=1e-5")

    rows = json.loads(dlsuite("show", "tiny", "slower/tiny", "--json").out)
    first, *_ = [row for row in rows if row["measure"] == "test_accuracy"]
    difference = first["second_mean"] - first["first_mean"]
    assert first["difference"] == pytest.approx(difference, abs=1e-6)
    assert "second - first" in dlsuite("show", "tiny", "slower/tiny").out
    assert dlsuite("show", "tiny", "slower/tiny", "--format", "markdown").out.startswith("| task")


def test_overrides_and_seeds_replace_the_studys_own(dlsuite: Call, tiny: str) -> None:
    said = dlsuite(
        "check", tiny, "--seeds", "3", "--set", "factors.dropout=[0, 0.1, 0.2]", "--json"
    )

    description = json.loads(said.out)
    assert description["trials"] == 9
    assert description["devices"] == ["CPU"]
    assert description["factors"] == {"dropout": [0, 0.1, 0.2]}


@pytest.mark.parametrize("name", list_studies())
def test_every_shipped_study_can_be_checked(dlsuite: Call, name: str) -> None:
    said = dlsuite("check", name)

    assert said.code == 0
    assert "trials" in said.out and "baseline" in said.out
    assert re.search(r"/digits: image, \d+ train, 359 validation, 359 test", said.out)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list", "models", "*lstm"], ["bilstm", "lstm"]),
        (["list", "models", "*rnn"], ["simple_rnn"]),
        (["list", "models", "--kind", "image"], ["cnn", "mlp", "resnet"]),
        (["list", "data", "--kind", "series"], ["co2", "sunspots"]),
        (["list", "studies", "*m*"], ["batch_norm", "minima", "placement"]),
        (["list", "factors", "recurrent*"], ["recurrent_dropout"]),
    ],
)
def test_listings_are_sorted_and_filtered(
    dlsuite: Call, arguments: list[str], expected: list[str]
) -> None:
    rows = json.loads(dlsuite(*arguments, "--json").out)
    assert [next(iter(row.values())) for row in rows] == expected

    table = dlsuite(*arguments).out
    assert [line.split()[0] for line in table.splitlines()[1:] if line[:1].strip()] == expected


def test_the_schema_is_json_and_knows_the_keys(dlsuite: Call) -> None:
    schema = json.loads(dlsuite("check", "--schema").out)
    assert {"name", "tasks", "factors", "tune", "fixed"} <= set(schema["properties"])


def test_help_names_the_commands(dlsuite: Call) -> None:
    said = dlsuite("--help")
    assert said.code == 0
    for command in (
        "run",
        "check",
        "list",
        "show",
        "report",
        "power",
        "explain",
        "lr-range",
        "verify",
    ):
        assert command in said.out


BAD = {
    "an unknown model": (
        'model = { name = "mlp", units = 4 }',
        'model = "mpl"',
        "Did you mean 'mlp'",
    ),
    "an unknown data set": ('name = "wine"', 'name = "vine"', "Did you mean 'wine'"),
    "an unknown factor": ("dropout = [", "droput = [", "Did you mean 'dropout'"),
    "an unknown key": ("[factors]", "[factor]", "unknown key 'factor'. Did you mean 'factors'"),
    "no factor": ("dropout = [0.0, 0.5]", "", "factors: expected at least one entry; got {}"),
    "an empty factor": ("[0.0, 0.5]", "[]", "factors.dropout: expected at least one entry; got []"),
    "a negative rate": ("[0.0, 0.5]", "[-0.5]", "factors.dropout: expected a number, at least 0"),
    "a baseline outside": (
        "[[tasks]]",
        "baseline.dropout = 0.3\n[[tasks]]",
        "baseline.dropout = 0.3 is not among factors.dropout = [0, 0.5]",
    ),
    "a factor the model lacks": ("dropout = [", "filters = [", "model 'mlp'"),
    "a key in two places": (
        "[factors]",
        "[fixed]\ndropout = 0.1\n[factors]",
        "'dropout' stands in [factors] and in [fixed]",
    ),
    "a key in a task too": ("units = 4", "dropout = 0.1", "tasks.0.model (mlp/wine)"),
    "a key in two places of a task": (
        "[factors]",
        "[tasks.fixed]\nunits = 8\n[factors]",
        "'units' stands in tasks.0.fixed and in tasks.0.model (mlp/wine); keep one",
    ),
    "a name that is a path": ('"tiny"', '"../tiny"', "got '../tiny'"),
    "malformed TOML": ("[factors]", "[factors", "not valid TOML"),
    "a text for a number": (
        "epochs = 2",
        'epochs = "two"',
        'epochs: expected a whole number; got "two"',
    ),
    "too many examples": ("train_size = 40", "train_size = 4000", "4000"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_with_the_file_and_exit_code_2(
    dlsuite: Call, tmp_path: Path, case: str
) -> None:
    old, new, message = BAD[case]
    assert old in SMALL
    (tmp_path / "bad.toml").write_text(SMALL.replace(old, new, 1))

    for command in ("run", "check"):
        said = dlsuite(command, "bad.toml")

        assert said.code == 2
        assert said.out == ""
        assert said.err.startswith("dlsuite: ")
        assert len(said.err.splitlines()) == 1
        assert message in said.err
        if case != "too many examples":
            assert "bad.toml" in said.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "dropot"], "Did you mean 'dropout'"),
        (["run", "missing.toml"], "missing.toml: cannot be read (No such file or directory)"),
        (["run", "folder.toml"], "folder.toml: cannot be read (Is a directory)"),
        (["run", "binary.toml"], "binary.toml: not a text in UTF-8"),
        (["run"], "Missing argument 'STUDY...'"),
        (["report"], "there are no studies in results"),
        (["report", "a", "b", "--watch"], "expected one study to watch; got 2"),
        (["explain", "backwards", "mlp", "wine"], "Did you mean 'backward'"),
        (["explain", "forward", "mlp", "wine", "--epochs", "0"], "at least 1; got 0"),
        (["check"], "expected a study's name"),
        (["check", "dropout", "--set", "seeds"], "--set seeds: expected key=value"),
        (["check", "dropout", "--set", "tasks.9.model=mlp"], "expected a number from 0 to 3"),
        (["check", "dropout", "--seeds", "0"], "--seeds"),
        (["chek"], "No such command 'chek'"),
        (["list", "model"], "model"),
        (["list", "models", "--kind", "sound"], "got 'sound'"),
        (["show", "nothing"], "no results here"),
        (["show", "one", "two", "three"], "show: expected one study, or two to compare; got 3"),
        (["power", "nothing", "--effect", "0.01"], "no results here"),
        (["power", "nothing"], "Missing option '--effect'"),
        (["run", "dropout", "--out", "binary.toml"], "cannot be made"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    dlsuite: Call, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")

    said = dlsuite(*arguments)

    assert said.code == 2
    assert message in said.err
    assert len(said.err.splitlines()) == 1
    assert (tmp_path / "binary.toml").read_bytes() == b"\xff\xfe\x00"
