// The coming weeks: which date stands in which, and what is late. Pure.
import type { Due } from '../data/types';
import { instant } from './format';
import { DAY, dayStart, wallAt } from './zone';

export interface Week { from: number; to: number; index: number }
export const WEEKS = 13;

/** `count` weeks from the Monday of the present one, at the zone's midnight. */
export function weeksFrom(now: number, zone: string, count = WEEKS): Week[] {
  const today = dayStart(now, zone), w = wallAt(today, zone), back = (new Date(Date.UTC(w.year, w.month - 1, w.day)).getUTCDay() + 6) % 7;
  return Array.from({ length: count }, (_, i) => ({ index: i, from: dayStart(today, zone, i * 7 - back), to: dayStart(today, zone, (i + 1) * 7 - back) }));
}

/** The index of the week a date falls in; -1 when it has passed, undefined beyond the last. What is open since then (a work order) is this week's. */
export function weekOf(d: Pick<Due, 'at' | 'overdue'>, weeks: readonly Week[], now: number): number | undefined {
  const at = instant(d.at) ?? 0;
  if (at < now) return d.overdue ? -1 : 0;
  return weeks.find((w) => at >= w.from && at < w.to)?.index;
}

/** Dates of one kind on one day of one device are one date with several names: four test items are one visit. */
export function oneVisit(all: readonly Due[]): Due[] {
  const out = new Map<string, Due>();
  for (const d of all) {
    const key = `${d.device} ${d.kind} ${d.at}`, known = out.get(key);
    if (known && known.ref !== d.ref) out.set(key, { ...known, what: [known.what, d.what].filter(Boolean).join(', '), estimated: known.estimated || d.estimated });
    else if (!known) out.set(key, d);
  }
  return [...out.values()];
}

export interface Merged { due: Due; devices: { id: string; name: string }[] }

/** One line for one paper that many devices rest on; in order of time. */
export function mergedDates(all: readonly Due[]): Merged[] {
  const out = new Map<string, Merged>();
  for (const d of oneVisit(all).sort((a, b) => a.at.localeCompare(b.at) || a.kind.localeCompare(b.kind) || a.device.localeCompare(b.device, undefined, { numeric: true }))) {
    const key = `${d.kind} ${d.ref || d.device} ${d.at}`, known = out.get(key), device = { id: d.device, name: d.device_name || d.device };
    if (known) known.devices.push(device); else out.set(key, { due: d, devices: [device] });
  }
  return [...out.values()];
}

/** Whole days between two instants, towards zero. */
export const daysBetween = (a: number, b: number): number => Math.trunc((b - a) / DAY);
