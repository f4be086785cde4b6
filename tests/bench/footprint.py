"""The agent as a guest: after a warm-up, its PSS every 10 s at 1 event/s over TLS, beside mosquitto_pub -l over TLS at the same rate."""

import socket
import subprocess
import threading
import time
from pathlib import Path

from parts import World, cpu_s, free_port, median, memory_kib, until

CERTS = Path(__file__).parent.parent / "support" / "make_certs"


def exposure(n):
    return (f'{{"src":"rdsr","type":"usage.exposure","at":{1790000000000 + n * 1000},"body":{{"event_h":"{n:032x}","acq":"spiral",'
            f'"duration_ms":2500,"dlp_ugy_cm":310000}}}}\n').encode()


def run(build, scale):
    warm_up_s, measure_s = max(2, 300 * scale), max(5, 600 * scale)
    period_s = min(10, measure_s / 5)
    with World(build) as world:
        tls_port = free_port()
        world.run([CERTS, world.dir / "tls", "broker", "ct-1", "publisher"])
        tls = world.dir / "tls"
        world.broker(f"listener {tls_port} 127.0.0.1\ncafile {tls}/ca.crt\ncertfile {tls}/broker.crt\nkeyfile {tls}/broker.key\n"
                     "require_certificate true\ntls_version tlsv1.3\n")
        world.collector()
        state = world.dir / "agent"
        state.mkdir()
        key = world.run([world.bin / "gantry-agent", "keys", "--state", state]).strip()
        world.register(f'{{"id":"ct-1","record_key":"{key}","maker":"B","model":"CT","serial":"1","site":"s","tz":"UTC","modality":"CT","name":"1"}}\n')
        intake = world.dir / "intake"
        agent = world.start("agent", [world.bin / "gantry-agent", "run", "--device", "ct-1", "--state", state, "--intake", intake,
                                      "--mqtt", f"mqtts://127.0.0.1:{tls_port}", "--provisioning", world.state / "provisioning.toml",
                                      "--cafile", tls / "ca.crt", "--cert", tls / "ct-1.crt", "--key", tls / "ct-1.key"])
        publisher = world.start("publisher", ["mosquitto_pub", "-l", "-q", "1", "-h", "127.0.0.1", "-p", tls_port, "-t", "bench", "--cafile",
                                              tls / "ca.crt", "--cert", tls / "publisher.crt", "--key", tls / "publisher.key"],
                                stdin=subprocess.PIPE)
        until("intake", 10, intake.exists)
        stop = threading.Event()
        taken = []

        def feed():
            with socket.socket(socket.AF_UNIX) as adapter:
                adapter.connect(str(intake))
                answers = adapter.makefile("rb")
                n = 0
                while not stop.wait(1.0):
                    n += 1
                    adapter.sendall(exposure(n))
                    taken.append(answers.readline().startswith(b"ok "))
                    publisher.stdin.write(exposure(n))
                    publisher.stdin.flush()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        time.sleep(warm_up_s)
        began, cpu = time.monotonic(), cpu_s(agent.pid)
        pss, rss, peer_rss = [], [], []
        while time.monotonic() - began < measure_s:
            time.sleep(period_s)
            own = memory_kib(agent.pid)
            rss.append(own[0])
            pss.append(own[1])
            peer_rss.append(memory_kib(publisher.pid)[0])
        share = (cpu_s(agent.pid) - cpu) / (time.monotonic() - began)
        stop.set()
        feeder.join(5)
        if not taken or not all(taken):
            raise RuntimeError(f"{taken.count(False)} of {len(taken)} lines were refused")
    said = f"1 event/s over TLS 1.3, {warm_up_s:.0f} s warm-up, {len(pss)} samples in {measure_s:.0f} s"
    return [("pss_kib", median(pss), "KiB", said), ("pss_max_kib", max(pss), "KiB", said), ("rss_kib", median(rss), "KiB", said),
            ("rss_ratio_to_mosquitto_pub", median(rss) / median(peer_rss), "ratio", f"mosquitto_pub -l over TLS: {median(peer_rss)} KiB"),
            ("cpu_percent", share * 100, "%", said)]
