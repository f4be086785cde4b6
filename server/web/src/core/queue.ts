// The order of the findings queue: what is worst first, and of the equally bad what nobody has taken.
import type { Finding, Severity, Stage } from '../data/types';
import { instant } from './format';
import { DAY } from './zone';

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
export const OPEN_STAGES: readonly Stage[] = ['suspected', 'answered', 'confirmed'];
export const STAGES: readonly Stage[] = [...OPEN_STAGES, 'dismissed', 'closed', 'withdrawn'];

/** Bars of a severity, of four. */
export const barsOf = (level: string): number => ({ critical: 4, high: 3, medium: 2, low: 1 })[level] ?? 0;

/** Before this nothing was ever watched: a rule that does not know the beginning tells an instant before it. */
export const UNKNOWN_BEFORE = Date.UTC(1990, 0, 1);

/** When what it is about began; never later than its first record. */
export const beganAt = (f: Finding): number | undefined => {
  const times = [instant(f.from), instant(f.first_at)].filter((t): t is number => t !== undefined && t > UNKNOWN_BEFORE);
  return times.length ? Math.min(...times) : undefined;
};

/** When it ended; undefined while it lasts, and when it ends by itself later. */
export function endedAt(f: Pick<Finding, 'to'>, now: number): number | undefined {
  const to = instant(f.to);
  return to === undefined || to > now ? undefined : to;
}

/** Severity, then what nobody has taken, then stage, then the oldest. */
export function bySeverity(a: Finding, b: Finding): number {
  const rank = (f: Finding): number => SEVERITIES.indexOf(f.severity) * 100 + STAGES.indexOf(f.stage) * 2 + (f.owner ? 1 : 0);
  return rank(a) - rank(b) || (beganAt(a) ?? Infinity) - (beganAt(b) ?? Infinity) || a.rule.localeCompare(b.rule) || a.device.localeCompare(b.device, undefined, { numeric: true });
}

export interface Group { severity: Severity; items: Finding[] }

/** One group for each severity that has any, worst first. */
export function grouped(items: readonly Finding[]): Group[] {
  const sorted = [...items].sort(bySeverity);
  return SEVERITIES.map((severity) => ({ severity, items: sorted.filter((f) => f.severity === severity) })).filter((g) => g.items.length > 0);
}

/** A line of a group: one finding, or many of one rule that are as far as each other. */
export type QueueLine = { one: Finding } | { many: Finding[]; devices: number };

/** Findings of one rule and stage beyond `most` become one line, where the first of them stood. */
export function folded(items: readonly Finding[], most: number): QueueLine[] {
  const groups = new Map<string, Finding[]>(), key = (f: Finding): string => `${f.rule} ${f.stage}`, out: QueueLine[] = [], done = new Set<string>();
  for (const f of items) groups.set(key(f), [...groups.get(key(f)) ?? [], f]);
  for (const f of items) {
    const all = groups.get(key(f)) ?? [];
    if (all.length <= most) out.push({ one: f });
    else if (!done.has(key(f))) { done.add(key(f)); out.push({ many: all, devices: new Set(all.map((x) => x.device)).size }); }
  }
  return out;
}

export interface Filter { rule?: string; severity?: string; stage?: string; org?: string; site?: string; device?: string; open?: string }
const FILTERS = ['rule', 'severity', 'stage', 'org', 'site', 'device'] as const;

export const matches = (f: Finding, by: Filter): boolean => FILTERS.every((key) => !by[key] || f[key] === by[key]);

/** The filter whose removal alone brings back most; for the empty state. */
export function mostExcluding(items: readonly Finding[], by: Filter): { key: (typeof FILTERS)[number]; count: number } | undefined {
  let best: { key: (typeof FILTERS)[number]; count: number } | undefined;
  for (const key of FILTERS) {
    if (!by[key]) continue;
    const count = items.filter((f) => matches(f, { ...by, [key]: undefined })).length;
    if (count > (best?.count ?? 0)) best = { key, count };
  }
  return best;
}

/** How many of each severity stand at each stage. */
export function tally(items: readonly Finding[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const f of items) { const key = `${f.severity} ${f.stage}`; out.set(key, (out.get(key) ?? 0) + 1); }
  return out;
}

/** The window that shows the beginnings of most: 4 to 104 weeks, ending a little after now. */
export function queueWindow(items: readonly Finding[], now: number): { from: number; to: number } {
  const ages = items.map((f) => now - (beganAt(f) ?? now)).sort((a, b) => a - b), most = ages[Math.max(0, Math.ceil(ages.length * 0.8) - 1)] ?? 0;
  const weeks = [4, 8, 13, 26, 52, 104].find((w) => w * 7 * DAY >= most) ?? 104;
  return { from: now - weeks * 7 * DAY, to: now + weeks * 7 * DAY * 0.06 };
}

const WORDS: readonly [RegExp, string][] = [
  [/^(\d[\d.,]*) exposures?$/, 'exposures'], [/^(\d[\d.,]*) exams?$/, 'exams'], [/^(\d[\d.,]*) exams seen$/, 'exams_seen'], [/^(\d[\d.,]*) exams declared$/, 'exams_declared'], [/^(\d[\d.,]*) records missing$/, 'records_missing'],
  [/^(\d[\d.,]*) devices?$/, 'devices'], [/^(\d[\d.,]*) d$/, 'd'], [/^(\d[\d.,]*) h$/, 'h'], [/^(-?\d[\d.,]*) s$/, 's'], [/^(\d[\d.,]*) min$/, 'min'], [/^(-?\d[\d.,]*) d left$/, 'd_left'], [/^(\d[\d.,]*) s not told$/, 's_not_told'],
  [/^(\d[\d.,]*) min down$/, 'min_down'], [/^(\d[\d.,]*) d to the limit$/, 'd_to_limit'], [/^(\d[\d.,]*) tests a day$/, 'tests_a_day'], [/^(\d[\d.,]*) missing$/, 'missing'],
  [/^filled in (\d+) d$/, 'filled_in'], [/^(\d[\d.,]*) times?$/, 'times'], [/^(\d[\d.,]*) % used$/, 'used'], [/^()none$/, 'none'], [/^()no patients$/, 'no_patients'], [/^()no proof$/, 'no_proof'], [/^()no service session$/, 'no_session'],
];

/** What a rule measured, as the rule wrote it, in the reader's words where the form is known. */
export function measuredKey(text: string): { key: string; v: string } | undefined {
  for (const [form, key] of WORDS) {
    const found = form.exec(text);
    if (found) return { key, v: found[1] ?? '' };
  }
  return undefined;
}
