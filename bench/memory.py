"""Peak memory of a command: of all its processes together, and of the largest of them.

python bench/memory.py epochal climb digits --budget 60s --out runs/digits

Together means at the same moment, looked at every second, with each shared page divided among those that share it
(proportional set size; where the system does not tell that, what each process has for itself). The largest process is
the most that any one of them held resident, shared pages included, as the system itself counted it.
"""

import os
import sys
import time
from contextlib import suppress

import psutil

EVERY = 1.0  # seconds between two looks
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of the system's own count


def together(root: psutil.Process) -> int:
    """Bytes that a process and all its descendants hold at this moment."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.Error):  # it has ended meanwhile
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
    return total


def main() -> int:
    command = sys.argv[1:]
    if not command:
        print(__doc__)
        return 2
    began = time.perf_counter()
    try:
        child = os.posix_spawnp(command[0], command, os.environ)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    most, looked = 0, began
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.perf_counter() - looked > EVERY:
            looked = time.perf_counter()
            with suppress(psutil.Error):
                most = max(most, together(psutil.Process(child)))
        time.sleep(0.02)
    print(
        f"\npeak memory {most / 2**20:.0f} MiB of all processes together, "
        f"{used.ru_maxrss * UNIT / 2**20:.0f} MiB of the largest, "
        f"{time.perf_counter() - began:.1f} s, processor time {used.ru_utime + used.ru_stime:.1f} s",
        file=sys.stderr,
    )
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
