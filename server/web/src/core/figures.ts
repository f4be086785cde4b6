// How a KPI is written: a figure in a unit that a person reads, and the same for its numerator and denominator.
import { num, sig } from './format';

export interface Written { text: string; unit: string }

/** Divisor, unit and decimals by the server's unit; a unit that is not here is written as it came. */
const UNITS: Readonly<Record<string, readonly [number, string, number | 'sig']>> = {
  permille: [10, '%', 1], '1/1000': [10, '%', 1], percent: [1, '%', 1], '%': [1, '%', 1], ppm: [10_000, '%', 2],
  ms: [3_600_000, 'h', 'sig'], s: [1, 's', 'sig'], min: [60, 'h', 'sig'], minutes: [60, 'h', 'sig'], h: [1, 'h', 'sig'], d: [1, 'd', 'sig'], milli: [1000, '', 'sig'],
  ugy: [1000, 'mGy', 'sig'], ugy_cm: [1000, 'mGy·cm', 'sig'], mas: [1, 'mAs', 0], cny: [1, 'CNY', 0], CNY: [1, 'CNY', 0], count: [1, '', 0], '1': [1, '', 0], '': [1, '', 'sig'],
};
const SHORT_MS = 2 * 3_600_000, DAYS_MS = 4 * 86_400_000;

/** A value in its unit; unknown is a dash. Times choose minutes, hours or days by their size. */
export function written(value: number | null | undefined, unit = ''): Written {
  if (value === null || value === undefined || !Number.isFinite(value)) return { text: '–', unit: '' };
  if (unit === 'ms' || unit === 'min' || unit === 'minutes' || unit === 's') {
    const ms = unit === 'ms' ? value : unit === 's' ? value * 1000 : value * 60_000;
    if (Math.abs(ms) < 120_000) return { text: sig(ms / 1000), unit: 's' };
    return Math.abs(ms) < SHORT_MS ? { text: sig(ms / 60_000), unit: 'min' } : Math.abs(ms) >= 30 * DAYS_MS ? { text: sig(ms / 86_400_000), unit: 'd' } : { text: sig(ms / 3_600_000), unit: 'h' };
  }
  const known = UNITS[unit];
  if (!known) return { text: sig(value), unit: unit.replace(/_/g, ' ') };
  const [by, word, decimals] = known;
  return { text: decimals === 'sig' ? sig(value / by) : num(value / by, decimals), unit: word };
}

/** The first day of the month of a date text, moved by whole months: 2026-11-18, -1 -> 2026-10-01. */
export function monthStart(day: string, move: number): string {
  const [year = 1970, month = 1] = day.split('-').map(Number), index = year * 12 + month - 1 + move;
  return `${Math.floor(index / 12)}-${String(index % 12 + 1).padStart(2, '0')}-01`;
}

interface Part { value: number | null; unit?: string; numerator?: number | null; denominator?: number | null; coverage_permille?: number | null; id: string }
export interface Sum { value: number; unit: string; devices: number; coverage: number | undefined }

/** A share over many devices: the sum of numerators over the sum of denominators, of those that have both; the mean where they have none. */
export function fleetShare(items: readonly { figures: readonly Part[] }[], id: string): Sum | undefined {
  const parts = items.flatMap((i) => i.figures.filter((f) => f.id === id && f.value !== null));
  if (!parts.length) return undefined;
  const whole = parts.every((p) => typeof p.numerator === 'number' && typeof p.denominator === 'number' && p.denominator > 0), unit = parts[0]?.unit ?? '';
  const sum = (key: 'numerator' | 'denominator' | 'value'): number => parts.reduce((n, p) => n + (p[key] ?? 0), 0), covered = parts.filter((p) => typeof p.coverage_permille === 'number');
  const scale = unit === 'permille' || unit === '1/1000' ? 1000 : unit === 'percent' || unit === '%' ? 100 : unit === 'ppm' ? 1e6 : 0;
  return {
    value: whole && scale ? scale * sum('numerator') / sum('denominator') : sum('value') / parts.length, unit, devices: parts.length,
    coverage: covered.length ? covered.reduce((n, p) => n + (p.coverage_permille ?? 0), 0) / covered.length : undefined,
  };
}
