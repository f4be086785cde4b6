// The arithmetic of the lifecycle band: windows, bins, and what share of each bin is known. Pure.
import type { HourUse, Interval } from '../data/types';
import { instant } from './format';
import { type Kind, lifecycleKind, operatingKind } from './states';
import { DAY, dayStart, HOUR, MINUTE } from './zone';

export interface Window { from: number; to: number }

export const ZOOMS = ['10y', '3y', '1y', '6m', '3m', '7d', '24h'] as const;
export type Zoom = (typeof ZOOMS)[number];
const SPAN: Readonly<Record<Zoom, number>> = { '10y': 3652 * DAY, '3y': 1096 * DAY, '1y': 365 * DAY, '6m': 183 * DAY, '3m': 91 * DAY, '7d': 7 * DAY, '24h': DAY };

/** A window of one zoom that ends a little after now: the future is part of a life. */
export function zoomWindow(zoom: Zoom, now: number): Window {
  const span = SPAN[zoom], ahead = zoom === '24h' ? HOUR : span * 0.12;
  return { from: now + ahead - span, to: now + ahead };
}

/** The zoom whose span is nearest, for the pressed button; none when the window is between two. */
export function zoomOf(window: Window): Zoom | undefined {
  return ZOOMS.find((z) => Math.abs(window.to - window.from - SPAN[z]) < SPAN[z] * 0.02);
}

const SPAN_MIN = 2 * HOUR, SPAN_MAX = 15 * 365 * DAY;

/** Moves by a share of the span and scales about the middle; never narrower than 2 h, wider than 15 y, or out of sight of now. */
export function moved(w: Window, share: number, factor: number, now: number): Window {
  const span = Math.min(SPAN_MAX, Math.max(SPAN_MIN, (w.to - w.from) * factor));
  const middle = (w.from + w.to) / 2 + share * (w.to - w.from);
  const centre = Math.min(now + span / 2, Math.max(now - SPAN_MAX, middle));
  return { from: centre - span / 2, to: centre + span / 2 };
}

export interface Piece { kind: Kind; from: number; to: number; open: boolean; code?: string; severity?: string; logIndex?: number }

/** Intervals of a lane as instants, in time order, the open one running to now. */
export function lane(intervals: readonly Interval[] | undefined, which: 'lifecycle' | 'operating' | 'fault', now: number): Piece[] {
  const out: Piece[] = [];
  for (const i of intervals ?? []) {
    const from = instant(i.from), end = instant(i.to);
    if (from === undefined) continue;
    const kind = which === 'lifecycle' ? lifecycleKind(i.state) : which === 'operating' ? operatingKind(i.state) : i.severity === 'partial' || i.severity === 'info' ? 'degraded' : 'fault';
    out.push({ kind, from, to: end ?? now, open: end === undefined, code: i.code ?? i.state, severity: i.severity, logIndex: i.log_index ?? undefined });
  }
  return out.sort((a, b) => a.from - b.from);
}

/** Joins neighbours of one kind, and drops what is narrower than `least` into the neighbour before it: for wide zooms. */
export function joined(pieces: readonly Piece[], least: number): Piece[] {
  const out: Piece[] = [];
  for (const p of pieces) {
    const last = out[out.length - 1];
    if (last && p.from - last.to < least && (last.kind === p.kind || p.to - p.from < least)) last.to = Math.max(last.to, p.to);
    else out.push({ ...p });
  }
  return out;
}

const STEPS = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY];

/** The shortest step that still gives every bin `least` pixels. */
export function binStep(span: number, pixels: number, least: number, floor: number): number {
  return STEPS.find((s) => s >= floor && s / span * pixels >= least) ?? 91 * DAY;
}

export interface Bin { from: number; to: number }

/** Bins over [from, to): aligned to the zone's midnight, so that a day bin is a site's day. */
export function bins(from: number, to: number, step: number, zone: string): Bin[] {
  const out: Bin[] = [];
  if (step < DAY) {
    for (let at = dayStart(from, zone); at < to && out.length < 2000; at += step) if (at + step > from) out.push({ from: at, to: at + step });
    return out;
  }
  const days = Math.round(step / DAY);
  for (let at = dayStart(from, zone); at < to && out.length < 2000;) {
    const next = dayStart(at + 12 * HOUR, zone, days);
    out.push({ from: at, to: next });
    at = next;
  }
  return out;
}

export interface UseBin extends Bin { exposures: number; exams: number; ms: number; mas: number; dlp: number; covered: number; expected: number }

/** An agent tells an hour's coverage when the hour is over: the present one is not missing yet. */
const COVERAGE_LAG = 5 * MINUTE;

/** Sums hours into bins. An hour that the server does not list, and the part of one it was not watching, is not covered. */
export function useBins(hours: readonly HourUse[], all: readonly Bin[], from: number, now: number): UseBin[] {
  const told = Math.floor((now - COVERAGE_LAG) / HOUR) * HOUR;
  const out: UseBin[] = all.map((b) => ({
    ...b, exposures: 0, exams: 0, ms: 0, mas: 0, dlp: 0, covered: 0, expected: Math.max(0, Math.min(b.to, told) - Math.max(b.from, from)) / MINUTE,
  }));
  let i = 0;
  for (const h of [...hours].sort((a, b) => a.hour.localeCompare(b.hour))) {
    const at = instant(h.hour);
    if (at === undefined) continue;
    while (i < out.length && (out[i] as UseBin).to <= at) i++;
    const bin = out[i];
    if (!bin || at < bin.from) continue;
    bin.exposures += h.exposures ?? 0; bin.exams += h.exams ?? 0; bin.ms += h.exposure_ms ?? 0; bin.mas += h.mas ?? 0; bin.dlp += h.dlp_ugy_cm ?? 0;
    bin.covered += h.coverage_minutes ?? 0;
  }
  return out;
}

/** Whether most of a bin went unwatched: then it is hatched, and what was counted in it is drawn over the hatch. */
export const mostlyVoid = (bin: UseBin): boolean => bin.expected > 0 && bin.covered < bin.expected * 0.5;

/** Milliseconds of a kind inside each bin. */
export function shareOf(pieces: readonly Piece[], kinds: readonly Kind[], all: readonly Bin[]): number[] {
  const out = all.map(() => 0);
  let start = 0;
  for (const p of pieces) {
    if (!kinds.includes(p.kind)) continue;
    while (start < all.length && (all[start] as Bin).to <= p.from) start++;
    for (let i = start; i < all.length && (all[i] as Bin).from < p.to; i++) {
      const b = all[i] as Bin;
      out[i] = (out[i] ?? 0) + Math.max(0, Math.min(b.to, p.to) - Math.max(b.from, p.from));
    }
  }
  return out;
}
