"""Kernels: notebooks run in this interpreter, with nothing of the user's own set-up."""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
import threading
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

_CONFIG = Config({"KernelManager": {"transport_encryption": "auto"}})


class Kernels:
    """The kernels of a run, so that an interrupt can end them all: they do not get the signal."""

    def __init__(self) -> None:
        self.ended = False
        self._processes: list[subprocess.Popen] = []
        self._lock = threading.Lock()

    def add(self, process: subprocess.Popen) -> None:
        """Take a kernel that has started; it is ended at once if all are."""
        with self._lock:
            self._processes.append(process)
        if self.ended:
            self.end()

    def end(self) -> None:
        """Kill every kernel that still runs; whoever waits for one hears that it died."""
        self.ended = True
        with self._lock:
            for process in self._processes:
                process.kill()

    def options(self) -> dict[str, object]:
        """Options for papermill: kernels that are handed over here when they have started, and an
        encrypted connection to them."""

        class Manager(_OwnKernelManager):
            kernels = self

        return {"config": _CONFIG, "kernel_manager_class": Manager}


class _OwnKernelManager(AsyncKernelManager):
    """Starts this very interpreter, whatever kernels JUPYTER_PATH or the user's folders name.

    The kernel sees no IPython profile (start-up files, settings) and no matplotlibrc of the user's,
    and its hashes of texts do not change from run to run.
    """

    kernels: Kernels

    def __init__(self, **options: object):
        super().__init__(**options)
        self._profile = tempfile.TemporaryDirectory(prefix="ipython-", ignore_cleanup_errors=True)
        environment = {"IPYTHONDIR": self._profile.name, "PYTHONHASHSEED": "0"}
        environment |= {"MATPLOTLIBRC": str(_matplotlib_defaults())}
        self._own_spec = KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        self._own_spec.env = environment

    @property
    def kernel_spec(self) -> KernelSpec:
        return self._own_spec

    async def start_kernel(self, **options: object) -> None:
        await super().start_kernel(**options)
        self.kernels.add(self.provisioner.process)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if not restart:
            self._profile.cleanup()

    cleanup_resources = _async_cleanup_resources


def _matplotlib_defaults() -> Path:
    """matplotlib's own matplotlibrc."""
    return Path(importlib.util.find_spec("matplotlib").origin).parent / "mpl-data" / "matplotlibrc"
