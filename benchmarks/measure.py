"""Measuring: whole processes, their wall clock and the memory of all that they start."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Timing:
    """Seconds of each round, and the most memory (bytes) that all processes together held."""

    name: str
    seconds: list[float] = field(default_factory=list)
    memory: int = 0
    output: str = ""

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run(command: Sequence[str], env: Mapping[str, str], timing: Timing) -> None:
    """Run a command once and add what it took; raises RuntimeError with what it said if it fails."""
    peak, done = [0], threading.Event()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watcher = threading.Thread(target=watch, args=(process.pid, peak, done))
    watcher.start()
    out, error = process.communicate()
    timing.seconds.append(time.perf_counter() - begun)
    done.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{timing.name} failed: {error[-2000:]}")
    timing.memory, timing.output = max(timing.memory, peak[0]), out


def watch(pid: int, peak: list[int], done: threading.Event) -> None:
    """Keep the highest sum of proportional memory of a process and its descendants."""
    while not done.wait(0.05):
        peak[0] = max(peak[0], sum(map(private, family(pid))))


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    members = [pid]
    for member in members:
        try:
            for thread in Path(f"/proc/{member}/task").iterdir():
                members += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return members


def private(pid: int) -> int:
    """Resident memory of a process in bytes, mapped files included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def interleaved(commands: Mapping[str, Sequence[str]], env, rounds: int) -> dict[str, Timing]:
    """Every command once a round, in turn; the order is reversed in every other round."""
    timings = {name: Timing(name) for name in commands}
    for number in range(rounds):
        names = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for name in names:
            run(commands[name], env, timings[name])
    return timings
