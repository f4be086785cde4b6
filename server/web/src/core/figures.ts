// How a KPI is written: a figure in a unit that a person reads, and the same for its numerator and denominator.
import { num, sig } from './format';

export interface Written { text: string; unit: string }

/** Divisor, unit and decimals by the server's unit; a unit that is not here is written as it came. */
const UNITS: Readonly<Record<string, readonly [number, string, number | 'sig']>> = {
  '%': [1, '%', 1], '%/a': [1, '%/a', 1], '1': [1, '', 'sig'], '': [1, '', 'sig'], '1/d': [1, '/d', 'sig'], permille: [10, '%', 1], CNY: [1, 'CNY', 0], 'CNY/a': [1, 'CNY/a', 0], a: [1, 'a', 1],
};
const SHORT_MS = 2 * 3_600_000, DAYS_MS = 4 * 86_400_000;

/** A value in its unit; unknown is a dash. Times choose minutes, hours or days by their size. */
export function written(value: number | null | undefined, unit = ''): Written {
  if (value === null || value === undefined || !Number.isFinite(value)) return { text: '–', unit: '' };
  if (unit === 'ms' || unit === 'min' || unit === 's') {
    const ms = unit === 'ms' ? value : unit === 's' ? value * 1000 : value * 60_000;
    if (Math.abs(ms) < 120_000) return { text: sig(ms / 1000), unit: 's' };
    return Math.abs(ms) < SHORT_MS ? { text: sig(ms / 60_000), unit: 'min' } : Math.abs(ms) >= 30 * DAYS_MS ? { text: sig(ms / 86_400_000), unit: 'd' } : { text: sig(ms / 3_600_000), unit: 'h' };
  }
  const known = UNITS[unit];
  if (!known) return { text: sig(value), unit: unit.replace(/_/g, ' ') };
  const [by, word, decimals] = known;
  return { text: decimals === 'sig' ? sig(value / by) : num(value / by, decimals), unit: word };
}

interface Part { value: number | null; unit?: string; numerator?: number | null; denominator?: number | null; coverage_permille?: number | null; id: string; part?: string }
export interface Sum { value: number; unit: string; devices: number; coverage: number | undefined }

const known = (v: number | null | undefined): v is number => typeof v === 'number';

/** A figure of many devices: of a share the sum of numerators over the sum of denominators, of a count the sum; of a percentile there is none. */
export function fleetShare(items: readonly { figures: readonly Part[] }[], id: string): Sum | undefined {
  const parts = items.flatMap((i) => i.figures.filter((f) => f.id === id && !f.part && f.value !== null)), sum = (key: 'numerator' | 'denominator'): number => parts.reduce((n, p) => n + (p[key] ?? 0), 0);
  if (!parts.length || !parts.every((p) => known(p.numerator))) return undefined;
  const ratio = parts.every((p) => known(p.denominator)), below = sum('denominator');
  if (!ratio && parts.some((p) => known(p.denominator))) return undefined;
  // What the server multiplied by: 100 for a share, 1 for hours.
  const one = parts.find((p) => p.numerator && (!ratio || p.denominator)), factor = one ? (one.value as number) * (ratio ? one.denominator as number : 1) / (one.numerator as number) : 0;
  const covered = parts.filter((p) => known(p.coverage_permille));
  if (ratio && below === 0) return undefined;
  return {
    value: factor * (ratio ? sum('numerator') / below : sum('numerator')), unit: parts[0]?.unit ?? '', devices: parts.length,
    coverage: covered.length ? covered.reduce((n, p) => n + (p.coverage_permille ?? 0), 0) / covered.length : undefined,
  };
}
