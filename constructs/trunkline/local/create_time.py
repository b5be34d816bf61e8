"""When a process was created, for the supervisor: psutil would make it three times as large."""

import os
import sys


def create_time(pid: int) -> float:
    """The creation time of a process that has not been waited for, as `processes.find` compares it.

    On Linux in seconds since boot, elsewhere since 1970.
    """
    if sys.platform.startswith("linux"):
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123  as above
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): field 22, starttime
    return _ask_macos(pid)


def _ask_macos(pid: int) -> float:
    """The first member of the kernel's `struct kinfo_proc`, a `struct timeval`."""
    import ctypes
    import struct

    name = (ctypes.c_int * 4)(1, 14, 1, pid)  # sysctl(3): CTL_KERN, KERN_PROC, KERN_PROC_PID
    answer = ctypes.create_string_buffer(1024)
    size = ctypes.c_size_t(len(answer))
    if ctypes.CDLL(None).sysctl(name, 4, answer, ctypes.byref(size), None, 0) or not size.value:
        return 0.0
    seconds, microseconds = struct.unpack_from("qi", answer)
    return float(seconds + microseconds / 1e6)
