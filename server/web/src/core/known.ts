// Comparing a timeline as it was known with the one known now. Pure.
import type { Interval } from '../data/types';

export interface Compared extends Interval { change: 'same' | 'moved' | 'later' | 'gone' }

const key = (i: Interval): string => `${i.log_index ?? ''} ${i.state ?? i.code ?? ''}`;

/** Intervals of both, in time order: same in both, known then with other ends, learned later, or no longer held. */
export function compare(then: readonly Interval[], now: readonly Interval[]): Compared[] {
  const later = new Map(now.map((i) => [key(i), i])), out: Compared[] = [];
  for (const i of then) {
    const found = later.get(key(i));
    later.delete(key(i));
    out.push({ ...i, change: !found ? 'gone' : found.from === i.from && (found.to ?? null) === (i.to ?? null) ? 'same' : 'moved' });
  }
  for (const i of later.values()) out.push({ ...i, change: 'later' });
  return out.sort((a, b) => a.from.localeCompare(b.from) || key(a).localeCompare(key(b)));
}
