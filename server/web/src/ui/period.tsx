// The period that figures are for: a choice in the address.
import type { JSX } from 'preact';
import { DAY, dayStart, instantOf, wallAt } from '../core/zone';
import { date } from '../core/format';
import { query, setQuery } from '../data/route';
import { minute, t } from '../data/store';

const CHOICES = ['30d', '90d', '365d', 'month', 'last_month'] as const;
export interface Period { name: string; from: number; to: number }

/** What the address asks for, in whole days of the zone up to today's midnight; the last 30 days when it asks for nothing known. */
export function periodNow(zone: string): Period {
  const name = CHOICES.find((c) => c === query.value.period) ?? '30d', today = dayStart(minute.value, zone), wall = wallAt(today, zone);
  if (name === 'month') return { name, from: instantOf(zone, wall.year, wall.month), to: wall.day === 1 ? minute.value : today };
  if (name === 'last_month') return { name, from: instantOf(zone, wall.year, wall.month - 1), to: instantOf(zone, wall.year, wall.month) };
  return { name, from: dayStart(today - (Number.parseInt(name) - 0.5) * DAY, zone), to: today };
}

export const periodWords = (p: Period, zone: string): string => `${date(p.from, zone, t.value, true)} – ${date(p.to - 1, zone, t.value, true)}`;

export function PeriodPick({ now }: { now: Period }): JSX.Element {
  return <span class="seg" role="group" aria-label={t.value('period.pick')}>{CHOICES.map((c) => <button key={c} type="button" aria-pressed={now.name === c} onClick={() => setQuery({ period: c === '30d' ? undefined : c })}>{t.value(`period.${c}`)}</button>)}</span>;
}
