"""No-op tasks on Ray, as many as asked for: tasks a second, as JSON. Needs `pip install ray`."""

import json
import sys
import time

import ray


@ray.remote
def nothing(index):
    return index


def main():
    tasks, workers = int(sys.argv[1]), int(sys.argv[2])
    ray.init(num_cpus=workers, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    ray.get([nothing.remote(index) for index in range(10 * workers)])
    start = time.perf_counter()
    # In portions, as Ray advises: all handles at once cost memory, not speed.
    for first in range(0, tasks, 1000):
        ray.get([nothing.remote(index) for index in range(first, min(first + 1000, tasks))])
    seconds = time.perf_counter() - start
    print(json.dumps({"tool": f"ray {ray.__version__}", "tasks": tasks, "seconds": seconds}))


main()
