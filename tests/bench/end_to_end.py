"""Simulator to durable row to receipt through a real broker: rates, latencies, and who uses the processor."""

import json
import time

from parts import World, cpu_s


def at_rate(build, rate, seconds, devices):
    with World(build) as world:
        broker = world.broker()
        collector = world.collector()
        fleet = ["--devices", devices, "--hospitals", max(1, devices // 8), "--seed", 3, "--from", "2026-03-02"]
        world.register(world.run([world.bin / "gantry-sim", "keys", *fleet]))
        # As many days as the wanted number of events takes, and a few more; a device makes some 300 a day.
        days = max(1, round(rate * seconds / devices / 200) + 1)
        cpu = {"broker": cpu_s(broker.pid), "collector": cpu_s(collector.pid)}
        began = time.monotonic()
        sim = world.start("sim", [world.bin / "gantry-sim", "fleet", *fleet, "--days", days, "--to-mqtt", world.mqtt, "--provisioning",
                                  world.state / "provisioning.toml", "--rate", rate, "--json"], stdout=open(world.dir / "sim.json", "wb"))
        time.sleep(seconds)
        sim.terminate()  # It takes no more, waits for the last receipts and prints its sums.
        sim_cpu = cpu_s(sim.pid)
        sim.wait(120)
        took = time.monotonic() - began
        used = {"broker": cpu_s(broker.pid) - cpu["broker"], "collector": cpu_s(collector.pid) - cpu["collector"], "sim": sim_cpu}
        tally = json.loads((world.dir / "sim.json").read_text().strip().splitlines()[-1])
    if tally["answered"] < tally["sent"]:
        raise RuntimeError(f"{tally['sent'] - tally['answered']} of {tally['sent']} records got no receipt")
    return {"tally": tally, "rate": tally["answered"] / took, "cpu": used}


def run(build, scale):
    rows = []
    for rate, devices in ((10, 10), (2000, 500)):
        seconds = max(3, 60 * scale)
        devices = devices if scale >= 0.1 else min(devices, 50)
        found = at_rate(build, rate, seconds, devices)
        said = f"{rate} events/s asked, {devices} devices, {seconds:.0f} s"
        total_cpu = sum(found["cpu"].values()) or 1e-9
        rows += [("records_per_s", found["rate"], "1/s", said),
                 ("intake_to_receipt_p50_ms", found["tally"]["intake_to_receipt_p50_ms"], "ms", said),
                 ("intake_to_receipt_p99_ms", found["tally"]["intake_to_receipt_p99_ms"], "ms", said)]
        for who, used in found["cpu"].items():
            rows.append((f"{who}_cpu_share", used / total_cpu, "share", said))
    return rows
