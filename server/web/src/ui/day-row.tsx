// The 24 h row: one axis for all devices; the ground is the condition, the bars the share of each half hour in use.
import { Fragment, type JSX } from 'preact';
import { clock, instant, num } from '../core/format';
import { linear, niceTop } from '../core/scale';
import { operatingKind, type Kind } from '../core/states';
import { DAY, HOUR, instantOf, MINUTE, wallAt } from '../core/zone';
import { t } from '../data/store';
import type { DayCell, Device } from '../data/types';
import { stateWord } from './parts';
import { cell, line, Plot, rect, text } from './svg';

const HALF_HOUR = 30 * MINUTE;

/** The axis begins with the oldest of the 48 half hours, of which the last is under way. */
const start = (now: number): number => Math.floor(now / HALF_HOUR) * HALF_HOUR + HALF_HOUR - DAY;

interface Piece { kind: Kind; from: number; to: number; use: number }

function pieces(cells: readonly DayCell[] | undefined, from: number, to: number): Piece[] {
  const out: Piece[] = [];
  for (const c of cells ?? []) {
    const a = instant(c.from), b = instant(c.to);
    if (a === undefined || b === undefined || b <= from || a >= to) continue;
    out.push({ kind: operatingKind(c.state), from: Math.max(a, from), to: Math.min(b, to), use: c.use_permille ?? 0 });
  }
  return out.sort((a, b) => a.from - b.from);
}

/** Runs of the same kind, with hatched runs where the server said nothing: silence is a state. */
function runs(parts: readonly Piece[], from: number, to: number): { kind: Kind; from: number; to: number }[] {
  const out: { kind: Kind; from: number; to: number }[] = [];
  const add = (kind: Kind, a: number, b: number): void => {
    const last = out[out.length - 1];
    if (b - a < 1000) return;
    if (last && last.kind === kind && a - last.to < 1000) last.to = b; else out.push({ kind, from: a, to: b });
  };
  let reached = from;
  for (const p of parts) {
    if (p.from > reached) add('void', reached, p.from);
    add(p.kind === 'on' ? 'use' : p.kind, Math.max(p.from, reached), p.to);
    reached = Math.max(reached, p.to);
  }
  if (reached < to) add('void', reached, to);
  return out;
}

/** The value at the top of every bar: the busiest half hour of the fleet, rounded up, so that small use is seen. */
export function fleetTop(devices: readonly Device[]): number {
  let max = 0;
  for (const d of devices) for (const c of d.bands_24h ?? []) max = Math.max(max, c.use_permille ?? 0);
  return Math.max(10, Math.min(1000, niceTop(max)));
}

function sixHours(from: number, to: number, zone: string): number[] {
  const first = wallAt(from, zone), out: number[] = [];
  for (let hour = 0; hour < 54; hour += 6) {
    const at = instantOf(zone, first.year, first.month, first.day, hour);
    if (at > from && at < to) out.push(at);
  }
  return out;
}

export function DayAxis({ now, zone }: { now: number; zone: string }): JSX.Element {
  return <Plot height={18} draw={(w) => {
    const x = linear(start(now), now, 0, w), word = t.value('axis.now');
    return <>
      {sixHours(start(now), now, zone).map((at) => <Fragment key={at}>
        {line(x(at), 14, x(at), 18, 's-line2 w1')}
        {x(at) > 16 && x(at) < w - 44 && text(x(at), 11, clock(at, zone), 't-mid-a')}
      </Fragment>)}
      {text(w, 11, word, 't-end t-ink t-b')}
    </>;
  }} />;
}

function describe(device: Device, all: readonly { kind: Kind; from: number; to: number }[]): string {
  const totals = new Map<Kind, number>();
  for (const r of all) totals.set(r.kind, (totals.get(r.kind) ?? 0) + r.to - r.from);
  const words = [...totals].map(([kind, ms]) => `${kind === 'use' ? t.value('legend.use') : stateWord(kind)} ${num(ms / HOUR, 1)} h`);
  return t.value('band.day_label', { name: device.name || device.id, list: words.join(t.value('list.sep')) });
}

export function DayRow({ device, now, zone, top }: { device: Device; now: number; zone: string; top: number }): JSX.Element {
  const from = start(now), parts = pieces(device.bands_24h, from, now), all = runs(parts, from, now);
  return <Plot height={22} label={describe(device, all)} draw={(w) => {
    const x = linear(from, now, 0, w);
    return <>
      {all.map((r) => <Fragment key={r.from}>{ground(r.kind, x(r.from), x(r.to))}</Fragment>)}
      {parts.filter((p) => p.use > 0 && ['use', 'on', 'degraded'].includes(p.kind)).map((p) => {
        const high = Math.max(1.5, Math.min(1, p.use / top) * 14), wide = x(p.to) - x(p.from);
        return <rect key={p.from} x={x(p.from) + 0.5} y={18 - high} width={Math.max(0.8, wide - 1)} height={high} class={p.kind === 'degraded' ? 'f-warn' : 'f-ok'} />;
      })}
      {sixHours(from, now, zone).map((at) => <Fragment key={at}>{line(Math.round(x(at)) + 0.5, 1, Math.round(x(at)) + 0.5, 3, 's-line2 w1')}{line(Math.round(x(at)) + 0.5, 19, Math.round(x(at)) + 0.5, 21, 's-line2 w1')}</Fragment>)}
      {line(w - 0.5, 0, w - 0.5, 22, 's-ink w1')}
    </>;
  }} />;
}

function ground(kind: Kind, a: number, b: number): JSX.Element {
  if (kind === 'use') return rect(a, 4, b - a, 14, 'f-ok-s');
  if (kind === 'degraded') return <>{rect(a, 4, b - a, 14, 'f-warn-s')}{rect(a, 4, b - a, 4, '', 'degraded')}</>;
  if (kind === 'off') return line(a, 17.5, b, 17.5, 's-line2 w1 crisp');
  return cell(kind, a, 4, b - a, 14);
}
