"""The side of a contestant: one JSON object a line, a request on stdin, its answer on stdout."""

import json
import resource
import sys
import time


def serve(take_step, images: int, ready: str, started_at: float) -> None:
    """Takes turns of about so many seconds each, until stdin ends. `take_step` does one optimizer step to its end."""
    for _ in range(3):
        take_step()  # the first ones allocate and compile
    answer({"ready": ready, "preparationSeconds": time.perf_counter() - started_at})
    for line in sys.stdin:
        answer(turn(take_step, images, json.loads(line)["seconds"]))


def turn(take_step, images: int, seconds: float) -> dict:
    """At least three steps, and as many as begin within `seconds`."""
    cpu, begin, steps = time.process_time(), time.perf_counter(), 0
    while steps < 3 or time.perf_counter() - begin < seconds:
        take_step()
        steps += 1
    return {
        "steps": steps,
        "images": steps * images,
        "seconds": time.perf_counter() - begin,
        "cpuSeconds": time.process_time() - cpu,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def answer(message: dict) -> None:
    print(json.dumps(message), flush=True)
