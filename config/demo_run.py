"""Runs the demo once everything is built: broker, collector, agents, DICOM adapter and simulator as children of this process.

Started by config/demo. Every child dies with it. Python's standard library only.
"""

import argparse
import ctypes
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HOSPITALS = 6
DICOM_DEVICES = 2
SEEDS = {"ct-": 7, "ct-d": 8}  # by the prefix of the device ids: the same seed makes the same scanners
UNASSIGNED = "unassigned-demo"  # what no route claims waits here until a person assigns it
MARKER = "this folder belongs to config/demo; config/demo --reset empties it\n"


class DemoError(Exception):
    """What is missing, for the last line."""


def say(text):
    print(f"[{int(time.monotonic() - STARTED):4d} s] {text}", file=sys.stderr, flush=True)


def free_port(wanted=0):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        return probe.getsockname()[1]


def first_free_port(wanted):
    for port in range(wanted, wanted + 100):
        try:
            return free_port(port)
        except OSError:
            continue
    return free_port()


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def until(what, limit_s, done, alive=()):
    """Waits until done() is true; fails when the time is over or one of the processes has ended."""
    deadline = time.monotonic() + limit_s
    while not done():
        for child in alive:
            if child.poll() is not None:
                raise DemoError(f"{what}: {child.name} ended with code {child.returncode}, see {child.log}")
        if time.monotonic() > deadline:
            raise DemoError(f"{what}: not within {limit_s} s")
        time.sleep(0.1)


class Child:
    """A process in a session of its own, so that Ctrl-C reaches only us and the order of the end is ours."""

    def __init__(self, name, argv, log_dir, stdout=None):
        self.name = name
        self.log = log_dir / f"{name}.log"
        self.out = None if stdout is None else open(stdout, "wb")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.out or log, stderr=log,
                                            start_new_session=True, preexec_fn=die_with_parent)

    def poll(self):
        return self.process.poll()

    @property
    def returncode(self):
        return self.process.returncode

    def stop(self, limit_s=15):
        if self.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(limit_s)
            except subprocess.TimeoutExpired:
                say(f"{self.name} did not stop within {limit_s} s and is killed")
                self.process.kill()
                self.process.wait()


