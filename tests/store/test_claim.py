"""One run at a time: who holds a folder, who is refused, and who is dead."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dlsuite.errors import ClaimedError, StoreError
from dlsuite.store import Part, ResultsFolder
from dlsuite.store import claim as claims
from dlsuite.store import process as processes
from dlsuite.store.claim import Claim
from dlsuite.store.process import Process

HOLD = """
import sys, time
from pathlib import Path
from dlsuite.store.claim import Claim
with Claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "results" / "x"
    path.mkdir(parents=True)
    (path / "trials.csv").write_text("task\n")
    return path


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def claim_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*claim*"))


def content(folder: Path, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"claim-{number}.json").read_text())
    return found


def leave(folder: Path, *, age: float = 0.0, number: int = 1, **changes: Any) -> Path:
    """Leave a claim as another process would have, touched a while ago."""
    about = {"token": "another's", "since": "2026-01-01T00:00:00+00:00", **Process.here()._asdict()}
    path = folder / f"claim-{number}.json"
    path.write_text(json.dumps({"state": "held", **about, **changes}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def taken(folder: Path) -> bool:
    """Whether the folder can be had."""
    try:
        with Claim(folder):
            return True
    except ClaimedError:
        return False


def part(key: str) -> Part:
    return Part.of(
        trials=pd.DataFrame({"trial": [key], "status": "completed", "epochs": 1}),
        curves=pd.DataFrame({"trial": [key], "epoch": 0}),
        layers=pd.DataFrame({"trial": [key], "epoch": 0, "layer": "output"}),
    )


def test_a_claim_says_who_holds_the_folder_and_is_given_back(folder: Path) -> None:
    with Claim(folder):
        held = content(folder)
        assert held["state"] == "held"
        assert held["pid"] == os.getpid()
        assert set(held) >= {"host", "boot", "started", "since", "command"}
    assert content(folder) == {**held, "state": "free"}
    assert claim_names(folder) == ["claim-1.json"]


def test_the_next_claim_has_the_next_number_and_removes_the_last(folder: Path) -> None:
    for number in (1, 2, 3):
        with Claim(folder):
            assert claim_names(folder) == [f"claim-{number}.json"]


def test_who_comes_second_is_told_who_is_there_and_changes_nothing(folder: Path) -> None:
    with Claim(folder):
        before = files(folder)
        with (
            pytest.raises(ClaimedError, match="another run is at work here") as refused,
            Claim(folder),
        ):
            pass
        assert files(folder) == before
    held = content(folder)
    said = str(refused.value)
    for part_of_it in (
        folder,
        held["host"],
        f"process {held['pid']}",
        held["since"],
        held["command"],
    ):
        assert str(part_of_it) in said
    assert "--out" in said and "Wait" in said and "delete claim-1.json" in said


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_whatever_ends_a_run_gives_the_folder_back(
    folder: Path, error: type[BaseException]
) -> None:
    with pytest.raises(error), Claim(folder):
        raise error
    assert content(folder)["state"] == "free"
    assert taken(folder)


def test_a_folder_that_nothing_was_written_to_is_taken_away_again(tmp_path: Path) -> None:
    with Claim(tmp_path / "results" / "x"):
        pass
    assert not (tmp_path / "results" / "x").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_holder_is_dead_at_once(folder: Path, reaped: bool) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert not taken(folder)
        child.send_signal(signal.SIGKILL)
        if reaped:
            child.wait()
        else:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert taken(folder)
    assert claim_names(folder) == ["claim-2.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
def test_a_process_id_that_is_used_again_is_another_process(folder: Path) -> None:
    started = Process.here().started
    assert started is not None
    leave(folder, started=started - 1)
    assert taken(folder)


def test_a_holder_on_another_machine_counts_by_when_it_touched_its_claim(folder: Path) -> None:
    leave(folder, host="elsewhere", boot="another", age=claims.DEAD_AFTER - 20)
    assert not taken(folder)
    assert claim_names(folder) == ["claim-1.json"]
    leave(folder, host="elsewhere", boot="another", age=claims.DEAD_AFTER + 20)
    assert taken(folder)


def test_a_machine_that_started_anew_has_no_holders_of_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "uptime", lambda: 40.0)
    leave(folder, boot="the last one", age=60)
    assert taken(folder)


def test_another_machine_of_the_same_name_is_no_dead_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "uptime", lambda: 40.0)
    leave(folder, boot="its own", age=16)
    assert not taken(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
def test_a_process_in_another_container_is_not_looked_up_in_this_one(folder: Path) -> None:
    leave(folder, namespace="another", pid=1, started=1)
    assert not taken(folder)
    leave(folder, namespace="another", pid=1, started=1, age=claims.DEAD_AFTER + 20)
    assert taken(folder)


@pytest.mark.parametrize("written", [b"", b"{", b"[1]", b"\xff\xfe", b'{"state": "held"}'])
def test_a_claim_that_cannot_be_read_counts_until_it_is_old(folder: Path, written: bytes) -> None:
    path = leave(folder)
    path.write_bytes(written)
    with pytest.raises(ClaimedError, match="does not say by whom"), Claim(folder):
        pass
    os.utime(path, (0, 0))
    assert taken(folder)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_without_hard_links_will_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    with Claim(folder) as claim:
        assert not taken(folder)
        claim.check()
    assert taken(folder)
    assert claim_names(folder) == ["claim-2.json"]


@pytest.mark.parametrize("place", ["link", "fsync"])
def test_a_full_disk_is_told_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, place, full)
    with (
        pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)"),
        Claim(folder),
    ):
        pass
    assert [path.name for path in folder.iterdir()] == ["trials.csv"]


