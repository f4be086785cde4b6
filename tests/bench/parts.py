"""What the benchmarks share: the real programs as processes, and what the kernel says about them."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, limit_s, done):
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {limit_s} s")
        time.sleep(0.05)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_s(pid):
    """User and system seconds of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def memory_kib(pid):
    """Rss and Pss as the kernel counts them."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        key, _, rest = line.partition(":")
        if key in ("Rss", "Pss"):
            found[key] = int(rest.split()[0])
    return found["Rss"], found["Pss"]


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


class World:
    """A folder and the processes in it; leaves nothing behind."""

    def __init__(self, build):
        self.bin = Path(build) / "bin"
        self.tests = Path(build) / "tests"
        self.dir = Path(tempfile.mkdtemp(prefix="gantry-bench-"))
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, name, argv, stdin=None, stdout=None):
        log = open(self.dir / f"{name}.log", "ab")
        child = subprocess.Popen([str(a) for a in argv], stdin=stdin or subprocess.DEVNULL, stdout=stdout or log, stderr=log,
                                 preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
        self.children.append(child)
        return child

    def run(self, argv, check=True, limit_s=900):
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=limit_s, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(str(a) for a in argv)}: code {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def log(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")[-2000:]

    def broker(self, extra=""):
        self.mqtt_port = free_port()
        conf = self.dir / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        conf.write_text(f"per_listener_settings false\nallow_anonymous true\nmax_queued_messages 100000\nmax_inflight_messages 1000\n{user}"
                        f"listener {self.mqtt_port} 127.0.0.1\n{extra}")
        child = self.start("mosquitto", [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", conf])
        until("broker", 10, lambda: answers(self.mqtt_port))
        self.mqtt = f"mqtt://127.0.0.1:{self.mqtt_port}"
        return child

    def collector(self, made=None):
        """`made`: a state folder that holds a store already."""
        self.state = made or self.dir / "collector"
        if not made:
            self.state.mkdir()
        self.port = free_port()
        child = self.start("collector", [self.bin / "gantry-collector", "--state", self.state, "--listen", f"127.0.0.1:{self.port}",
                                         "--mqtt", self.mqtt])
        until("collector", 30, lambda: answers(self.port) and (self.state / "provisioning.toml").exists() or child.poll() is not None)
        if child.poll() is not None:
            raise RuntimeError(f"gantry-collector ended: {self.log('collector')}")
        return child

    def register(self, lines):
        file = self.dir / "register.ndjson"
        file.write_text(lines)
        self.run([self.bin / "gantry", "register", "--from", file, "--state", self.state])
        return file

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and not line.startswith("#")}

    def blast(self, **flags):
        argv = [self.tests / "bench_blast", "run", "--port", self.mqtt_port]
        for name, value in flags.items():
            argv += [f"--{name.replace('_', '-')}", value]
        return json.loads(self.run(argv))
