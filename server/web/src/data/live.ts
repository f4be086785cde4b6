// One EventSource. While it is lost the page says since when, and asks every 30 s instead.
import { signal } from '@preact/signals';
import { serverNow } from './api';
import { addNotes, devices, mergeDevices, status, unassigned } from './store';
import type { Device, RecordNote } from './types';

/** `since` is when the stream was last known to be good (paused) or when it opened (live). */
export const live = signal<{ state: 'opening' | 'live' | 'paused'; since: number }>({ state: 'opening', since: serverNow() });
/** Log index of the newest record, per device: the device screen reloads when its own moves. */
export const lastRecord = signal<ReadonlyMap<string, number>>(new Map());

const POLL_MS = 30_000, BANDS_MS = 60_000, REOPEN_MS = 5_000, FLUSH_MS = 400, QUEUE_MAX = 2_000;
let stream: EventSource | undefined, poll: ReturnType<typeof setInterval> | undefined, flushing: ReturnType<typeof setTimeout> | undefined;
let reopening: ReturnType<typeof setTimeout> | undefined;
let newRecords: RecordNote[] = [];
let newDevices = new Map<string, Device>();

export function reloadAll(): void { void devices.load(); void status.load(); void unassigned.load(); }

function flush(): void {
  flushing = undefined;
  const records = newRecords, changed = newDevices;
  newRecords = [];
  newDevices = new Map();
  mergeDevices(changed);
  if (!records.length) return;
  addNotes(records);
  const last = new Map(lastRecord.peek());
  for (const note of records) last.set(note.device, Math.max(note.log_index, last.get(note.device) ?? -1));
  lastRecord.value = last;
  if (records.some((note) => note.device.startsWith('unassigned'))) void unassigned.load();
}

/** Changes are shown in steps of FLUSH_MS, whatever the rate; past QUEUE_MAX the oldest notes give way. */
const later = (): void => { flushing ??= setTimeout(flush, FLUSH_MS); };

function parse<T>(event: Event): T | undefined {
  try { return JSON.parse((event as MessageEvent<string>).data) as T; } catch { return undefined; }
}

function paused(): void {
  if (live.peek().state !== 'paused') live.value = { state: 'paused', since: serverNow() };
  poll ??= setInterval(reloadAll, POLL_MS);
}

function opened(): void {
  const missed = live.peek().state === 'paused';
  live.value = { state: 'live', since: serverNow() };
  clearInterval(poll);
  poll = undefined;
  if (missed) reloadAll();
}

// The stream tells a device's figures but not its 24 h band: that is asked again while the page is looked at.
setInterval(() => { if (live.peek().state === 'live' && !document.hidden) reloadAll(); }, BANDS_MS);

/** Opens the stream, and again whenever the browser gives it up. Call once. */
export function goLive(): void {
  stream?.close();
  stream = new EventSource('/api/v1/events');
  stream.onopen = opened;
  stream.onerror = () => {
    paused();
    // The browser retries by itself (with Last-Event-ID) unless the answer was an error; then it is closed for good.
    if (stream?.readyState === EventSource.CLOSED) { clearTimeout(reopening); reopening = setTimeout(goLive, REOPEN_MS); }
  };
  stream.addEventListener('record', (event) => {
    const note = parse<RecordNote>(event);
    if (note && typeof note.log_index === 'number') newRecords.push(note);
    if (newRecords.length > QUEUE_MAX) newRecords = newRecords.slice(-QUEUE_MAX / 2);
    later();
  });
  stream.addEventListener('device', (event) => { const device = parse<Device>(event); if (device?.id) newDevices.set(device.id, device); later(); });
  stream.addEventListener('reset', reloadAll);
}
