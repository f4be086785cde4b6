// Papers as spans on a time axis, and forms as papers. Pure.
import type { Paper, PaperField } from '../data/types';
import { instant } from './format';
import { DAY } from './zone';

const FOREVER = 8.64e15;

export interface PaperSpan { key: string; group: string; label: string; from: number; to: number; forever: boolean; paper: Paper }

const text = (body: Readonly<Record<string, unknown>> | null, ...keys: string[]): string => {
  for (const key of keys) { const v = body?.[key]; if (typeof v === 'string' && v) return v; }
  return '';
};

/** What one calls a paper: its number, name or title, else its id. */
export const paperName = (p: Paper): string => text(p.body, 'no', 'name', 'title', 'what') || p.id;

/** "permit.radiation_safety", "contract.service", "test.status": what a paper is, finer than its kind. */
export const paperGroup = (p: Paper): string => { const kind = text(p.body, 'kind', 'work'); return kind ? `${p.kind}.${kind}` : p.kind; };

/** When a paper holds: validity, or the day it is about. Undefined for what has no time. */
export function paperSpan(p: Paper): PaperSpan | undefined {
  const b = p.body ?? {}, at = (key: string): number | undefined => typeof b[key] === 'string' ? instant(b[key] as string) : undefined;
  const from = at('from') ?? at('at') ?? at('opened_at') ?? at('notice_at') ?? at('promised_at') ?? at('purchased_at') ?? instant(p.filed_at);
  if (from === undefined) return undefined;
  const cancelled = at('cancelled_at'), end = at('to') ?? at('training_to') ?? at('due_at') ?? at('close_by') ?? at('ended_at');
  const point = p.kind === 'test' || p.kind === 'document' || p.kind === 'adverse_event', to = cancelled ?? end ?? (point ? from : FOREVER);
  return { key: `${p.kind} ${p.id}`, group: paperGroup(p), label: paperName(p), from, to, forever: to === FOREVER, paper: p };
}

const text2 = (p: Paper): string => text(p.body, 'subject', 'person', 'item', 'room');

export interface PaperRow { key: string; lead: Paper; spans: PaperSpan[]; earlier: Paper[] }

/** One row for each paper of which there may be only one in force: the one that holds now, or comes, or was last; the others behind it. */
export function paperRows(papers: readonly Paper[], now: number): PaperRow[] {
  const groups = new Map<string, Paper[]>();
  for (const p of papers) {
    const single = ['device_sheet', 'room', 'org', 'site', 'person', 'operator', 'schedule', 'recall', 'recall_answer', 'commitment', 'adverse_event', 'opening_hours'].includes(p.kind), devices = p.body?.devices, key = [paperGroup(p), single ? p.id : '', text2(p), Array.isArray(devices) ? devices.join(' ') : ''].join('|');
    groups.set(key, [...groups.get(key) ?? [], p]);
  }
  return [...groups].map(([key, list]) => {
    const spans = list.map(paperSpan).filter((s): s is PaperSpan => s !== undefined), rank = (s: PaperSpan): number => ({ good: 0, soon: 0, ahead: 1, point: 2, over: 3 })[paperState(s, now)];
    const sorted = [...spans].sort((a, b) => rank(a) - rank(b) || b.to - a.to || b.from - a.from), lead = sorted[0]?.paper ?? (list[0] as Paper);
    return { key, lead, spans: spans.sort((a, b) => a.from - b.from), earlier: sorted.slice(1).map((s) => s.paper) };
  });
}

export type PaperState = 'ahead' | 'good' | 'soon' | 'over' | 'point';

/** How a span stands now; within 90 days of its end it is soon over. */
export function paperState(s: Pick<PaperSpan, 'from' | 'to'>, now: number): PaperState {
  if (s.to === s.from) return 'point';
  if (s.from > now) return 'ahead';
  return s.to <= now ? 'over' : s.to < now + 90 * DAY ? 'soon' : 'good';
}

