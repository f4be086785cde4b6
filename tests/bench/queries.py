"""How long a device's whole file and a fleet's list take: fifteen years of records, and a thousand devices while records come in."""

import http.client
import json
import threading
import time

from parts import World

YEARS = 15
PASSPORT_ASKED = 400  # at scale 1


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Client:
    """One connection that stays open, as a browser's."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path):
        """Milliseconds until the last byte, and the body."""
        began = time.perf_counter()
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}: {body[:200]!r}")
        return took, body


def fleet_list(client):
    """All devices, page after page: one screen's list."""
    total, path, devices = 0.0, "/api/v1/devices?limit=500", 0
    while path:
        took, body = client.get(path)
        page = json.loads(body)
        total += took
        devices += len(page["items"])
        path = page["next_cursor"] and f"/api/v1/devices?limit=500&cursor={page['next_cursor']}"
    return total, devices


def passports(world, count, asked, leaves):
    client = Client(world.port)
    times, size = [], 0
    for i in range(asked + count):
        took, body = client.get(f"/api/v1/devices/years-{i % count:04}/passport")
        if i >= count:  # each once before: the file is in the machine's memory then, as that of a device that is looked at
            times.append(took)
        size = len(body)
    passport = json.loads(body)
    if len(passport["years"]) < YEARS or len(passport["timeline"]) < YEARS * 16:
        raise RuntimeError(f"the passport is not whole: {len(passport['years'])} years, {len(passport['timeline'])} states")
    return times, f"{count} devices of {YEARS} years, {leaves // count} leaves each, {size // 1024} KiB an answer"


def run(build, scale):
    small = scale < 0.1
    years_devices = max(1, round(4 * min(1, scale)))
    exams = max(1, round(40 * min(1, scale)))
    fleet = max(10, round(1000 * min(1, scale)))
    asked = max(20, round(PASSPORT_ASKED * min(1, scale)))
    with World(build) as world:
        state = world.dir / "collector"
        state.mkdir()
        made = json.loads(world.run([world.tests / "bench_years", state / "gantry.db", years_devices, YEARS, exams, 1, round(time.time() * 1000)]))
        state.rename(world.dir / "made")
        world.broker()
        world.collector(made=world.dir / "made")
        world.register(world.run([world.tests / "bench_blast", "keys", "--devices", fleet, "--seed", 1]))
        load = {"devices": fleet, "records": 50, "seed": 1, "window": 400}
        first = 2 if small else 5  # frames of each device at full speed; then at half of it
        done = world.blast(frames=first, **load)
        rate = done["records"] / done["seconds"]
        times, said = passports(world, years_devices, asked, made["leaves"])
        rows = [("passport_p99_ms", percentile(times, 0.99), "ms", said), ("passport_p50_ms", percentile(times, 0.5), "ms", said)]
        more = max(2, round((2 if small else 20) * rate / 2 / fleet / 50))
        client, times, reached = Client(world.port), [], []
        beside = threading.Thread(target=lambda: reached.append(world.blast(frames=first + more, from_frame=first, rate=round(rate / 2), **load)))
        beside.start()
        began = time.monotonic()
        while beside.is_alive():
            took, devices = fleet_list(client)
            times.append(took)
            time.sleep(0.05)
        beside.join()
        if not reached:
            raise RuntimeError("the load broke off: " + world.log("collector"))
        said = (f"{devices} devices in pages of 500, {len(times)} times in {time.monotonic() - began:.0f} s, "
                f"beside {reached[0]['records'] / reached[0]['seconds']:.0f} records/s of {rate:.0f} at most")
        rows += [("fleet_p99_ms", percentile(times, 0.99), "ms", said), ("fleet_p50_ms", percentile(times, 0.5), "ms", said)]
    return rows