def test_a_holder_touches_its_claim(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "TOUCHED_EVERY", 0.01)
    with Claim(folder):
        path = folder / "claim-1.json"
        os.utime(path, (0, 0))
        for _ in range(500):
            if path.stat().st_mtime > 0:
                break
            time.sleep(0.01)
        assert path.stat().st_mtime > time.time() - 60


def test_a_run_whose_folder_was_removed_does_not_make_it_anew(folder: Path) -> None:
    store = ResultsFolder(folder)
    with store.claim():
        store.open()
        store.add_part(part("a"))
        shutil.rmtree(folder)
        for write in (lambda: store.add_part(part("b")), lambda: store.write({"a.csv": ""})):
            with pytest.raises(StoreError, match="the folder was removed while the study ran"):
                write()
    assert not folder.exists()


def test_a_run_whose_parts_were_removed_says_so(folder: Path) -> None:
    store = ResultsFolder(folder)
    with store.claim():
        store.open()
        shutil.rmtree(folder / "parts")
        with pytest.raises(StoreError, match=r"cannot be written .* removed while the study ran"):
            store.add_part(part("b"))


def test_a_run_that_another_took_over_writes_nothing(folder: Path) -> None:
    store = ResultsFolder(folder)
    with store.claim():
        store.open()
        leave(folder, number=2, host="elsewhere", pid=7)
        with pytest.raises(
            StoreError, match=r"another run has taken over .*process 7 on elsewhere"
        ):
            store.add_part(part("b"))
        assert list((folder / "parts").iterdir()) == []
    assert content(folder, 2)["state"] == "held"
    assert content(folder, 1)["state"] == "held"


def test_a_run_whose_folder_was_put_in_anothers_place_writes_nothing(folder: Path) -> None:
    store = ResultsFolder(folder)
    with store.claim():
        store.open()
        shutil.rmtree(folder)
        folder.mkdir()
        leave(folder)
        before = files(folder)
        with pytest.raises(
            StoreError, match="claim was removed while the study ran, or the folder"
        ):
            store.write({"trials.csv": ""})
    assert files(folder) == before


def test_a_claim_that_could_not_be_given_back_does_not_lock_its_own_process_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(claims, "_give_back", fail)
    with Claim(folder):
        pass
    monkeypatch.undo()
    assert content(folder)["state"] == "held"
    assert taken(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_child_that_leaves_the_block_does_not_give_the_folder_back(folder: Path) -> None:
    child = 0
    try:
        with Claim(folder):
            child = os.fork()
            if child:
                os.waitpid(child, 0)
                assert content(folder)["state"] == "held"
    finally:
        if not child:
            os._exit(0)


def test_a_process_tells_itself_from_others() -> None:
    here = Process.here()
    assert Process.told(json.loads(json.dumps(here._asdict()))) == here
    if os.name == "posix":
        assert here.is_alive()
        assert here._replace(pid=2**40).is_alive() is False
    assert here._replace(pid=0).is_alive() is None
    assert not here.is_of_an_earlier_boot()
    assert processes.uptime() > 0


FIGHT = """
import fcntl, os, random, signal, sys, time
from pathlib import Path
from dlsuite.errors import ClaimedError
from dlsuite.store import claim
from dlsuite.store.claim import Claim

folder, referee, log = (Path(name) for name in sys.argv[1:4])
rounds, deadly, seed = int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
draw = random.Random(seed)
if sys.argv[7] == "without links":
    def refuse(*_):
        raise OSError(1, "no links here")
    os.link = refuse

def tell(word):
    with log.open("ab", buffering=0) as file:
        file.write(f"{word}\\n".encode())

print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    try:
        with Claim(folder) as held:
            with referee.open("wb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    tell("TWO")
                time.sleep(draw.random() * 0.003)
                held.check()
                tell("held")
                if draw.random() < deadly:
                    tell("killed")
                    os.kill(os.getpid(), signal.SIGKILL)
    except ClaimedError:
        pass
    time.sleep(draw.random() * 0.004)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
@pytest.mark.parametrize("links", ["with links", "without links"])
def test_many_processes_that_fight_for_a_folder_hold_it_one_at_a_time(
    folder: Path, tmp_path: Path, links: str
) -> None:
    log = tmp_path / "log"
    places = [str(folder), str(tmp_path / "referee"), str(log)]
    fighters = [
        subprocess.Popen(
            [sys.executable, "-c", FIGHT, *places, "200", "0.05", str(seed), links],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for seed in range(8)
    ]
    for fighter in fighters:
        assert fighter.stdout is not None and fighter.stdout.readline() == b"ready\n"
    for fighter in fighters:
        assert fighter.stdin is not None
        fighter.stdin.write(b"go\n")
        fighter.stdin.flush()
    for fighter in fighters:
        _, errors = fighter.communicate(timeout=300)
        assert errors == b""
        assert fighter.returncode in (0, -signal.SIGKILL)

    words = log.read_text().split()
    assert "TWO" not in words
    assert words.count("killed") == sum(fighter.returncode != 0 for fighter in fighters)
    assert words.count("killed") > 0
    assert words.count("held") > 2 * len(fighters)
    assert taken(folder)
    assert len(claim_names(folder)) == 1
