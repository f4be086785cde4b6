"""Signed frames to durable rows: against a bare SQLite append of the same rows, and against a Node.js program at the same broker."""

import json
import subprocess
import time
from pathlib import Path

from parts import World, cpu_s, median

PEER = Path(__file__).parent / "node_peer"
SQLITE_PAGE, OUR_PAGE = 4096, 8192  # bytes: SQLite's default; the collector's
ROUNDS = 3  # of each side, taken in turn; the median counts, so that one disturbance does not


def pipeline(build, load):
    """Frames to durable rows inside one process: verify, admit, fold, leaf, COMMIT with FULL, signed receipt; then the yardstick."""
    with World(build) as world:
        db = world.dir / "gantry.db"
        done = json.loads(world.run([world.tests / "bench_pipeline", db, load["devices"], load["frames"], load["records"], load["seed"]]))
        batch = max(1, round(done["records"] / max(1, done["commits"])))
        bare = {}
        for page in (SQLITE_PAGE, OUR_PAGE):
            fresh = world.dir / f"bare-{page}.db"
            done_bare = json.loads(world.run([world.tests / "bench_append", db, fresh, batch, page]))
            bare[page] = done_bare["rows"] / done_bare["seconds"]
    return {"rate": done["records"] / done["seconds"], "bare": bare, "batch": batch}


def gantry(build, load):
    """The same through a real broker and a real collector."""
    with World(build) as world:
        world.broker()
        collector = world.collector()
        world.register(world.run([world.tests / "bench_blast", "keys", "--devices", load["devices"], "--seed", load["seed"]]))
        cpu = cpu_s(collector.pid)
        done = world.blast(**load)
        used = cpu_s(collector.pid) - cpu
    return {"rate": done["records"] / done["seconds"], "cpu": used}


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
    inside, ours, full, bare_node = [], [], [], []
    for _ in range(ROUNDS if scale >= 0.1 else 1):
        inside.append(pipeline(build, load))
        ours.append(gantry(build, load))
        if have_peer:
            full.append(node(build, load, "full"))
            bare_node.append(node(build, load, "bare"))
    size = f"{total} records, {load['devices']} devices, {load['records']} a frame, median of {len(ours)}"
    said = size + ", through one mosquitto on the same cores"
    rate = median([r["rate"] for r in ours])
    rows = [("records_per_s", median([r["rate"] for r in inside]), "1/s", size + ", no broker"),
            ("ratio_to_sqlite", median([r["rate"] / r["bare"][SQLITE_PAGE] for r in inside]), "ratio",
             f"to a bare append of the same rows, {inside[0]['batch']} a commit, SQLite's default page size"),
            ("ratio_to_sqlite_same_pages", median([r["rate"] / r["bare"][OUR_PAGE] for r in inside]), "ratio",
             "the same with the collector's page size"),
            ("records_per_s_through_broker", rate, "1/s", said),
            ("cpu_us_per_record", median([r["cpu"] for r in ours]) / total * 1e6, "us", "collector process, user + system")]
    if have_peer:
        rows += [("ratio_to_nodejs", rate / median([r["rate"] for r in full]), "ratio", "the peer checks chain and signatures too; " + said),
                 ("ratio_to_nodejs_bare", rate / median([r["rate"] for r in bare_node]), "ratio", "the peer trusts everybody and checks nothing"),
                 ("cpu_ratio_to_nodejs", median([r["cpu"] for r in ours]) / median([r["cpu"] for r in full]), "ratio", "CPU time for the same records")]
    return rows
