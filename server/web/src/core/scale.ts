// Scales and ticks. Pure: no DOM, no clock.
import { DAY, HOUR, instantOf, wallAt } from './zone';

/** A straight map from [from, to] to [left, right]. */
export interface Scale { (value: number): number; invert(x: number): number; clamp(value: number): number }

export function linear(from: number, to: number, left: number, right: number): Scale {
  const ratio = (right - left) / (to - from || 1);
  const scale = ((value: number) => left + (value - from) * ratio) as Scale;
  scale.invert = (x) => from + (x - left) / (ratio || 1);
  scale.clamp = (value) => Math.max(Math.min(left, right), Math.min(Math.max(left, right), scale(value)));
  return scale;
}

export type TickUnit = 'year' | 'month' | 'half-month' | 'day' | 'hour';
export interface Tick { t: number; unit: TickUnit; major: boolean }

/** Ticks in the zone's own calendar for a span; never more than about 40. */
export function timeTicks(from: number, to: number, zone: string): Tick[] {
  const span = to - from;
  if (!(span > 0)) return [];
  if (span > 1200 * DAY) return yearTicks(from, to, zone, span > 14 * 365 * DAY ? 5 : 1);
  if (span > 75 * DAY) return monthTicks(from, to, zone, span > 540 * DAY ? 3 : 1, span < 230 * DAY);
  if (span > 2.5 * DAY) return dayTicks(from, to, zone, span > 20 * DAY ? 7 : 1);
  return hourTicks(from, to, zone, span > 30 * HOUR ? 6 : span > 14 * HOUR ? 3 : 1);
}

function yearTicks(from: number, to: number, zone: string, step: number): Tick[] {
  const out: Tick[] = [];
  for (let year = wallAt(from, zone).year; out.length < 60; year++) {
    const t = instantOf(zone, year, 1);
    if (t > to) break;
    if (t >= from && year % step === 0) out.push({ t, unit: 'year', major: true });
  }
  return out;
}

function monthTicks(from: number, to: number, zone: string, step: number, halves: boolean): Tick[] {
  const out: Tick[] = [], start = wallAt(from, zone);
  for (let i = 0; i < 60; i++) {
    const index = start.month - 1 + i, year = start.year + Math.floor(index / 12), month = index % 12 + 1;
    const t = instantOf(zone, year, month);
    if (t > to) break;
    if ((month - 1) % step === 0 && t >= from) out.push({ t, unit: month === 1 ? 'year' : 'month', major: true });
    const mid = instantOf(zone, year, month, 15);
    if (halves && mid >= from && mid <= to) out.push({ t: mid, unit: 'half-month', major: false });
  }
  return out;
}

function dayTicks(from: number, to: number, zone: string, step: number): Tick[] {
  const out: Tick[] = [], start = wallAt(from, zone);
  for (let i = 0; i < 90; i++) {
    const t = instantOf(zone, start.year, start.month, start.day + i);
    if (t > to) break;
    // Weeks begin on Monday; 1970-01-05 was one.
    const monday = Math.floor((Date.UTC(start.year, start.month - 1, start.day + i) / DAY - 4) % 7) === 0;
    if (t >= from && (step === 1 || monday)) out.push({ t, unit: 'day', major: true });
  }
  return out;
}

function hourTicks(from: number, to: number, zone: string, step: number): Tick[] {
  const out: Tick[] = [], start = wallAt(from, zone);
  for (let i = 0; i < 72; i++) {
    const t = instantOf(zone, start.year, start.month, start.day, start.hour + i);
    if (t > to) break;
    const hour = wallAt(t, zone).hour;
    if (t >= from && hour % step === 0) out.push({ t, unit: hour === 0 ? 'day' : 'hour', major: hour === 0 || step === 1 || hour % (step * 2) === 0 });
  }
  return out;
}

/** A top for a value axis: a round number not below `max` (at least 1) whose half is round too. */
export function niceTop(max: number): number {
  if (!(max > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]) if (step * power >= max - 1e-9) return step * power;
  return 10 * power;
}

/** Rough width of a label, so that labels are dropped and never overlap. CJK is full width. */
export function textWidth(text: string, px = 11): number {
  let width = 0;
  for (const ch of text) width += ch > '\u2e80' ? px : ' .,:·il1|'.includes(ch) ? px * 0.36 : px * 0.6;
  return width;
}
