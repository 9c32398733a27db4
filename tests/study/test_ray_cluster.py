"""A cluster of two nodes on this machine, of which one is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from executor_contract import LONG, TWO, Watching, tables

from dlsuite.errors import SpecError
from dlsuite.spec import Study
from dlsuite.study import CrewExecutor, InProcessExecutor, run
from dlsuite.study.ray_tasks import RayTasks

Make = Callable[..., Study]


def test_a_node_of_a_cluster_may_be_lost(
    small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    try:
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
    except Exception as error:
        pytest.skip(f"Ray cannot be started here: {error}")
    try:
        further = cluster.add_node(num_cpus=1)
        lost: list[object] = []

        def lose(trials: float) -> None:
            if not lost and trials > 0.1:
                lost.append(further)
                cluster.remove_node(further, allow_graceful=False)

        study = small(**TWO, epochs=LONG)
        watcher = Watching(lose)
        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        with pytest.raises(
            SpecError, match=r"gpus: no node of the cluster has a GPU; leave it out"
        ):
            RayTasks(gpus=0.5)
        with CrewExecutor(RayTasks()) as theirs:
            results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert lost and "a Ray worker is lost (" in watcher.lines[0]
        whole = run(study, out=tmp_path / "whole", executor=executor, report=False)
        assert tables(results.folder) == tables(whole.folder)
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_where_there_is_no_cluster_one_line_says_so(address: str) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with pytest.raises(
        SpecError, match=f"executor ray: no cluster at {address} .*ray start --head"
    ):
        RayTasks(address)
