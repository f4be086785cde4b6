"""Signed frames to durable rows: against a bare SQLite append of the same rows, and against a Node.js program at the same broker."""

import json
import subprocess
import time
from pathlib import Path

from parts import World, cpu_s, median, until

PEER = Path(__file__).parent / "node_peer"
ROUNDS = 3  # of each side, taken in turn; the median counts, so that one disturbance does not


def gantry(build, load):
    """Everything: verify, admit, fold, leaf, COMMIT with FULL, signed receipt. Returns rates and what the yardstick took."""
    with World(build) as world:
        world.broker()
        collector = world.collector()
        world.register(world.run([world.tests / "bench_blast", "keys", "--devices", load["devices"], "--seed", load["seed"]]))
        cpu = cpu_s(collector.pid)
        before = world.metrics()
        done = world.blast(**load)
        used = cpu_s(collector.pid) - cpu
        after = world.metrics()
        commits = after["gantry_commit_seconds_count"] - before["gantry_commit_seconds_count"]
        collector.terminate()
        collector.wait(30)
        batch = max(1, round(done["records"] / max(1, commits)))
        bare = json.loads(world.run([world.tests / "bench_append", world.state / "gantry.db", world.dir / "bare.db", batch]))
    return {"rate": done["records"] / done["seconds"], "cpu": used, "bare": bare["rows"] / bare["seconds"], "batch": batch}


def node(build, load, mode):
    with World(build) as world:
        world.broker()
        keys = world.dir / "register.ndjson"
        keys.write_text(world.run([world.tests / "bench_blast", "keys", "--devices", load["devices"], "--seed", load["seed"]]))
        peer = world.start("peer", ["node", PEER / "peer.mjs", world.mqtt_port, keys, world.dir / "peer.db", mode], stdout=subprocess.PIPE)
        if peer.stdout.readline().strip() != b"ready":
            raise RuntimeError(f"the Node.js peer did not start: {world.log('peer')}")
        time.sleep(0.5)
        cpu = cpu_s(peer.pid)
        done = world.blast(**load)
        used = cpu_s(peer.pid) - cpu
    return {"rate": done["records"] / done["seconds"], "cpu": used}


def run(build, scale):
    load = {"devices": max(10, round(1000 * min(1, scale))), "frames": max(1, round(10 * scale)), "records": 50, "seed": 1, "window": 400}
    total = load["devices"] * load["frames"] * load["records"]
    have_peer = (PEER / "node_modules/better-sqlite3/build/Release/better_sqlite3.node").exists()
    ours, full, bare_node = [], [], []
    for _ in range(ROUNDS if scale >= 0.1 else 1):
        ours.append(gantry(build, load))
        if have_peer:
            full.append(node(build, load, "full"))
            bare_node.append(node(build, load, "bare"))
    said = f"{total} records, {load['devices']} devices, {load['records']} a frame, through one mosquitto, median of {len(ours)}"
    rate = median([r["rate"] for r in ours])
    rows = [("records_per_s", rate, "1/s", said),
            ("ratio_to_sqlite", median([r["rate"] / r["bare"] for r in ours]), "ratio",
             f"to a bare append of the same rows, {ours[0]['batch']} a commit; ours with broker and sender on the same cores"),
            ("cpu_us_per_record", median([r["cpu"] for r in ours]) / total * 1e6, "us", "collector process, user + system")]
    if have_peer:
        rows += [("ratio_to_nodejs", rate / median([r["rate"] for r in full]), "ratio", "the peer checks chain and signatures too"),
                 ("ratio_to_nodejs_bare", rate / median([r["rate"] for r in bare_node]), "ratio", "the peer trusts everybody and checks nothing"),
                 ("cpu_ratio_to_nodejs", median([r["cpu"] for r in ours]) / median([r["cpu"] for r in full]), "ratio", "CPU time for the same records")]
    return rows
