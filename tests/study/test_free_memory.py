"""How much memory is free, by what Linux tells of the machine and of control groups."""

from pathlib import Path

import pytest

from dlsuite.study.free_memory import free_memory

MIB = 2**20


class Linux:
    """What a machine tells in files."""

    def __init__(self, folder: Path, own: str) -> None:
        self.proc, self.groups = folder / "proc", folder / "groups"
        self._write(self.proc / "meminfo", "MemTotal: 9216 kB\nMemAvailable:    8192 kB\n")
        self._write(self.proc / "self/cgroup", own)

    def bound(self, group: str, bound: object, used: int, cached: int, *, version: int) -> None:
        """Bound the memory of a group, in MiB."""
        names = {1: ("limit_in_bytes", "usage_in_bytes"), 2: ("max", "current")}[version]
        limit = bound * MIB if isinstance(bound, int) else bound
        for name, value in zip(names, (limit, used * MIB), strict=True):
            self._write(self.groups / group / f"memory.{name}", f"{value}\n")
        stat = f"inactive_file {cached * MIB}\nactive_file 7\n"
        if version == 1:  # The group's own, and with those inside of it.
            stat = f"inactive_file 5\nactive_file 7\ntotal_inactive_file {cached * MIB}\n"
        self._write(self.groups / group / "memory.stat", stat)

    @property
    def free(self) -> int | None:
        """MiB that are free by these files."""
        found = free_memory(proc=self.proc, groups=self.groups)
        return None if found is None else found // MIB

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_without_a_bound_it_is_what_the_machine_has(tmp_path: Path) -> None:
    linux = Linux(tmp_path, "0::/user.slice\n")
    assert linux.free == 8
    linux.bound("user.slice", "max", 1, 0, version=2)
    assert linux.free == 8


def test_a_batch_system_bounds_a_group_above_the_process(tmp_path: Path) -> None:
    linux = Linux(tmp_path, "0::/slurm/job_7/step_0/task_1\n")
    linux.bound("slurm/job_7/step_0/task_1", "max", 2, 0, version=2)
    linux.bound("slurm/job_7", 6, 4, 1, version=2)
    assert linux.free == 6 - 4 + 1


@pytest.mark.parametrize("inside", [True, False])
def test_version_1_is_read_too_also_where_a_container_sees_its_own_group_alone(
    tmp_path: Path, inside: bool
) -> None:
    linux = Linux(tmp_path, "9:cpu,cpuacct:/\n4:memory:/docker/0a1b\n0::/\n")
    linux.bound("memory" if inside else "memory/docker/0a1b", 5, 3, 2, version=1)
    assert linux.free == 5 - 3 + 2


def test_beside_version_1_the_groups_of_version_2_have_a_folder(tmp_path: Path) -> None:
    linux = Linux(tmp_path, "0::/app\n")
    linux.bound("unified/app", 2, 1, 0, version=2)
    assert linux.free == 1


def test_a_group_that_is_over_its_bound_has_nothing(tmp_path: Path) -> None:
    linux = Linux(tmp_path, "0::/\n")
    linux.bound("", 2, 3, 0, version=2)
    assert linux.free == 0


def test_where_nothing_tells_it_is_not_known(tmp_path: Path) -> None:
    assert free_memory(proc=tmp_path, groups=tmp_path) is None
