// Figures: the fleet by KPI over a period, sortable; a figure that is not known is hatched and says why.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { num, permille } from '../core/format';
import { fleetShare, written } from '../core/figures';
import { api, FIGURES_MAX } from '../data/api';
import { deviceHref, query, setQuery } from '../data/route';
import { fleetZone, orgName, orgs, placeWords, t } from '../data/store';
import type { Figure, FleetKpis, Kpis } from '../data/types';
import { useFetched, useOnce } from '../data/use';
import { Frame } from '../ui/frame';
import { CoverageBar, kpiName, unitOf, useDictionary, whyNull, type Words } from '../ui/kpi';
import { Content, Section } from '../ui/parts';
import { periodNow, PeriodPick, periodWords } from '../ui/period';
import { Takeaway } from '../ui/takeaway';

const STEP = 100, COLUMNS = 8;
const nameOf = (k: Kpis): string => k.device_name || k.device || '';

export function FiguresPage(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, asked = query.value, period = periodNow(zone), words = useDictionary(), from = new Date(period.from).toISOString(), to = new Date(period.to).toISOString();
  useOnce(orgs);
  const [state, reload] = useFetched<FleetKpis>(`${from} ${to}`, () => api.fleetKpis({ from, to }), 600_000);
  useEffect(() => { document.title = `Gantry · ${tr('nav.figures')}`; }, [tr]);
  return <Frame zone={zone}>
    <div class="head"><div><h1 tabIndex={-1}>{tr('nav.figures')}</h1><p class="lede">{tr('figures.lede', { period: periodWords(period, zone) })}</p></div></div>
    <div class="filters"><PeriodPick now={period} />
      <label class={`pick ${asked.org ? 'on' : ''}`}><span>{tr('queue.org')}</span><select value={asked.org ?? ''} onChange={(e) => setQuery({ org: e.currentTarget.value })}><option value="">{tr('queue.any')}</option>{[...new Set((state.data?.items ?? []).map((k) => k.org).filter((o): o is string => Boolean(o)))].map((o) => <option key={o} value={o}>{orgName(o)}</option>)}</select></label>
      <span class="meta"><Takeaway resource="kpis" params={{ from, to, org: asked.org }} /></span></div>
    <Content state={state} zone={zone} retry={reload} rows={12} height={34}>{(k) => k.items.length === 0 ? <p class="none">{tr('figures.none')}</p> : <Table items={k.items.filter((i) => !asked.org || i.org === asked.org)} words={words} />}</Content>
  </Frame>;
}

/** What is shown first of the figures that anybody has. */
const FIRST = ['uptime', 'availability', 'mtbf', 'mttr', 'pm_compliance', 'exams_per_day', 'beam_duty', 'abort_rate'];
const ranked = (ids: readonly string[]): string[] => [...FIRST.filter((id) => ids.includes(id)), ...ids.filter((id) => !FIRST.includes(id))];
/** The figures that any device has, in the server's order. */
const idsOf = (items: readonly Kpis[]): string[] => [...new Set(items.flatMap((k) => k.figures.filter((f) => !f.part).map((f) => f.id)))];

