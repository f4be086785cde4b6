"""The rules: what they find in a simulated city of what was planted there, and what judging costs the ingest."""

import json

from parts import World, median

ROUNDS = 3  # rules on and off in turn; the median counts


def rate(build, load, rules):
    with World(build) as world:
        argv = [world.tests / "bench_pipeline", world.dir / "gantry.db", load["devices"], load["frames"], load["records"], load["seed"]]
        done = json.loads(world.run(argv + (["rules"] if rules else [])))
    return done["records"] / done["seconds"], done["judged"]


def city(build, scale):
    devices = max(10, round(1000 * min(1, scale)))
    asked = {"devices": devices, "hospitals": max(5, round(0.45 * devices)), "days": 365 if scale >= 1 else 60, "block": 50 if devices >= 500 else 10}
    with World(build) as world:
        found = world.dir / "city.json"
        argv = [world.tests / "bench_rules_city", "--json", found]
        for name, value in asked.items():
            argv += [f"--{name}", value]
        world.run(argv, check=False, limit_s=24 * 3600)
        return asked, json.loads(found.read_text())


def run(build, scale):
    load = {"devices": max(10, round(1000 * min(1, scale))), "frames": max(1, round(20 * scale)), "records": 50, "seed": 1}
    ratios, judged = [], 0
    for _ in range(ROUNDS if scale >= 0.1 else 1):
        off, _ = rate(build, load, False)
        on, judged = rate(build, load, True)
        ratios.append(on / off)
    total = load["devices"] * load["frames"] * load["records"]
    asked, result = city(build, scale)
    where = f"{asked['devices']} devices, {asked['hospitals']} hospitals, {asked['days']} days, each wrong once in {asked['block']} devices"
    rows = [("ingest_ratio_rules_on", median(ratios), "ratio", f"{total} records at full speed, {judged} judgements meanwhile"),
            ("recall", result["recall"], "ratio", f"deterministic rules; {where}"),
            ("precision", result["precision"], "ratio", f"deterministic rules; {result['records']} records, {result['declarations']} declarations"),
            ("reproduced", result["reproduced"] / max(1, result["to_reproduce"]), "ratio", "findings that stand and come out of the store again"),
            ("judgement_ms", 1000 * result["judge_s"] / max(1, result["judged"]), "ms", f"{result['judged']} judgements, each device once a day"),
            ("judge_share", result["judge_s"] / max(0.001, result["judge_s"] + result["ingest_s"]), "ratio", "of the time of the run without the simulator")]
    for rule in result["rules"]:
        kind = "statistical" if rule["statistical"] else "deterministic"
        said = f"{rule['rule']}, {kind}, planted {rule['planted']}, findings {rule['findings']}"
        rows += [(f"recall_{rule['rule']}", rule["recall"], "ratio", said), (f"precision_{rule['rule']}", rule["precision"], "ratio", said),
                 (f"delay_p50_{rule['rule']}", rule["delay_p50_s"] / 86400, "d", said + ", simulated time"),
                 (f"delay_max_{rule['rule']}", rule["delay_max_s"] / 86400, "d", said + ", simulated time")]
    return rows
