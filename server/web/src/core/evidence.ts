// The window and the lanes of the evidence behind a finding. Pure.
import type { CaseFile, HourUse, LogRecord } from '../data/types';
import { instant } from './format';
import { UNKNOWN_BEFORE } from './queue';
import { DAY, HOUR, MINUTE } from './zone';

export interface Span { from: number; to: number }

/** What the finding is about: a moment is given a minute; what lasts runs to now. */
export function aboutSpan(f: Pick<CaseFile, 'from' | 'to' | 'first_at' | 'last_at'>, now: number): Span {
  const told = instant(f.from), from = (told !== undefined && told > UNKNOWN_BEFORE ? told : undefined) ?? instant(f.first_at) ?? now, to = Math.min(instant(f.to) ?? now, Math.max(now, from));
  return { from, to: Math.max(to, from + MINUTE) };
}

export const recordAt = (r: LogRecord): number | undefined => instant(r.at) ?? instant(r.t) ?? instant(r.recv_at);

const WINDOW_MIN = 6 * HOUR, WINDOW_MAX = 3500 * DAY;

/** The time it is about with a quarter on each side, and all of its records; never past now, never shorter than 6 h. */
export function evidenceWindow(f: Pick<CaseFile, 'from' | 'to' | 'first_at' | 'last_at' | 'records'>, now: number): Span {
  const about = aboutSpan(f, now), times = f.records.map(recordAt).filter((t): t is number => t !== undefined && t > now - WINDOW_MAX);
  let from = Math.min(about.from, ...times), to = Math.min(now, Math.max(about.to, ...times));
  const pad = Math.max((to - from) * 0.25, (WINDOW_MIN - (to - from)) / 2);
  from = Math.max(from - pad, now - WINDOW_MAX);
  to += pad;
  return { from, to: Math.min(to, now + (to - from) * 0.04) };
}

export interface RecordLane { type: string; times: number[]; inside: number }

/** One lane for each kind of record, in order of first appearance; at most `most`, the rest under one name. */
export function recordLanes(records: readonly LogRecord[], about: Span, most: number): RecordLane[] {
  const lanes = new Map<string, RecordLane>();
  for (const r of records) {
    const at = recordAt(r);
    if (at === undefined) continue;
    const type = lanes.has(r.type) || lanes.size < most ? r.type : 'other', lane = lanes.get(type) ?? { type, times: [], inside: 0 };
    lane.times.push(at);
    if (at >= about.from && at <= about.to) lane.inside++;
    lanes.set(type, lane);
  }
  return [...lanes.values()];
}

/** Share of the window that an agent watched, in permille; undefined when nothing was expected. */
export function watchedPermille(hours: readonly HourUse[], span: Span, step: number, now: number): number | undefined {
  const to = Math.min(span.to, Math.floor(now / HOUR) * HOUR), expected = (to - span.from) / MINUTE;
  if (expected < 60) return undefined;
  let seen = 0;
  for (const h of hours) {
    const at = instant(h.hour);
    if (at === undefined || at + step <= span.from || at >= to) continue;
    const share = (Math.min(at + step, to) - Math.max(at, span.from)) / step;
    seen += (h.coverage_minutes ?? 0) * share;
  }
  return Math.min(1000, Math.round(1000 * seen / expected));
}
