"""Kernels: notebooks run in this interpreter, with nothing of the user's own set-up."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config


class _OwnKernelManager(AsyncKernelManager):
    """Starts this very interpreter, whatever kernels JUPYTER_PATH or the user's folders name.

    The kernel sees no IPython profile (start-up files, settings) and no matplotlibrc of the user's,
    and its hashes of texts do not change from run to run.
    """

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

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if not restart:
            self._profile.cleanup()

    cleanup_resources = _async_cleanup_resources


def _matplotlib_defaults() -> Path:
    """matplotlib's own matplotlibrc."""
    return Path(importlib.util.find_spec("matplotlib").origin).parent / "mpl-data" / "matplotlibrc"


def kernel_config() -> Config:
    """Options of papermill: this interpreter's kernel, and encrypted talk with it."""
    return Config(
        {
            "KernelManager": {"transport_encryption": "auto"},
            "NotebookClient": {"kernel_manager_class": _OwnKernelManager},
        }
    )
