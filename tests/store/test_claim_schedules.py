"""The claim's steps in any order that several processes can take them, some of them dying anywhere."""

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.errors import ClaimedError
from dlsuite.store import claim as claims
from dlsuite.store.claim import Claim


class Died(BaseException):
    """Ends a runner as a kill would: it does nothing more."""


class Schedule:
    """Lets threads go on one at a time, a step on the disk each, in an order that is drawn."""

    def __init__(self, seed: int, deadly: float) -> None:
        self._draw = random.Random(seed)
        self._deadly = deadly
        self._go: dict[int, threading.Semaphore] = {}
        self._came = threading.Semaphore(0)
        self._dead: set[int] = set()

    def step(self) -> None:
        """Wait until it is this thread's turn; other threads than the schedule's own do not wait."""
        me = threading.get_ident()
        if me in self._dead:  # What it would still do, unwinding, does not happen.
            raise Died
        if me not in self._go:
            return
        self._came.release()
        self._go[me].acquire()
        if self._draw.random() < self._deadly:
            self._dead.add(me)
            raise Died

    def run(self, works: list[Callable[[], None]]) -> list[BaseException]:
        """Run them to their ends, and give back what went wrong."""
        failed: list[BaseException] = []
        started = threading.Barrier(len(works) + 1)

        def one(work: Callable[[], None]) -> None:
            self._go[threading.get_ident()] = threading.Semaphore(0)
            started.wait()
            try:
                work()
            except Died:
                pass
            except BaseException as error:
                failed.append(error)
            finally:
                self._dead.discard(threading.get_ident())
                del self._go[threading.get_ident()]
                self._came.release()

        threads = [threading.Thread(target=one, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        started.wait()
        for _ in threads:  # Each has come to its first step, or to its end.
            self._came.acquire()
        # One runs on while the others stand still, until another comes first: what goes wrong does so
        # when somebody stands still between two certain steps, for long.
        order = list(self._go)
        self._draw.shuffle(order)
        while self._go:
            order = [thread for thread in order if thread in self._go]
            if self._draw.random() < 0.15:
                order.insert(self._draw.randrange(len(order) + 1), order.pop(0))
            chosen = order[0]
            waiting = self._go.get(chosen)
            if waiting is not None:
                waiting.release()
                self._came.acquire()
        for thread in threads:
            thread.join()
        return failed


def take_steps(patch: pytest.MonkeyPatch, schedule: Schedule) -> None:
    """Make what a claim does on the disk a step of the schedule; the dead do nothing."""

    def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            schedule.step()
            return function(*arguments, **options)

        return call

    for name in ("_numbers", "_read", "_give_back", "_write_new"):
        patch.setattr(claims, name, stepping(getattr(claims, name)))
    patch.setattr(os, "link", stepping(os.link))
    for name in ("unlink", "rmdir", "mkdir"):
        patch.setattr(Path, name, stepping(getattr(Path, name)))
    patch.setattr(os, "fsync", lambda _: None)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    runners=st.integers(2, 4),
    deadly=st.sampled_from([0.0, 0.02, 0.1]),
    kept=st.booleans(),
)
def test_in_no_order_of_steps_do_two_hold_a_folder(
    seed: int, runners: int, deadly: float, kept: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("claims") / "x"
    folder.mkdir()
    if kept:  # Else a run that wrote nothing takes the folder away.
        (folder / "trials.csv").touch()
    schedule = Schedule(seed, deadly)
    holders: set[int] = set()
    most = [0]
    held = [0]

    def work() -> None:
        me = threading.get_ident()
        for _ in range(5):
            claim = Claim(folder)
            try:
                with claim:
                    holders.add(me)
                    most[0] = max(most[0], len(holders))
                    held[0] += 1
                    claim.check()
                    schedule.step()
                    claim.check()
                    holders.discard(me)
            except ClaimedError:
                schedule.step()
            except Died:
                holders.discard(me)
                claims._own.discard(claim._token)  # As a process's end does.
                raise

    with pytest.MonkeyPatch.context() as patch:
        take_steps(patch, schedule)
        failed = schedule.run([work] * runners)

    assert failed == []
    assert most[0] <= 1
    assert held[0] > 0 or deadly > 0
    with Claim(folder):  # Whatever happened, the next one gets it.
        assert len(list(folder.glob("claim-*.json"))) == 1
