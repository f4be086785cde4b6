"""Runs benchmarks by name; tests/bench/run builds and then calls this. See --help there."""

import argparse
import json
import sys
import time

import end_to_end
import footprint
import ingest
import overload
import queries
import rules

BENCHES = {"ingest": ingest.run, "end-to-end": end_to_end.run, "agent-footprint": footprint.run, "overload": overload.run,
           "queries": queries.run, "rules": rules.run}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"got {' '.join(unknown)}, want names out of: {' '.join(BENCHES)}")
    if not 0 < options.scale <= 100:
        parser.error(f"--scale: got {options.scale}, want more than 0 and at most 100")

    rows, failed = [], False
    for name in options.names or BENCHES:
        began = time.monotonic()
        print(f"# {name} …", file=sys.stderr, flush=True)
        try:
            found = BENCHES[name](options.build, options.scale)
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        for metric, value, unit, conditions in found:
            rows.append({"bench": name, "metric": metric, "value": round(value, 4), "unit": unit, "conditions": conditions})
            print(f"{name:16} {metric:28} {value:14.3f} {unit:10} {conditions}", flush=True)
        print(f"# {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
            out.write("\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
