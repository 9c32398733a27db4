"""Studies: planned, run, resumed, and opened as data frames."""

from dlsuite.study.ablate import ablate
from dlsuite.study.auto import AutoExecutor
from dlsuite.study.budget import Budget
from dlsuite.study.certificate import Certificate, verify
from dlsuite.study.crew import CrewExecutor
from dlsuite.study.executors import Executor, Job
from dlsuite.study.history import History
from dlsuite.study.in_process import InProcessExecutor
from dlsuite.study.library import find_study, list_studies
from dlsuite.study.lr_range import lr_range
from dlsuite.study.plan import Plan, make_plan
from dlsuite.study.plugins import check_plugin_models, load_plugins
from dlsuite.study.predictions import Predictions, predict_file
from dlsuite.study.rate_range import LearningRateRange
from dlsuite.study.ray_tasks import RayTasks
from dlsuite.study.resolve import PlannedTask
from dlsuite.study.results import Results, load_results
from dlsuite.study.run import run
from dlsuite.study.train import train
from dlsuite.study.trial import Trial
from dlsuite.study.worker_processes import WorkerProcesses

__all__ = [
    "AutoExecutor",
    "Budget",
    "Certificate",
    "CrewExecutor",
    "Executor",
    "History",
    "InProcessExecutor",
    "Job",
    "LearningRateRange",
    "Plan",
    "PlannedTask",
    "Predictions",
    "RayTasks",
    "Results",
    "Trial",
    "WorkerProcesses",
    "ablate",
    "check_plugin_models",
    "find_study",
    "list_studies",
    "load_plugins",
    "load_results",
    "lr_range",
    "make_plan",
    "predict_file",
    "run",
    "train",
    "verify",
]
