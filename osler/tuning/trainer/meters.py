"""What a training costs: seconds, CPU seconds, memory, and the energy of the GPU by its own meter."""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any


class Meters:
    """Read once at the start and once at the end. ``device``: the torch device that is trained on."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._wall, self._cpu = time.monotonic(), time.process_time()
        self._energy = gpu_millijoules(device)
        if device.type == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats(device)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this process, all threads."""
        return time.process_time() - self._cpu

    @property
    def joules(self) -> float | None:
        """What the GPU drew since the start, for everything that ran on it; None where it has no meter."""
        now = gpu_millijoules(self._device)
        return None if now is None or self._energy is None else (now - self._energy) / 1000

    @property
    def memory_mb(self) -> float:
        """Most memory held: of the GPU since the start, else of this process since it began."""
        if self._device.type == "cuda":
            import torch

            return float(torch.cuda.max_memory_allocated(self._device)) / 2**20
        if sys.platform == "win32":
            return 0.0
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)


def gpu_millijoules(device: Any) -> int | None:
    """The meter of the GPU ``device`` (NVML's total energy, thousandths of a joule); None without one."""
    if device.type != "cuda":
        return None
    import torch

    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    handle, found = ctypes.c_void_p(), ctypes.c_ulonglong()
    name = f"GPU-{torch.cuda.get_device_properties(device).uuid}".encode()
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        if nvml.nvmlDeviceGetHandleByUUID(name, ctypes.byref(handle)) != 0:
            return None
        read = nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(found))
        return int(found.value) if read == 0 else None
    finally:
        nvml.nvmlShutdown()
