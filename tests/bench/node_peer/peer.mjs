// The comparison: what a careful Node.js programmer would write for the same task with mqtt and better-sqlite3.
//
//   node peer.mjs PORT REGISTER.ndjson DATABASE full|bare
//
// Both modes take the same messages from the same broker, decode each frame, parse each record's JSON, refuse what is not next in its
// epoch, insert all records that came while the last transaction ran in one transaction (WAL, synchronous=FULL), and answer each device
// after the commit. `full` also checks the hash chain and the frame's Ed25519 signature and signs its answers, as Gantry does;
// `bare` trusts everybody. Prints "ready" and, at SIGTERM, one line of JSON.
import crypto from "node:crypto";
import fs from "node:fs";
import Database from "better-sqlite3";
import mqtt from "mqtt";

const [port, registerFile, file, mode] = process.argv.slice(2);
const full = mode === "full";

const devices = new Map();
for (const line of fs.readFileSync(registerFile, "utf8").split("\n")) {
  if (!line) continue;
  const { id, record_key } = JSON.parse(line);
  // SubjectPublicKeyInfo of an Ed25519 key: a fixed head and the 32 bytes.
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(record_key, "hex")]);
  devices.set(id, { no: devices.size + 1, key: crypto.createPublicKey({ key: der, format: "der", type: "spki" }), epoch: "", high: 0, head: null });
}
const signingKey = crypto.generateKeyPairSync("ed25519").privateKey;

const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.pragma("wal_autocheckpoint = 16000");  // 64 MiB, as the collector
db.pragma("cache_size = -49152");
db.exec(`CREATE TABLE record (id INTEGER PRIMARY KEY, device INTEGER NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL,
         recv_ms INTEGER NOT NULL, type TEXT NOT NULL, at_ms INTEGER, bytes BLOB NOT NULL);
         CREATE TABLE device (no INTEGER PRIMARY KEY, id TEXT NOT NULL, epoch TEXT NOT NULL, high INTEGER NOT NULL);`);
const insert = db.prepare("INSERT INTO record (device, epoch, seq, recv_ms, type, at_ms, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)");
const upsert = db.prepare("INSERT INTO device VALUES (?, ?, ?, ?) ON CONFLICT (no) DO UPDATE SET epoch = excluded.epoch, high = excluded.high");

const sha256 = (...parts) => {
  const hash = crypto.createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function decode(id, bytes) {
  if (bytes.toString("latin1", 0, 4) !== "GTF1") return null;
  const epoch = bytes.subarray(5, 21);
  const first = Number(bytes.readBigUInt64BE(21));
  const count = bytes.readUInt16BE(29);
  const records = [];
  let at = 63;
  let head = bytes.subarray(31, 63);
  for (let i = 0; i < count; i++) {
    const length = bytes.readUInt32BE(at);
    const record = bytes.subarray(at + 4, at + 4 + length);
    records.push(record);
    if (full) head = sha256(head, bytes.subarray(at, at + 4), sha256(record));
    at += 4 + length;
  }
  const claimed = bytes.subarray(at, at + 32);
  if (full) {
    if (!head.equals(claimed)) return null;
    const last = Buffer.alloc(8);
    last.writeBigUInt64BE(BigInt(first + count - 1));
    const signed = Buffer.concat([Buffer.from(`gantry/v1 head\n${id}\n`), epoch, last, claimed]);
    if (!crypto.verify(null, signed, devices.get(id).key, bytes.subarray(at + 32, at + 96))) return null;
  }
  return { epoch, first, records, head: claimed };
}

let waiting = [];
let committing = false;
let stored = 0;
let commits = 0;

function store(batch) {
  const touched = new Set();
  db.exec("BEGIN IMMEDIATE");
  for (const [id, payload] of batch) {
    const device = devices.get(id);
    const frame = device && decode(id, payload);
    if (!frame) continue;
    touched.add(id);
    const epoch = frame.epoch.toString("hex");
    if (epoch !== device.epoch) Object.assign(device, { epoch, high: 0 });
    if (frame.first !== device.high + 1) continue;
    const now = Date.now();
    for (const bytes of frame.records) {
      const record = JSON.parse(bytes.toString("utf8"));
      insert.run(device.no, frame.epoch, record.seq, now, record.type, record.at ?? null, bytes);
      device.high = record.seq;
      stored++;
    }
    device.head = frame.head;
  }
  for (const id of touched) upsert.run(devices.get(id).no, id, devices.get(id).epoch, devices.get(id).high);
  db.exec("COMMIT");
  commits++;
  return touched;
}

function answer(id) {
  const device = devices.get(id);
  const json = JSON.stringify({ boot: "0".repeat(32), gen: 1, epoch: device.epoch, seq: device.high, head: device.head?.toString("hex") ?? null, leaf: stored, size: stored, credit: 512 });
  const text = Buffer.from(json);
  const signature = full ? crypto.sign(null, Buffer.concat([Buffer.from(`gantry/v1 msg\n\x03${id}\ndown\n`), text]), signingKey) : Buffer.alloc(64);
  client.publish(`gantry/v1/00/${id}/down`, Buffer.concat([Buffer.from("GTM1\x03", "latin1"), signature, text]), { qos: 1 });
}

function work() {
  committing = false;
  const batch = waiting;
  waiting = [];
  for (const id of store(batch)) answer(id);
  if (waiting.length > 0) schedule();
}

function schedule() {
  if (committing) return;
  committing = true;
  setImmediate(work);
}

const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clean: true, clientId: "node-peer", properties: { receiveMaximum: 1000 } });
client.on("connect", () => client.subscribe("gantry/v1/+/+/up", { qos: 1 }, () => console.log("ready")));
client.on("message", (topic, payload) => {
  waiting.push([topic.split("/")[3], payload]);
  schedule();
});
process.on("SIGTERM", () => {
  const cpu = process.cpuUsage();
  console.log(JSON.stringify({ stored, commits, cpu_s: (cpu.user + cpu.system) / 1e6 }));
  process.exit(0);
});