class Demo:
    def __init__(self, options):
        self.options = options
        self.bin = Path(options.bin)
        self.dir = Path(options.dir).absolute()
        self.logs = self.dir / "logs"
        self.children = []
        self.agents = []  # device ids
        self.address = ""
        self.again = False

    # ---- the parts ---------------------------------------------------------------------------------------------

    def prepare_folder(self):
        marker = self.dir / "DEMO"
        if self.dir.exists() and any(self.dir.iterdir()) and not marker.exists():
            raise DemoError(f"{self.dir} is not empty and was not made by config/demo: give another --dir")
        if marker.exists() and (self.options.reset or self.options.once):
            shutil.rmtree(self.dir)
        self.again = marker.exists()
        for folder in (self.dir, self.logs, self.dir / "mosquitto", self.dir / "sockets", self.dir / "agents"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker.write_text(MARKER)
        if self.again:
            say(f"goes on with the state in {self.dir}; config/demo --reset begins anew")
        if len(str(self.dir / "sockets" / "ct-d0001.sock")) > 100:
            raise DemoError(f"the path of {self.dir} is too long for Unix sockets: give a shorter --dir")

    def start(self, name, argv, stdout=None):
        child = Child(name, argv, self.logs, stdout)
        self.children.append(child)
        return child

    def run(self, argv, stdin=None):
        done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise DemoError(f"{' '.join(str(a) for a in argv)}: code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def start_broker(self):
        self.mqtt_port = free_port()
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.dir / "mosquitto" / "mosquitto.conf").write_text(
            f"# Made by config/demo: one listener on the loopback, no password, nothing kept.\n"
            f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 10000\nmax_packet_size 262144\n{user}")
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        broker = self.start("mosquitto", [mosquitto, "-c", self.dir / "mosquitto" / "mosquitto.conf"])
        until("broker", 10, lambda: answers(self.mqtt_port), [broker])
        self.mqtt = f"mqtt://127.0.0.1:{self.mqtt_port}"

    def start_collector(self):
        self.state = self.dir / "collector"
        self.state.mkdir(mode=0o700, exist_ok=True)
        port = first_free_port(self.options.port)
        if port != self.options.port:
            say(f"port {self.options.port} is in use, the dashboard takes {port}")
        collector = self.start("gantry-collector", [self.bin / "gantry-collector", "--demo", "--state", self.state, "--listen", f"127.0.0.1:{port}",
                                                    "--mqtt", self.mqtt])
        self.address = f"http://127.0.0.1:{port}"
        until("collector", 30, lambda: answers(port) and (self.state / "provisioning.toml").exists(), [collector])

    def fleet(self, prefix, count, *more):
        """The simulator's command line for one part of the fleet; the same seed makes the same scanners."""
        today = datetime.datetime.now(datetime.timezone.utc).date()
        days = 1 if self.again else self.options.days
        first = today - datetime.timedelta(days=days - 1 if not self.options.once else days)
        return [self.bin / "gantry-sim", "fleet", "--devices-prefix", prefix, "--devices", count, "--hospitals", HOSPITALS, "--seed", SEEDS[prefix],
                "--from", first.isoformat(), "--days", days, *more]

    def register(self):
        """Keys are made where they belong, in each agent's folder; the simulator only tells what stands on the plates."""
        entries = []
        plain = {"id": UNASSIGNED, "maker": "", "model": "", "serial": "", "site": "demo", "tz": "Asia/Shanghai", "modality": "CT",
                 "name": "Unassigned"}
        for prefix, count in (("ct-", self.options.devices), ("ct-d", DICOM_DEVICES)):
            plates = self.run([self.bin / "gantry-sim", "keys", "--devices-prefix", prefix, "--devices", count, "--hospitals", HOSPITALS,
                      "--seed", SEEDS[prefix], "--from", "2026-01-01"])
            for line in plates.splitlines():
                entry = json.loads(line)
                entry["name"] += " (DICOM)" if prefix == "ct-d" else ""
                entries.append(entry)
        for entry in entries + [plain]:
            state = self.dir / "agents" / entry["id"]
            state.mkdir(mode=0o700, exist_ok=True)
            entry["record_key"] = self.run([self.bin / "gantry-agent", "keys", "--state", state]).strip()
        self.entries = entries
        merged = self.dir / "register.ndjson"
        merged.write_text("".join(json.dumps(e, separators=(",", ":")) + "\n" for e in entries + [plain]))
        if not self.again:
            self.run([self.bin / "gantry", "register", "--from", merged, "--state", self.state])

    def start_agents(self):
        for device in [entry["id"] for entry in self.entries] + [UNASSIGNED]:
            self.start(f"agent-{device}", [self.bin / "gantry-agent", "run", "--device", device, "--state", self.dir / "agents" / device,
                                           "--intake", self.socket(device), "--mqtt", self.mqtt,
                                           "--provisioning", self.state / "provisioning.toml"])
            self.agents.append(device)
        until("agents", 30, lambda: all(self.socket(d).exists() for d in self.agents), self.children)

    def start_dicom(self):
        self.dicom_port = free_port()
        routes = self.dir / "dicom-routes.toml"
        routes.write_text(self.routes_text())
        (self.dir / "dicom").mkdir(mode=0o700, exist_ok=True)
        dicom = self.start("gantry-dicom", [self.bin / "gantry-dicom", "serve", "--aet", "GANTRY", "--port", self.dicom_port,
                                            "--routes", routes, "--state", self.dir / "dicom", "--tz", "Asia/Shanghai"])
        until("DICOM adapter", 15, lambda: answers(self.dicom_port), [dicom])

    def routes_text(self):
        text = f'# Made by config/demo: which scanner is which device.\nunassigned = "{self.socket(UNASSIGNED)}"\n'
        for entry in self.entries:
            if entry["id"].startswith("ct-d"):
                text += f'\n[[route]]\nserial = "{entry["serial"]}"\nintake = "{self.socket(entry["id"])}"\n'
        return text

    def start_simulators(self):
        """One simulator hands lines to the intakes, one sends real dose reports and MPPS by DICOM."""
        live = [] if self.options.once else ["--live", "--speedup", 120, "--lead-hours", 16]
        common = ["--declare", self.address, "--json", *live]
        self.sims = []
        for name, prefix, count, target in (
                ("intake", "ct-", self.options.devices, ["--to-intake", self.dir / "sockets"]),
                ("dicom", "ct-d", DICOM_DEVICES, ["--to-dicom", f"127.0.0.1:{self.dicom_port}"])):
            summary = self.dir / f"sim-{name}.json"
            # On the first day the scanners at the intakes have a part each: one is sealed, one is a ghost, one was maintained on paper …
            story = ["--story", "--violations", "none"] if prefix == "ct-" and not self.again else ["--violations", "none"]
            argv = self.fleet(prefix, count, *target, *story, "--truth", self.dir / f"truth-{name}.ndjson", *common)
            self.sims.append((self.start(f"gantry-sim-{name}", argv, stdout=summary), summary))

    def socket(self, device):
        return self.dir / "sockets" / f"{device}.sock"

    # ---- what it asks --------------------------------------------------------------------------------------------

    def get(self, path):
        try:
            with urllib.request.urlopen(self.address + path, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[1]))
        return 0

    def pending(self):
        total = 0
        for device in self.agents:
            status = json.loads(self.run([self.bin / "gantry-agent", "status", "--json", "--device", device, "--state",
                                          self.dir / "agents" / device, "--intake", self.socket(device)]))
            total += status["pending"]
        return total

    def items(self, path):
        found, cursor = [], None
        while True:
            joint = "&" if "?" in path else "?"
            status, text = self.get(path + (f"{joint}cursor={cursor}" if cursor else ""))
            if status != 200:
                raise DemoError(f"GET {path}: got {status}, want 200: {text[:200]}")
            page = json.loads(text)
            found += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    # ---- the two ways to run ---------------------------------------------------------------------------------------

    def once(self):
        began = time.monotonic()
        sims = [child for child, _ in self.sims]
        others = [c for c in self.children if c not in sims]
        last_said = 0.0
        while any(child.poll() is None for child in sims):
            for child in others:
                if child.poll() is not None:
                    raise DemoError(f"{child.name} ended with code {child.returncode}, see {child.log}")
            if time.monotonic() - began > 600:
                raise DemoError("the simulators did not end within 600 s")
            if time.monotonic() - last_said > 5:
                last_said = time.monotonic()
                say(f"committed so far: {self.metric('gantry_records_committed_total')}")
            time.sleep(0.2)
        sent = answered = 0
        for child, summary in self.sims:
            if child.returncode != 0:
                raise DemoError(f"{child.name} ended with code {child.returncode}, see {child.log}")
            tally = json.loads(summary.read_text().strip().splitlines()[-1])
            sent, answered = sent + tally["sent"], answered + tally["answered"]
        if answered < sent:
            raise DemoError(f"{sent - answered} of {sent} simulated observations got no answer")
        until("every record committed", 120, lambda: self.pending() == 0, others)
        took_ms = int((time.monotonic() - began) * 1000)
        self.report(sent, took_ms)

    def report(self, sent, took_ms):
        committed = self.metric("gantry_records_committed_total")
        status, page = self.get("/")
        if status != 200 or "<html" not in page.lower():
            raise DemoError(f"the dashboard answered {status}, want 200 and a page")
        devices = self.items("/api/v1/devices")
        missing = sorted({e["id"] for e in self.entries} - {d["id"] for d in devices if d.get("records", 0) > 0})
        if missing:
            raise DemoError(f"no records shown for {', '.join(missing)}")
        by_rule = {}
        for finding in self.items("/api/v1/findings"):
            by_rule[finding["rule"]] = by_rule.get(finding["rule"], 0) + 1
        print(f"sent       {sent} observations by {len(devices)} scanners")
        print(f"committed  {committed} records (observations and the agents' own)")
        print("findings   " + (", ".join(f"{rule} {n}" for rule, n in sorted(by_rule.items())) or "none"))
        print(f"took       {took_ms} ms", flush=True)

    def live(self):
        print(f"""
  DEMO: simulated scanners in simulated hospitals, no real device, no real patient.

  Open  {self.address}/

  Only this machine can connect. There are no accounts yet; they come before the first door opens to a network.
  State and logs: {self.dir}          Ctrl-C stops everything.
""", flush=True)
        while True:
            for child in self.children:
                if child.poll() is not None and not (child.name.startswith("gantry-sim") and child.returncode == 0):
                    raise DemoError(f"{child.name} ended with code {child.returncode}, see {child.log}")
            time.sleep(0.5)

    def stop(self):
        # In the direction of the data: whoever is stopped has nobody left who sends to him.
        order = ["gantry-sim", "gantry-dicom", "agent-", "gantry-collector", "mosquitto"]
        for prefix in order:
            group = [c for c in self.children if c.name.startswith(prefix)]
            for child in group:
                if child.poll() is None:
                    child.process.terminate()
            for child in group:
                child.stop()


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def interrupted(*_):
    raise KeyboardInterrupt


def arguments():
    parser = argparse.ArgumentParser(prog="config/demo")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--started", type=float, default=0)
    parser.add_argument("--dir", default="gantry-demo")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--devices", type=int, default=14)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--reset", action="store_true")
    return parser.parse_args()


def main():
    global STARTED
    options = arguments()
    STARTED = time.monotonic() - options.started
    signal.signal(signal.SIGTERM, interrupted)
    demo = Demo(options)
    code = 0
    try:
        demo.prepare_folder()
        for what, step in (("broker", demo.start_broker), ("collector", demo.start_collector), ("register", demo.register),
                           ("agents", demo.start_agents), ("DICOM adapter", demo.start_dicom), ("simulators", demo.start_simulators)):
            say(what)
            step()
        demo.once() if options.once else demo.live()
    except KeyboardInterrupt:
        say("stopping")
    except (DemoError, OSError, subprocess.TimeoutExpired, json.JSONDecodeError, KeyError) as error:
        print(f"config/demo: {type(error).__name__ + ': ' if not isinstance(error, DemoError) else ''}{error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        demo.stop()
    say("stopped")
    return code


if __name__ == "__main__":
    sys.exit(main())
