// One table of states feeds bands, rows, pills and legends: word, glyph, colour and pattern of each.
import type { Device } from '../data/types';
import { instant } from './format';

export type Tone = 'ok' | 'idle' | 'fault' | 'warn' | 'susp' | 'void' | 'ret';
export interface Look { glyph: string; tone: Tone; fill?: string; pattern?: string; outline: string }

const pre = (glyph: string): Look => ({ glyph, tone: 'ret', pattern: 'pre', outline: 's-line2' });
const gone: Look = { glyph: 'retired', tone: 'ret', fill: 'f-ret', outline: 's-ret' };

export const LOOKS = {
  planned: pre('doc'), licensed: pre('doc'), procured: pre('doc'), delivered: pre('part'), installed: pre('pm'),
  acceptance: { glyph: 'retest', tone: 'idle', pattern: 'retest', outline: 's-idle' },
  ready: { glyph: 'ready', tone: 'idle', fill: 'f-bg dash', outline: 's-idle' },
  use: { glyph: 'use', tone: 'ok', fill: 'f-ok', outline: 's-ok' },
  on: { glyph: 'standby', tone: 'idle', fill: 'f-idle-s', outline: 's-idle' },
  pm: { glyph: 'pm', tone: 'idle', pattern: 'pm', outline: 's-idle' },
  fault: { glyph: 'fault', tone: 'fault', fill: 'f-fault', outline: 's-fault' },
  degraded: { glyph: 'degraded', tone: 'warn', pattern: 'degraded', outline: 's-warn' },
  retest: { glyph: 'retest', tone: 'idle', pattern: 'retest', outline: 's-idle' },
  suspended: { glyph: 'susp', tone: 'susp', pattern: 'susp', outline: 's-susp' },
  blocked: { glyph: 'susp', tone: 'susp', pattern: 'susp', outline: 's-susp' },
  sealed: { glyph: 'sealed', tone: 'susp', pattern: 'sealed', outline: 's-susp' },
  relocating: { glyph: 'part', tone: 'idle', pattern: 'pre', outline: 's-idle' },
  laid_up: { glyph: 'standby', tone: 'ret', fill: 'f-bg3', outline: 's-line2' },
  off: { glyph: 'off', tone: 'ret', fill: 'f-bg', outline: 's-line2' },
  void: { glyph: 'void', tone: 'void', pattern: 'void', outline: 's-void' },
  undeclared: { glyph: 'void', tone: 'void', fill: 'f-bg dash', outline: 's-line2' },
  decommissioned: gone, transferred: gone, disposed: gone, cancelled: gone, returned: gone,
  lost: { glyph: 'void', tone: 'fault', pattern: 'over', outline: 's-fault' },
} as const satisfies Record<string, Look>;

export type Kind = keyof typeof LOOKS;

export const look = (kind: Kind): Look => LOOKS[kind];

const LIFECYCLE: ReadonlyMap<string, Kind> = new Map([['in_use', 'use'], ['idle', 'laid_up']]);
const OPERATING: ReadonlyMap<string, Kind> = new Map([['scanning', 'use'], ['use', 'use'], ['standby', 'on'], ['on', 'on'], ['service', 'pm'], ['partial', 'degraded']]);

const has = (kind: string): kind is Kind => Object.prototype.hasOwnProperty.call(LOOKS, kind);

/** The picture of a lifecycle state by its code; a code this page does not know is drawn as not declared. */
export function lifecycleKind(code: string | null | undefined): Kind {
  const key = (code ?? '').toLowerCase();
  return LIFECYCLE.get(key) ?? (has(key) ? key : 'undeclared');
}

/** The picture of an operating state; what is not known is no data, never up. */
export function operatingKind(code: string | null | undefined): Kind {
  const key = (code ?? '').toLowerCase();
  return OPERATING.get(key) ?? (has(key) ? key : 'void');
}

const MUTE: ReadonlySet<Kind> = new Set(['planned', 'licensed', 'procured', 'delivered', 'relocating', 'laid_up', 'decommissioned', 'transferred', 'disposed', 'cancelled', 'returned']);

export interface StateNow { kind: Kind; since: number | undefined; note: 'since' | 'exam' | 'alarm' | 'silent' | 'partial' }

/** What one line says a device is doing now: what stops patients or leaves us blind comes before the paper state. */
export function stateNow(device: Device): StateNow {
  const lifecycle = lifecycleKind(device.state), operating = operatingKind(device.op_state);
  const since = instant(device.state_since);
  // Where nothing is expected to speak, silence is no news: before installation and after the end.
  if (MUTE.has(lifecycle)) return { kind: lifecycle, since, note: 'since' };
  if (device.silent) return { kind: 'void', since: instant(device.last_record_at) ?? instant(device.last_seen_at), note: 'silent' };
  if (lifecycle === 'fault') return { kind: 'fault', since, note: 'since' };
  if (lifecycle !== 'use' && lifecycle !== 'undeclared') return { kind: lifecycle, since, note: 'since' };
  if (operating === 'fault') return { kind: 'fault', since: instant(device.op_since), note: 'since' };
  if ((device.open_faults ?? 0) > 0) return { kind: 'degraded', since: undefined, note: 'partial' };
  if (operating === 'pm') return { kind: 'pm', since: instant(device.op_since), note: 'since' };
  if (operating === 'void') return { kind: 'void', since: instant(device.last_record_at), note: 'silent' };
  if (lifecycle === 'undeclared') return { kind: 'undeclared', since: undefined, note: 'exam' };
  return operating === 'off' ? { kind: 'off', since: instant(device.op_since), note: 'since' } : { kind: 'use', since, note: 'exam' };
}

const ORDER: readonly Kind[] = ['fault', 'lost', 'void', 'sealed', 'suspended', 'degraded', 'retest', 'pm', 'undeclared', 'acceptance', 'ready', 'use', 'on', 'off',
  'relocating', 'laid_up', 'installed', 'delivered', 'procured', 'licensed', 'planned', 'decommissioned', 'transferred', 'disposed', 'cancelled', 'returned'];

/** Sorted by consequence, then by name: an identity alarm first of all. */
export function byConsequence(a: Device, b: Device): number {
  const rank = (d: Device): number => d.identity_alarm ? -1 : ORDER.indexOf(stateNow(d).kind);
  return rank(a) - rank(b) || displayName(a).localeCompare(displayName(b), undefined, { numeric: true });
}

export const displayName = (device: Pick<Device, 'id' | 'name'>): string => device.name || device.id;
