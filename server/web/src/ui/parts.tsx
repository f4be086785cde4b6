// What the screens are made of: section, figure, state, and the four ways of having nothing to show.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { clock, moment, span } from '../core/format';
import { type Kind, look, type StateNow } from '../core/states';
import type { ApiError } from '../data/api';
import { minute, type Loaded, t } from '../data/store';
import type { Device } from '../data/types';
import { Glyph } from './glyphs';
import { cell, line } from './svg';

/** An ink rule, a title, and what it covers on the right. `id` makes it a labelled region. */
export function Section(props: { id: string; title: string; sub?: ComponentChildren; meta?: ComponentChildren; tools?: ComponentChildren; cls?: string; children: ComponentChildren }): JSX.Element {
  return <section class={`sec ${props.cls ?? ''}`} aria-labelledby={props.id}>
    <header>
      <h2 id={props.id}>{props.title}</h2>
      {props.sub && <span class="sub">{props.sub}</span>}
      {props.meta && <span class="meta">{props.meta}</span>}
      {props.tools}
    </header>
    {props.children}
  </section>;
}

/** A figure has value, unit, period and coverage. */
export function Figure(props: { name: ComponentChildren; value: ComponentChildren; unit?: string; about: ComponentChildren; tone?: string; children?: ComponentChildren }): JSX.Element {
  return <div class="fig">
    <span class="k">{props.name}</span>
    <span class={`v ${props.tone ? 'c-' + props.tone : ''}`}>{props.value}{props.unit && <span class="u"> {props.unit}</span>}</span>
    <span class="p">{props.about}</span>
    {props.children}
  </div>;
}

export const stateWord = (kind: Kind): string => t.value(`state.${kind}`);

export function State({ kind, note, pill }: { kind: Kind; note?: ComponentChildren; pill?: boolean }): JSX.Element {
  return <span class={`st c-${look(kind).tone} ${pill ? 'pill' : ''}`}><Glyph name={look(kind).glyph} /><span>{stateWord(kind)}</span>{note && <small>{note}</small>}</span>;
}

/** What stands beside the state word: for how long, or what it has done today. */
export function stateNote(now: StateNow, device: Device): string | undefined {
  const tr = t.value;
  if (now.note === 'partial') return tr('note.open_faults', { n: device.open_faults ?? 0 });
  if (now.note === 'exam' && now.kind !== 'off' && device.exams_today) return tr('note.exam', { v: device.exams_today });
  if (now.note === 'silent' && now.since === undefined) return tr('note.never');
  return now.since === undefined ? undefined : tr('note.for', { span: span(minute.value - now.since, tr) });
}

/** Absolute on hover, in the zone, whatever is written in the line. */
export function Time({ at, zone, children }: { at: number | undefined; zone: string; children?: ComponentChildren }): JSX.Element {
  if (at === undefined) return <span class="dim">–</span>;
  return <time dateTime={new Date(at).toISOString()} title={`${moment(at, zone, t.value)} ${zone}`}>{children ?? clock(at, zone, true)}</time>;
}

/** Why a request failed, what is still true, and what can be done. */
export function Failure({ error, dataTo, zone, retry }: { error: ApiError; dataTo?: number; zone: string; retry: () => void }): JSX.Element {
  const tr = t.value, { code, title, detail, request_id: request, errors } = error.problem;
  const known = code === 'timeout' || code === 'unreachable';
  return <div class="banner fault" role="alert">
    <Glyph name="fault" tone="fault" />
    <span>
      <b>{known ? tr(`error.${code}`) : title || tr('error.other', { v: error.status })}</b>
      {detail && <span class="more">{detail}</span>}
      {errors && errors.length > 1 && <ul class="more">{errors.slice(0, 12).map((e) => <li key={e.pointer}><span class="mono">{e.pointer}</span> {e.detail}</li>)}</ul>}
      <span class="more">{dataTo === undefined ? tr('error.no_data') : tr('error.data_to', { time: clock(dataTo, zone, true) })}
        {request && <> · {tr('error.request')} <code class="mono">{request}</code></>}</span>
    </span>
    <button type="button" class="btn slim" onClick={retry}>{tr('act.retry')}</button>
  </div>;
}

/** Grey lines of the size of what is coming, but only after 200 ms: a quick answer shows none. */
export function Skeleton({ rows, height }: { rows: number; height: number }): JSX.Element {
  const [late, setLate] = useState(false);
  useEffect(() => { const timer = setTimeout(() => setLate(true), 200); return () => clearTimeout(timer); }, []);
  return <div class="skel" role="status" aria-label={t.value('load.busy')}>
    <svg width="100%" height={rows * height} aria-hidden="true">
      {late && Array.from({ length: rows }, (_, i) => <rect key={i} x="0" y={i * height + height / 2 - 6} width={`${88 - (i * 37) % 30}%`} height="12" class="f-bg3" />)}
    </svg>
  </div>;
}

/** The usual order: an error above what is still known, a skeleton when nothing is known yet, else the content. */
export function Content<T>(props: { state: Loaded<T>; zone: string; retry: () => void; rows: number; height?: number; children: (data: T) => ComponentChildren }): JSX.Element {
  const { data, error, at, busy } = props.state;
  return <>
    {error && <Failure error={error} dataTo={at} zone={props.zone} retry={props.retry} />}
    {data !== undefined ? props.children(data) : busy && !error ? <Skeleton rows={props.rows} height={props.height ?? 34} /> : null}
  </>;
}

/** State = glyph + pattern + word, for the states that a picture above can show. */
export function Legend({ kinds, extra }: { kinds: readonly (Kind | 'powered')[]; extra?: ComponentChildren }): JSX.Element {
  return <ul class="legend">
    {kinds.map((kind) => <li key={kind}>
      <svg class="sw" viewBox="0 0 22 12" aria-hidden="true">{swatch(kind)}</svg>
      {kind === 'powered' ? t.value('state.on') : <><Glyph name={look(kind).glyph} />{kind === 'use' ? t.value('legend.use') : stateWord(kind)}</>}
    </li>)}
    {extra}
  </ul>;
}

function swatch(kind: Kind | 'powered'): JSX.Element {
  if (kind === 'off') return line(0, 10.5, 22, 10.5, 's-line2 w1');
  if (kind === 'powered') return <rect width="22" height="12" class="f-ok-s" />;
  return cell(kind, 0, 0, 22, 12);
}
