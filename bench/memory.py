"""Peak memory of a command: the most that any one of its processes held resident, shared pages included.

python bench/memory.py epochal climb digits --budget 60s --out /tmp/digits
"""

import os
import sys
import time


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
    _, status, used = os.wait4(child, 0)
    print(
        f"\npeak memory {used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024) / 2**20:.0f} MiB, "
        f"{time.perf_counter() - began:.1f} s, processor time {used.ru_utime + used.ru_stime:.1f} s",
        file=sys.stderr,
    )
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
