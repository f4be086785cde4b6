"""Ten times more than the collector can take, from senders that obey credit and send again: nothing is lost, its memory stays flat."""

import threading
import time

from parts import World, memory_kib


def run(build, scale):
    # Every sender may have 512 records under way: 4,000 senders offer two million at once, some ten seconds of the collector's full speed.
    load = {"devices": max(50, round(4000 * min(1, scale))), "frames": max(2, round(10 * max(scale, 0.2))), "records": 50, "seed": 2,
            "window": 1_000_000}
    with World(build) as world:
        world.broker()
        collector = world.collector()
        world.register(world.run([world.tests / "bench_blast", "keys", "--devices", load["devices"], "--seed", load["seed"]]))
        rss, stop = [], threading.Event()

        def watch():
            while not stop.wait(0.1):
                rss.append(memory_kib(collector.pid)[0] / 1024)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        done = world.blast(**load)
        stop.set()
        watcher.join(5)
        after = world.metrics()
    wanted = load["devices"] * load["frames"] * load["records"]
    stored = after["gantry_records_committed_total"]
    said = f"{load['devices']} senders, {wanted} records offered at once, window not limited"
    return [("lost", wanted - stored, "records", said), ("rss_mib_max", max(rss), "MiB", said),
            ("records_per_s", done["records"] / done["seconds"], "1/s", said),
            ("frames_sent_again", done["frames_resent"], "frames", "dropped before any promise, and sent again")]