/** Groups that stand on the band, in its order. */
const LANE_GROUPS = ['permit.radiation_safety', 'permit.radiodiagnosis', 'permit.config_licence', 'permit.product_registration', 'contract.service', 'contract.warranty'] as const;
export interface PaperLine { group: string; spans: PaperSpan[]; gaps: { from: number; to: number }[] }

/** One line for each kind of permit and contract on file, with the times since the first in which none of it held. */
export function paperLines(papers: readonly Paper[], now: number, knownAt = Infinity): PaperLine[] {
  const spans = papers.filter((p) => !p.withdrawn && (instant(p.filed_at) ?? 0) <= knownAt).map(paperSpan).filter((s): s is PaperSpan => s !== undefined);
  return LANE_GROUPS.flatMap((group) => {
    const own = spans.filter((s) => s.group === group).sort((a, b) => a.from - b.from), gaps: { from: number; to: number }[] = [];
    if (!own.length) return [];
    let held = own[0]?.from ?? now;
    for (const s of own) { if (s.from > held) gaps.push({ from: held, to: Math.min(s.from, now) }); held = Math.max(held, s.to); }
    if (held < now && group.startsWith('permit')) gaps.push({ from: held, to: now });
    return [{ group, spans: own, gaps: gaps.filter((g) => g.to > g.from) }];
  });
}

/** The kind of paper, with what is known of it beforehand, that ends a missing entry; what is kept by its file alone is a document. */
const SATISFIES: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>> = {
  config_licence: ['permit', { kind: 'config_licence' }], radiation_safety: ['permit', { kind: 'radiation_safety' }], radiodiagnosis: ['permit', { kind: 'radiodiagnosis' }], registration_certificate: ['permit', { kind: 'product_registration' }],
  contract: ['contract', { kind: 'purchase' }], acceptance_report: ['test', { kind: 'acceptance' }], site_survey: ['test', { kind: 'site_protection' }], operator_certificates: ['operator', {}], pm_plan: ['schedule', { work: 'pm' }],
  constancy_plan: ['schedule', { work: 'constancy' }], work_order: ['work_order', {}], device_sheet: ['device_sheet', {}], serial: ['device_sheet', {}], udi: ['device_sheet', {}], shielding_review: ['room', {}], control_effect_evaluation: ['room', {}],
};
/** `device_sheet.model` asks for a field of the sheet. */
export const satisfies = (asked: string): { kind: string; known: Readonly<Record<string, string>> } => { const missing = asked.split('.')[0] ?? asked, [kind, known] = SATISFIES[missing] ?? ['document', { kind: missing }]; return { kind, known }; };

/** A paper id from its kind, what it is for and a day: readable, and of the allowed characters only. */
export const suggestId = (kind: string, known: string, device: string, day: string): string =>
  kind === 'device_sheet' ? device : [kind, known, device, day].filter(Boolean).join('-').replace(/[^A-Za-z0-9._:-]/g, '-').slice(0, 64);

export type Filled = string | boolean | Filled[] | { [key: string]: Filled };

/** Form values as the paper's body; what was left empty is left out. `time` turns a control's text into an instant. */
export function toBody(fields: readonly PaperField[], filled: Readonly<Record<string, Filled | undefined>>, time: (words: string) => string | undefined): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of fields) { const value = toValue(field, filled[field.name], time); if (value !== undefined) out[field.name] = value; }
  return out;
}

function toValue(field: PaperField, value: Filled | undefined, time: (words: string) => string | undefined): unknown {
  if (value === undefined || value === '') return undefined;
  if (field.kind === 'list') {
    const of = field.fields?.[0], values = Array.isArray(value) ? value : String(value).split('\n').map((s) => s.trim()).filter(Boolean);
    const out = of ? values.map((v) => toValue(of, v, time)).filter((v) => v !== undefined) : values;
    return out.length ? out : undefined;
  }
  if (field.kind === 'object') {
    const inner = toBody(field.fields ?? [], value as Record<string, Filled>, time);
    return Object.keys(inner).length ? inner : undefined;
  }
  const words = String(value).trim();
  if (!words) return undefined;
  if (field.kind === 'int') return Number(words);
  if (field.kind === 'bool') return words === 'true';
  return field.kind === 'time' ? time(words) : words;
}
