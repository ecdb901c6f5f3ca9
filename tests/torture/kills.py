"""Kill -9 at random moments of real work, start again, and compare with work that nobody disturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from recon_lib.core.arrays import load_arrays
from recon_lib.core.files import sha256
from torture.scenes import Log, Scene, enter

KILLED = -9
PASSING = ("checkpoint.", "part-")
"""Where work goes on from; removed when it is finished."""


@dataclass
class Reference:
    """What undisturbed work leaves.

    Attributes:
        files: Hash of each file by its path.
        log: Its finished units, in order.
        operations: File operations that it makes.
        seconds: How long it took.
    """

    files: dict[str, str]
    log: list[str]
    operations: int
    seconds: float


def stop_often(scene: Scene, moments: int, seed: int, folder: Path) -> dict:
    """Stop a scene at random moments, each time in a fresh folder, and start it again until it ends.

    Every second moment is just before a random file operation, the others are random in time. A moment
    that came too late, after the end, does not count.

    Args:
        scene: The work.
        moments: How many kills.
        seed: Decides when.
        folder: For all that is written.

    Returns:
        A row of the table: what, tried, survived, seconds, and the first fault.
    """
    began, rng = time.monotonic(), random.Random(seed)
    reference = undisturbed(scene, folder / "reference")
    tried = survived = late = 0
    faults = []
    while tried < moments:
        assert late < 20 * moments, f"{scene.name} ends before it can be stopped"
        when = _moment(rng, reference, after=(tried + late) % 2 == 1)
        fault = stop_once(scene, when, reference, folder / f"trial{tried}")
        shutil.rmtree(folder / f"trial{tried}", ignore_errors=True)
        (folder / f"trial{tried}.log").unlink(missing_ok=True)
        if fault is None:
            late += 1
            continue
        tried += 1
        survived += not fault
        faults += [f"{when}: {fault}"] if fault else []
    row = {"what": f"kill -9 while {scene.name}", "tried": tried, "survived": survived}
    return {**row, "seconds": round(time.monotonic() - began, 1), "faults": faults}


def _moment(rng: random.Random, reference: Reference, *, after: bool) -> dict:
    if after:
        return {"after": rng.uniform(0, reference.seconds)}
    return {"at": rng.randint(1, reference.operations)}


def undisturbed(scene: Scene, folder: Path) -> Reference:
    """Do a scene's work from beginning to end."""
    begin(scene, folder)
    began = time.monotonic()
    status = spawn(scene, folder, at=0)
    seconds = time.monotonic() - began
    assert status == 0, (folder.parent / "said.txt").read_text(encoding="utf-8")[-3000:]
    return Reference(outcome(folder), units(folder), int(_counted(folder).read_text(encoding="utf-8")), seconds)


def stop_once(scene: Scene, when: dict, reference: Reference, folder: Path) -> str | None:
    """Kill a scene's work at one moment, look at what it left, start it again and compare.

    Returns:
        What went wrong, empty if nothing did, or ``None`` if the work had ended before.
    """
    begin(scene, folder)
    status = spawn(scene, folder, **when)
    if status == 0:
        return None
    if status != KILLED:
        return "it failed before it was killed: " + said(folder)
    if half := [name for name, value in outcome(folder).items() if not _whole(folder / name, name, value, reference)]:
        return f"half-written: {half}"
    whole = {name: (folder / name).stat().st_mtime_ns for name in outcome(folder) if _final(name)}
    if spawn(scene, folder) != 0:
        return "it cannot go on: " + said(folder)
    return _differs(folder, reference) or _repeated(folder, whole, scene, reference)


def _differs(folder: Path, reference: Reference) -> str:
    """Say which files are not as undisturbed work leaves them."""
    found = outcome(folder)
    names = {n for n in found.keys() | reference.files.keys() if found.get(n) != reference.files.get(n)}
    return f"another result: {sorted(names)}" if names else ""


