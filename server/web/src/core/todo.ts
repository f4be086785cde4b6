// Needs you: open findings and what is due, as one list by deadline x consequence, in three groups.
import type { Due, Finding, Severity } from '../data/types';
import { instant } from './format';
import { beganAt } from './queue';
import { oneVisit } from './weeks';
import { DAY } from './zone';

export type When = 'now' | 'week' | 'month';
export const GROUPS: readonly When[] = ['now', 'week', 'month'];

export interface Todo {
  group: When; score: number; severity: Severity; key: string; devices: { id: string; name: string }[]; org?: string | null; site?: string | null;
  /** The deadline; of a finding without one, when it began. */
  at?: number; late: boolean;
  finding?: Finding; findings?: Finding[]; due?: Due; owner?: string | null;
}

const WEIGHT: Readonly<Record<Severity, number>> = { critical: 16, high: 8, medium: 4, low: 2, info: 1 };

/** How much hangs on a date, before it has passed. A rule speaks once it is late. */
const CONSEQUENCE: Readonly<Record<string, Severity>> = {
  permit_end: 'high', permit_renewal: 'medium', status_test: 'high', site_protection: 'medium', constancy: 'medium', maintenance: 'medium', recall_answer: 'high', recall_close: 'high', commitment: 'medium',
  operator_training: 'medium', service_life: 'high', contract_end: 'low', work_order: 'medium',
};
export const consequenceOf = (kind: string): Severity => CONSEQUENCE[kind] ?? 'low';

/** The rules that say a kind of date is late, or soon over: the finding is shown, with the date, not both. */
const SAID_BY: Readonly<Record<string, readonly string[]>> = {
  status_test: ['V21'], constancy: ['V22'], site_protection: ['V23'], maintenance: ['V25'], permit_renewal: ['V05'], permit_end: ['V05', 'V03', 'V04'], recall_answer: ['V35'], recall_close: ['V35'], service_life: ['V17'], operator_training: ['V08'],
};
/** Says only that a date comes, which the date itself says better. */
const CALENDAR_RULE = 'W08';
/** More devices than this with one rule become one line. */
const TOGETHER = 3;
const AHEAD_DAYS = 30, WEEK_DAYS = 7;

function urgency(at: number | undefined, now: number): number {
  if (at === undefined) return 0.5;
  const days = (at - now) / DAY;
  return days >= 0 ? 1 / (1 + days) : 1 + Math.min(1, -days / 30);
}

const groupOf = (at: number, now: number): When => at <= now + DAY ? 'now' : at <= now + WEEK_DAYS * DAY ? 'week' : 'month';

/** Without a deadline the severity says how soon: today, this week, when there is time. */
const groupOfSeverity = (severity: Severity): When => severity === 'critical' || severity === 'high' ? 'now' : severity === 'medium' ? 'week' : 'month';

const deviceOf = (x: { device: string; device_name?: string | null }): { id: string; name: string } => ({ id: x.device, name: x.device_name || x.device });

function ofFinding(f: Finding, deadline: number | undefined, now: number): Todo {
  const severity = f.severity, began = beganAt(f);
  const group = deadline === undefined ? groupOfSeverity(severity) : groupOf(deadline, now);
  return { group, score: WEIGHT[severity] * urgency(deadline ?? began, now) * (f.owner ? 0.9 : 1), severity, key: `${f.device} ${f.rule} ${f.key}`, devices: [deviceOf(f)], org: f.org, site: f.site, at: deadline ?? began, late: deadline !== undefined && deadline < now, finding: f, owner: f.owner };
}

function ofDue(d: Due, at: number, now: number): Todo {
  const severity = consequenceOf(d.kind);
  // An open work order has no deadline: it is this week's work.
  return { group: at < now && !d.overdue ? 'week' : groupOf(at, now), score: WEIGHT[severity] * urgency(at, now), severity, key: `${d.kind} ${d.ref || d.device} ${d.at}`, devices: [deviceOf(d)], org: d.org, site: d.site, at, late: d.overdue, due: d };
}

/** One line for a rule that many devices break, in the group of the worst of them. */
function together(all: readonly Todo[]): Todo[] {
  const byRule = new Map<string, Todo[]>(), out: Todo[] = [];
  for (const one of all) {
    if (!one.finding) { out.push(one); continue; }
    const key = `${one.group} ${one.finding.rule}`;
    byRule.set(key, [...byRule.get(key) ?? [], one]);
  }
  for (const [key, list] of byRule) {
    const devices = [...new Map(list.map((x) => [x.devices[0]?.id ?? '', x.devices[0] as Todo['devices'][0]])).values()];
    if (list.length <= TOGETHER) { out.push(...list); continue; }
    const worst = list.reduce((a, b) => b.score > a.score ? b : a), owners = new Set(list.map((x) => x.owner ?? '')), times = list.flatMap((x) => x.at ?? []);
    out.push({ ...worst, key, devices, findings: list.map((x) => x.finding as Finding), at: times.length ? Math.min(...times) : undefined, late: list.some((x) => x.late), owner: owners.size === 1 ? worst.owner : undefined });
  }
  return out;
}

/** A paper that many devices rest on ends once. */
function merged(all: readonly Todo[]): Todo[] {
  const out = new Map<string, Todo>();
  for (const one of all) {
    const known = one.due && out.get(one.key);
    if (known) known.devices.push(...one.devices); else out.set(one.key, one);
  }
  return [...out.values()];
}

/** Everything that needs somebody within 30 days, by group and then by deadline x consequence. */
export function needsYou(findings: readonly Finding[], dates: readonly Due[], now: number): Todo[] {
  const open = findings.filter((f) => f.open && f.rule !== CALENDAR_RULE), deadline = new Map<Finding, number>(), rest: Todo[] = [];
  for (const d of oneVisit(dates)) {
    const at = instant(d.at);
    if (at === undefined || at > now + AHEAD_DAYS * DAY) continue;
    const said = open.find((f) => f.device === d.device && SAID_BY[d.kind]?.includes(f.rule) && (!d.ref || !f.key.includes(':') || f.key.includes(d.ref)));
    if (said) deadline.set(said, Math.min(at, deadline.get(said) ?? Infinity)); else rest.push(ofDue(d, at, now));
  }
  const all = merged([...together(open.map((f) => ofFinding(f, deadline.get(f), now))), ...rest]);
  return all.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || b.score - a.score || (a.at ?? 0) - (b.at ?? 0) || a.key.localeCompare(b.key));
}

/** The first date beyond the 30 days: what the empty list names. */
export function nextDate(dates: readonly Due[], now: number): Due | undefined {
  let best: Due | undefined;
  for (const d of dates) if ((instant(d.at) ?? 0) >= now && (!best || d.at < best.at)) best = d;
  return best;
}
