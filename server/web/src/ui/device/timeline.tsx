// Timeline: the life as a list, at any instant, as it was known at any other.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { instant, moment, num, span, when } from '../../core/format';
import { compare, type Compared } from '../../core/known';
import { lifecycleKind, operatingKind } from '../../core/states';
import { instantOf, wallAt } from '../../core/zone';
import { api, serverNow } from '../../data/api';
import { query, setQuery } from '../../data/route';
import { minute, t } from '../../data/store';
import type { AsOf, Timeline } from '../../data/types';
import { useFetched } from '../../data/use';
import { Content, Section, State, stateWord, Time } from '../parts';

const p2 = (n: number): string => String(n).padStart(2, '0');
const local = (t0: number, zone: string): string => { const w = wallAt(t0, zone); return `${w.year}-${p2(w.month)}-${p2(w.day)}T${p2(w.hour)}:${p2(w.minute)}`; };
const parsed = (words: string, zone: string): number | undefined => { const m = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(words); return m ? instantOf(zone, Number(m[1]), Number(m[2]), Number(m[3]), Number(m[4]), Number(m[5])) : undefined; };
const ROWS_MAX = 200;

/** `then` is the timeline that the band shows; `now` what is known now, when that is another. */
export function TimelineTab({ id, zone, then, now }: { id: string; zone: string; then: Timeline; now?: Timeline }): JSX.Element {
  const tr = t.value, known = instant(query.value.known), at = instant(query.value.at) ?? undefined;
  return <>
    <AsOfForm zone={zone} at={at} known={known} />
    {at !== undefined && <Then id={id} zone={zone} at={at} known={query.value.known} />}
    <Section id="life-list" title={tr('timeline.list')} meta={known === undefined ? tr('band.known_now') : tr('timeline.known_at', { at: moment(known, zone, tr) })}>
      <List rows={compare(then.lanes.lifecycle ?? [], now?.lanes.lifecycle ?? then.lanes.lifecycle ?? [])} zone={zone} compared={now !== undefined} />
      <p class="note">{tr('timeline.note')}</p>
    </Section>
  </>;
}

function AsOfForm({ zone, at, known }: { zone: string; at: number | undefined; known: number | undefined }): JSX.Element {
  const tr = t.value, [atWords, setAt] = useState(at === undefined ? '' : local(at, zone)), [knownWords, setKnown] = useState(known === undefined ? '' : local(known, zone)), most = local(serverNow(), zone);
  const iso = (words: string): string | undefined => { const time = parsed(words, zone); return time === undefined ? undefined : new Date(Math.min(time, serverNow())).toISOString(); };
  const show = (event: Event): void => { event.preventDefault(); setQuery({ at: iso(atWords), known: iso(knownWords) }); };
  return <form class="asof" onSubmit={show} aria-label={tr('timeline.ask')}>
    <label class="field"><span>{tr('timeline.at')}</span><input type="datetime-local" value={atWords} max={most} onInput={(e) => setAt(e.currentTarget.value)} /><small>{tr('timeline.at_hint', { zone })}</small></label>
    <label class="field"><span>{tr('timeline.known')}</span><input type="datetime-local" value={knownWords} max={most} onInput={(e) => setKnown(e.currentTarget.value)} /><small>{tr('timeline.known_hint')}</small></label>
    <span class="acts"><button type="submit" class="btn">{tr('timeline.show')}</button>
      {(at !== undefined || known !== undefined) && <button type="button" class="link" onClick={() => { setAt(''); setKnown(''); setQuery({ at: undefined, known: undefined }); }}>{tr('timeline.reset')}</button>}</span>
  </form>;
}

/** What it was in at that instant, by what was known. */
function Then({ id, zone, at, known }: { id: string; zone: string; at: number; known?: string }): JSX.Element {
  const tr = t.value, iso = new Date(at).toISOString(), [state, retry] = useFetched<AsOf>(`${id} ${iso} ${known ?? ''}`, () => api.asOf(id, iso, known));
  return <Section id="as-of" title={tr('timeline.then', { at: moment(at, zone, tr) })} meta={known ? tr('timeline.known_at', { at: moment(instant(known) ?? 0, zone, tr) }) : tr('band.known_now')}>
    <Content state={state} zone={zone} retry={retry} rows={2} height={32}>{(s) => <p class="truth">
      <State pill kind={lifecycleKind(s.state)} /><span>{tr('lane.operating')}{tr('list.colon')} <b>{tr.or(`op.${operatingKind(s.operating)}`, stateWord(operatingKind(s.operating)))}</b></span>
      {(s.overlays ?? []).map((o) => <span key={o} class="flag">{tr.or(`overlay.${o}`, o.replaceAll('_', ' '))}</span>)}</p>}</Content>
  </Section>;
}

function List({ rows, zone, compared }: { rows: readonly Compared[]; zone: string; compared: boolean }): JSX.Element {
  const tr = t.value, now = minute.value, shown = [...rows].reverse().slice(0, ROWS_MAX);
  if (!shown.length) return <p class="none">{tr('timeline.none')}</p>;
  return <table class="stackt life">
    <thead><tr><th scope="col">{tr('timeline.state')}</th><th scope="col">{tr('timeline.from')}</th><th scope="col">{tr('timeline.to')}</th><th scope="col" class="num">{tr('timeline.lasted')}</th><th scope="col" class="num">{tr('records.index')}</th>{compared && <th scope="col">{tr('timeline.change')}</th>}</tr></thead>
    <tbody>{shown.map((r, i) => { const from = instant(r.from), to = instant(r.to); return <tr key={`${r.from} ${i}`} class={r.change}>
      <td><State kind={lifecycleKind(r.state)} /></td>
      <td data-l={tr('timeline.from')}><Time at={from} zone={zone}>{from !== undefined && when(from, now, zone, tr)}</Time></td><td data-l={tr('timeline.to')}>{to === undefined ? tr('axis.now') : <Time at={to} zone={zone}>{when(to, now, zone, tr)}</Time>}</td>
      <td class="num" data-l={tr('timeline.lasted')}>{from !== undefined && span((to ?? now) - from, tr)}</td><td class="num mono" data-l={tr('records.index')}>{num(r.log_index)}</td>
      {compared && <td>{r.change === 'same' ? <span class="dim">·</span> : <span class="flag">{tr(`timeline.${r.change}`)}</span>}</td>}</tr>; })}</tbody></table>;
}