def _repeated(folder: Path, whole: dict[str, int], scene: Scene, reference: Reference) -> str:
    """Say what was finished when the process was killed, and was done again."""
    made = {name: folder / name for name in whole if Path(name).name not in scene.anew and (folder / name).exists()}
    again = [name for name, path in made.items() if path.stat().st_mtime_ns != whole[name]]
    units_again = Counter(units(folder)) - Counter(reference.log)
    return f"done again: {again} {list(units_again)}" if again or units_again else ""


def _whole(path: Path, name: str, value: str, reference: Reference) -> bool:
    """Tell whether a file that a killed process left is a temporary one, or a whole one."""
    if path.name.startswith(PASSING):
        return bool(load_arrays(path))
    return not _final(name) or value in reference.files.values()


def _final(name: str) -> bool:
    """Tell a finished file under its last name from a temporary one and from where work goes on."""
    parts = Path(name).parts
    temporary = any(part.startswith((".", "tmp")) for part in parts) or name.endswith(".part")
    return not temporary and not parts[-1].startswith(PASSING)


def outcome(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a folder but locks; of a record, of all but the seconds it took."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name == ".lock" or path.suffix == ".lock":
            continue
        name = path.relative_to(folder).as_posix()
        if path.name == "run.json":
            found[name] = json.dumps({**json.loads(path.read_text(encoding="utf-8")), "seconds": 0}, sort_keys=True)
        else:
            found[name] = sha256(path)
    return found


def units(folder: Path) -> list[str]:
    """Return what a scene's work said it had finished."""
    log = folder.with_name(f"{folder.name}.log")
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def begin(scene: Scene, folder: Path) -> None:
    """Make a scene's folder as it is before any work."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(f"{folder.name}.log").unlink(missing_ok=True)
    if scene.start:
        shutil.copytree(scene.start, folder)
    else:
        folder.mkdir(parents=True)


def spawn(scene: Scene, folder: Path, *, at: int | None = None, after: float = float("inf")) -> int:
    """Do a scene's work in a child, and kill it if asked.

    Args:
        scene: The work.
        folder: Its folder.
        at: Kill just before this file operation under ``folder``, from 1; 0 counts them only.
        after: Kill after these seconds.

    Returns:
        The child's status: -9 if it was killed, 0 if it came to its end, 1 if it failed.
    """
    child = start(scene, folder, at)
    end = time.monotonic() + after
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(child, 9)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.001)


def start(scene: Scene, folder: Path, at: int | None = None) -> int:
    """Start a scene's work in a child; return its process number. The other arguments are as for :func:`spawn`."""
    child = os.fork()
    if not child:
        _child(scene, folder, at)
    return child


def _child(scene: Scene, folder: Path, at: int | None) -> None:
    """Work, and end the process: 0 if all went well."""
    status = 1
    try:
        said = os.open(folder.parent / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        enter(folder)
        trap = Trap(folder, at)
        if at is not None:
            sys.addaudithook(trap)
        scene.work(_logger(folder))
        if at == 0:
            _counted(folder).write_text(str(trap.count))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _logger(folder: Path) -> Log:
    def write(line: object) -> None:
        with folder.with_name(f"{folder.name}.log").open("a") as file:
            file.write(f"{line}\n")

    return write


def _counted(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.count")


def said(folder: Path) -> str:
    """Return the end of what a scene's work printed."""
    return (folder.parent / "said.txt").read_text(encoding="utf-8").strip()[-300:]


class Trap:
    """An audit hook: counts what a process does to the files of a folder, and kills it just before one thing.

    Args:
        folder: What lies in it counts.
        at: The file operation before which to kill, from 1.
    """

    CAUGHT = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"})

    def __init__(self, folder: Path, at: int | None) -> None:
        self.folder, self.at, self.count = f"{folder}/", at, 0

    def __call__(self, event: str, arguments: tuple) -> None:
        if event not in self.CAUGHT or not str(arguments[0]).startswith(self.folder):
            return
        if event == "open" and not set(str(arguments[1] or "w")) & set("wa+x"):
            return
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), 9)
