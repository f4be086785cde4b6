// Calendar arithmetic in a named time zone, over Intl alone. Instants are UTC milliseconds.

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** A wall-clock reading in some zone; month counts from 1. */
export interface Wall { year: number; month: number; day: number; hour: number; minute: number; second: number }

const readers = new Map<string, Intl.DateTimeFormat>();

function reader(zone: string): Intl.DateTimeFormat {
  let found = readers.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    readers.set(zone, found);
  }
  return found;
}

/** The zone itself when the browser knows it, else UTC: a device's zone is text from outside. */
export function knownZone(zone: string | null | undefined): string {
  if (!zone) return 'UTC';
  try { reader(zone); return zone; } catch { return 'UTC'; }
}

/** What a clock on the wall in `zone` shows at instant `t`. */
export function wallAt(t: number, zone: string): Wall {
  const wall: Wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const part of reader(zone).formatToParts(t)) {
    if (part.type in wall) wall[part.type as keyof Wall] = Number(part.value);
  }
  return wall;
}

/** How far `zone` is ahead of UTC at `t`, in milliseconds. */
export function zoneOffset(t: number, zone: string): number {
  const w = wallAt(t, zone);
  return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) - Math.floor(t / 1000) * 1000;
}

/** The instant at which the wall in `zone` shows this date and hour; a time the clock skips gives the instant after the skip. */
export function instantOf(zone: string, year: number, month: number, day = 1, hour = 0, minute = 0): number {
  const asIfUtc = Date.UTC(year, month - 1, day, hour, minute);
  const first = asIfUtc - zoneOffset(asIfUtc, zone);
  return asIfUtc - zoneOffset(first, zone);
}

/** Midnight, in `zone`, of the day that holds `t`, moved by whole days. */
export function dayStart(t: number, zone: string, moveDays = 0): number {
  const w = wallAt(t, zone);
  return instantOf(zone, w.year, w.month, w.day + moveDays);
}

/** "UTC+8", "UTC−3:30": how the zone is named to a person. */
export function offsetLabel(t: number, zone: string): string {
  const minutes = Math.round(zoneOffset(t, zone) / MINUTE);
  if (minutes === 0) return 'UTC';
  const hours = Math.floor(Math.abs(minutes) / 60), rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest ? ':' + String(rest).padStart(2, '0') : ''}`;
}
