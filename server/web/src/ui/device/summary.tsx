// Summary: the next dates, what is open, and six figures.
import type { JSX } from 'preact';
import { date, instant, num, span } from '../../core/format';
import { href } from '../../data/route';
import { minute, rules, t } from '../../data/store';
import type { DeviceDetail, Due, Finding, Kpis } from '../../data/types';
import { type Loaded } from '../../data/store';
import { useOnce } from '../../data/use';
import { Dose } from '../dose';
import { oneVisit } from '../../core/weeks';
import { dueTitle, whatWords } from '../due-words';
import { Findings } from '../findings';
import { FigureLine, useDictionary } from '../kpi';
import { Content, Section, Time } from '../parts';

const DATES = 5, SIX = 6;
/** The figures that a manager asks for first; what the server does not have is left out, and others follow in its order. */
const FIRST = ['uptime', 'availability', 'exams_per_open_day', 'exams_per_day', 'mtbf', 'mttr', 'pm_compliance', 'qc_compliance', 'ctdivol_p50', 'data_completeness', 'beam_duty'];

export function Summary({ device, zone, dates, findings, kpis, retry }: { device: DeviceDetail; zone: string; dates: Loaded<Due[]>; findings: Loaded<Finding[]>; kpis: Loaded<Kpis>; retry: () => void }): JSX.Element {
  useOnce(rules);
  return <>
    <div class="three">
      <Dates state={dates} zone={zone} id={device.id} retry={retry} />
      <Content state={findings} zone={zone} retry={retry} rows={4} height={44}>{(all) => <Findings items={all} device={device.id} zone={zone} />}</Content>
      <SixFigures state={kpis} zone={zone} retry={retry} />
    </div>
    <Dose device={device} />
  </>;
}

function Dates({ state, zone, id, retry }: { state: Loaded<Due[]>; zone: string; id: string; retry: () => void }): JSX.Element {
  const tr = t.value, now = minute.value;
  return <Section id="dates" title={tr('summary.dates')}>
    <Content state={state} zone={zone} retry={retry} rows={5} height={44}>{(each) => { const all = oneVisit(each); return <>
      {all.length === 0 && <p class="none">{tr('summary.no_dates')}</p>}
      <ol class="dates">{all.slice(0, DATES).map((d) => { const at = instant(d.at) ?? now, late = d.overdue; return <li key={`${d.kind} ${d.ref} ${d.at}`} class={late ? 'late' : ''}>
        <span class="d"><Time at={at} zone={zone}>{date(at, zone, tr, Math.abs(at - now) > 300 * 86_400_000)}</Time></span>
        <span>{dueTitle(d)}<span class="more">{[whatWords(d.what), d.estimated ? tr('due.estimated') : ''].filter(Boolean).join(' · ')}</span></span>
        <span class="in">{late ? tr('due.late', { span: span(now - at, tr) }) : at < now ? tr('due.open_for', { span: span(now - at, tr) }) : tr('due.in', { span: span(at - now, tr) })}</span></li>; })}</ol>
      {all.length > DATES && <p class="note"><a href={href('/due', { device: id })}>{tr('summary.all_dates', { v: num(all.length) })}</a></p>}
    </>; }}</Content>
  </Section>;
}

function SixFigures({ state, zone, retry }: { state: Loaded<Kpis>; zone: string; retry: () => void }): JSX.Element {
  const tr = t.value, words = useDictionary(), rank = (id: string): number => { const i = FIRST.indexOf(id); return i < 0 ? FIRST.length : i; };
  return <Section id="six" title={tr('summary.figures')} meta={tr('summary.30d')}>
    <Content state={state} zone={zone} retry={retry} rows={6} height={40}>{(k) => k.figures.length === 0 ? <p class="none">{tr('kpis.none')}</p>
      : <>{k.figures.filter((f) => !f.part).map((f, i) => ({ f, i })).sort((a, b) => Number(a.f.value === null) - Number(b.f.value === null) || rank(a.f.id) - rank(b.f.id) || a.i - b.i).slice(0, SIX).map(({ f }) => <FigureLine key={f.id} figure={f} words={words} />)}</>}</Content>
  </Section>;
}
