"""No-op tasks on Ray, as many as asked for: seconds, and seconds of a core of all its processes, as JSON. Needs `pip install ray`."""

import json
import os
import sys
import time

import ray


@ray.remote
def nothing(index):
    return index


def processor_seconds():
    """Of all processes that descend from this one; Linux keeps them in /proc."""
    times, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(pid)] = int(fields[1])
        times[int(pid)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_ours(pid):
        while pid not in (0, os.getpid()):
            pid = parents.get(pid, 0)
        return pid != 0

    return sum(seconds for pid, seconds in times.items() if is_ours(pid))


def main():
    tasks, workers = int(sys.argv[1]), int(sys.argv[2])
    ray.init(num_cpus=workers, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    ray.get([nothing.remote(index) for index in range(10 * workers)])
    start, before = time.perf_counter(), processor_seconds()
    # In portions, as Ray advises: all handles at once cost memory, not speed.
    for first in range(0, tasks, 1000):
        ray.get([nothing.remote(index) for index in range(first, min(first + 1000, tasks))])
    seconds, processor = time.perf_counter() - start, processor_seconds() - before
    tool = f"ray {ray.__version__}"
    print(json.dumps({"tool": tool, "tasks": tasks, "seconds": seconds, "processor": processor}))


main()