function Table({ items, words }: { items: readonly Kpis[]; words: Words }): JSX.Element {
  const tr = t.value, [shown, setShown] = useState(STEP), all = idsOf(items), told = all.filter((id) => items.some((k) => k.figures.some((f) => f.id === id && f.value !== null))), asked = query.value, down = asked.sort?.startsWith('-') ?? false, sort = asked.sort?.replace(/^-/, '');
  // Eight columns fit; the figure that is sorted by is always one of them, the others are a choice.
  const first = ranked(told.length ? told : all).slice(0, COLUMNS), wanted = (asked.cols?.split(',') ?? []).filter((c) => all.includes(c)), ids = wanted.length ? wanted : sort && all.includes(sort) && !first.includes(sort) ? [...first.slice(0, -1), sort] : first;
  const valueOf = (k: Kpis): number | null => sort === 'coverage' ? k.coverage_permille ?? null : k.figures.find((f) => f.id === sort && !f.part)?.value ?? null;
  const sorted = [...items].sort((a, b) => {
    if (!sort || sort === 'device') return nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }) * (down ? -1 : 1);
    const x = valueOf(a), y = valueOf(b);
    // What is not known is last, whichever way.
    return x === null || y === null ? Number(x === null) - Number(y === null) : (x - y) * (down ? -1 : 1) || nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true });
  });
  return <Section id="fleet-figures" title={tr('figures.title')} meta={tr('figures.meta', { n: items.length, v: num(items.length) })}>
    <details class="cols-pick"><summary>{tr('figures.columns', { v: ids.length, all: all.length })}</summary><span class="checks">{all.map((id) => <label key={id}><input type="checkbox" checked={ids.includes(id)} onChange={(e) => setQuery({ cols: (e.currentTarget.checked ? [...ids, id] : ids.filter((c) => c !== id)).join(',') })} /> {kpiName(id, words)}</label>)}</span></details>
    <label class="pick show-p"><span>{tr('figures.sort')}</span><select value={asked.sort ?? 'device'} onChange={(e) => setQuery({ sort: e.currentTarget.value })}><option value="device">{tr('fleet.device')}</option>{ids.flatMap((id) => [`-${id}`, id].map((v) => <option key={v} value={v}>{kpiName(id, words)} {v.startsWith('-') ? '▾' : '▴'}</option>))}</select></label>
    <div class="scroll wide" tabIndex={0} role="region" aria-label={tr('figures.title')}><table class="matrix">
      <thead><tr><Head id="device" name={tr('fleet.device')} sort={sort ?? 'device'} down={down} />{ids.map((id) => <Head key={id} id={id} name={kpiName(id, words)} unit={unitWord(id, items, words)} sort={sort ?? 'device'} down={down} num />)}<Head id="coverage" name={tr('kpis.coverage')} unit="%" sort={sort ?? 'device'} down={down} num /></tr></thead>
      <tbody>{sorted.slice(0, shown).map((k) => <tr key={k.device}><th scope="row"><a href={deviceHref(k.device ?? '', { tab: 'figures', period: asked.period })}><b>{nameOf(k)}</b></a><span class="more">{placeWords(k.org, k.site)}</span></th>
        {ids.map((id) => <Cell key={id} f={k.figures.find((f) => f.id === id && !f.part)} name={kpiName(id, words)} words={words} />)}<td class="num cov" data-l={tr('kpis.coverage')}><CoverageBar permille={k.coverage_permille} /> {permille(k.coverage_permille)}</td></tr>)}</tbody>
      <tfoot><tr class="sum"><th scope="row">{tr('figures.all')}</th>{ids.map((id) => { const sum = fleetShare(items, id); return <td key={id} class="num" data-l={kpiName(id, words)} title={sum && tr('month.about', { n: sum.devices, all: items.length, v: permille(sum.coverage) })}>{sum ? <b>{written(sum.value, sum.unit).text}</b> : '–'}{sum && <span class="more">{tr('figures.of', { n: num(sum.devices), all: num(items.length) })}</span>}</td>; })}<td /></tr></tfoot>
    </table></div>
    {sorted.length > shown && <button type="button" class="btn more-btn" onClick={() => setShown(shown + STEP)}>{tr('list.show_more', { n: sorted.length - shown })}</button>}
    <p class="note">{tr('figures.note')} {items.length >= FIGURES_MAX && <b>{tr('queue.cut', { v: num(FIGURES_MAX) })}</b>}</p>
  </Section>;
}

const unitWord = (id: string, items: readonly Kpis[], words: Words): string => { const f = items.flatMap((k) => k.figures).find((x) => x.id === id && x.value !== null); return f ? written(f.value, unitOf(f, words)).unit : ''; };

function Head({ id, name, unit, sort, down, num: right }: { id: string; name: string; unit?: string; sort: string; down: boolean; num?: boolean }): JSX.Element {
  const on = sort === id, next = on && down ? id : on ? `-${id}` : right ? `-${id}` : id;
  return <th scope="col" class={right ? 'num' : ''} aria-sort={on ? down ? 'descending' : 'ascending' : 'none'}><button type="button" class={`sort ${on ? 'on' : ''}`} onClick={() => setQuery({ sort: next })}>{name}{unit && <span class="u"> {unit}</span>}<span aria-hidden="true" class="arrow">{on ? down ? '▾' : '▴' : ''}</span></button></th>;
}

/** A value with its coverage when that is less than nearly all; unknown is hatched. */
function Cell({ f, name, words }: { f: Figure | undefined; name: string; words: Words }): JSX.Element {
  if (!f || f.value === null) return <td class="num nil" data-l={name} title={f ? whyNull(f) : t.value('kpis.unknown')}><span class="vh">{f ? whyNull(f) : t.value('kpis.unknown')}</span><svg width="36" height="10" aria-hidden="true"><rect x=".5" y=".5" width="35" height="9" fill="url(#p-void)" class="s-void w1" /></svg></td>;
  const { text, unit } = written(f.value, unitOf(f, words)), thin = typeof f.coverage_permille === 'number' && f.coverage_permille < 900;
  return <td class="num" data-l={name}><b>{text}</b><span class="u show-p"> {unit}</span>{thin && <span class="more">{t.value('figures.thin', { v: permille(f.coverage_permille) })}</span>}</td>;
}
