"""The application and its entry point: a user's mistakes become a line and exit code 2."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NoReturn

import typer

from dlsuite.cli.ablation import ablate, new
from dlsuite.cli.answers import power, show
from dlsuite.cli.explanations import explain
from dlsuite.cli.models import lr_range, verify
from dlsuite.cli.reports import report
from dlsuite.cli.studies import check, list_, run
from dlsuite.cli.training import predict, train
from dlsuite.errors import DlsuiteError
from dlsuite.progress import Advance, observed

app = typer.Typer(
    help="Ablation studies of Keras models: what learning rate, how much dropout, batch normalization?",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "ablate": ablate,
    "new": new,
    "check": check,
    "list": list_,
    "show": show,
    "report": report,
    "power": power,
    "train": train,
    "predict": predict,
    "explain": explain,
    "lr-range": lr_range,
    "verify": verify,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def main() -> NoReturn:
    """Run the command line; what a user can mend becomes one line and exit code 2."""
    try:
        with observed(_show_work):
            code: Any = app(standalone_mode=False)
    except DlsuiteError as error:
        _fail(str(error))
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        if type(error).__module__.startswith("click") or hasattr(error, "format_message"):
            _fail(error.format_message() if hasattr(error, "format_message") else str(error))
        raise
    sys.exit(code if isinstance(code, int) else 0)


def _show_work(what: str, total: int) -> AbstractContextManager[Advance]:
    """Show work on the terminal, which is imported when there is some."""
    from dlsuite.terminal import work_bar

    return work_bar(what, total)


def _fail(message: str) -> NoReturn:
    typer.echo(f"dlsuite: {' '.join(message.split())}", err=True)
    sys.exit(2)
