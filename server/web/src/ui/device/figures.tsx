// Figures: every KPI of a device with what it was divided by, how much was watched, and its definition.
import type { JSX } from 'preact';
import { permille } from '../../core/format';
import { written } from '../../core/figures';
import { api } from '../../data/api';
import { t } from '../../data/store';
import type { DeviceDetail, Figure as Kpi, Kpis } from '../../data/types';
import { useFetched } from '../../data/use';
import { CoverageBar, kpiName, overWords, partWord, unitOf, useDictionary, whyNull, type Words } from '../kpi';
import { Content, Section } from '../parts';
import { periodNow, PeriodPick, periodWords } from '../period';
import { Takeaway } from '../takeaway';

export function Figures({ device, zone }: { device: DeviceDetail; zone: string }): JSX.Element {
  const tr = t.value, words = useDictionary(), period = periodNow(zone), from = new Date(period.from).toISOString(), to = new Date(period.to).toISOString();
  const [state, retry] = useFetched<Kpis>(`${device.id} ${from} ${to}`, () => api.kpis({ device: device.id, from, to }));
  return <Section id="figures" title={tr('nav.figures')} sub={periodWords(period, zone)} tools={<PeriodPick now={period} />}>
    <Content state={state} zone={zone} retry={retry} rows={12} height={40}>{(k) => k.figures.length === 0 ? <p class="none">{tr('kpis.none')}</p> : <table class="stackt kpis">
      <thead><tr><th scope="col">{tr('kpis.figure')}</th><th scope="col" class="num">{tr('kpis.value')}</th><th scope="col" class="num">{tr('kpis.over')}</th><th scope="col" class="num">{tr('kpis.coverage')}</th><th scope="col">{tr('kpis.definition')}</th></tr></thead>
      <tbody>{k.figures.map((f) => <Row key={`${f.id} ${f.part ?? ''}`} f={f} words={words} />)}</tbody></table>}</Content>
    <p class="note">{tr('kpis.note')} <Takeaway resource="kpis" params={{ device: device.id, from, to }} /></p>
  </Section>;
}

function Row({ f, words }: { f: Kpi; words: Words }): JSX.Element {
  const tr = t.value, entry = words.get(f.id), { text, unit } = written(f.value, unitOf(f, words)), formula = entry?.formula ?? f.definition;
  return <tr>
    <td class={f.part ? 'part' : ''}>{f.part ? partWord(f.part) : <b>{kpiName(f.id, words)}</b>}</td>
    <td class="num big" data-l={tr('kpis.value')}>{f.value === null ? <span class="dim">–</span> : <><b>{text}</b> <span class="u">{unit}</span></>}</td>
    <td class="num" data-l={tr('kpis.over')}>{overWords(f, words) || '–'}</td>
    <td class="num cov" data-l={tr('kpis.coverage')}><CoverageBar permille={f.coverage_permille} /> {permille(f.coverage_permille)} <span class="u">%</span></td>
    <td class="def" data-l={tr('kpis.definition')}>{f.value === null && <span class="c-warn">{whyNull(f)}. </span>}{f.part ? '' : <>{formula || '–'}{entry?.source && <span class="more">{entry.source}</span>}</>}</td>
  </tr>;
}
