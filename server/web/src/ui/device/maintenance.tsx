// Maintenance: what is planned and when it comes next, and the work orders with their times.
import { Fragment, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { date, instant, num, span, when } from '../../core/format';
import { paperName } from '../../core/papers';
import { linear, textWidth, timeTicks } from '../../core/scale';
import { DAY } from '../../core/zone';
import { type Loaded, minute, t } from '../../data/store';
import type { DeviceDetail, Due, Paper } from '../../data/types';
import { useOnce } from '../../data/use';
import { dueTitle, whatWords } from '../due-words';
import { Glyph } from '../glyphs';
import { Content, Section, Time } from '../parts';
import { line, Plot, rect, text } from '../svg';
import { type Filing, FilingDialog } from './filing';
import { paperKinds } from './kinds';

const at = (p: Paper, key: string): number | undefined => typeof p.body?.[key] === 'string' ? instant(p.body[key] as string) : undefined;
const word = (p: Paper, key: string): string => { const v = p.body?.[key]; return typeof v === 'string' ? t.value.or(`value.${v}`, v.replaceAll('_', ' ')) : ''; };
const MINE = new Set(['maintenance', 'constancy', 'status_test', 'site_protection', 'work_order']);

export function Maintenance({ device, zone, papers, dates, retry }: { device: DeviceDetail; zone: string; papers: Loaded<Paper[]>; dates: Loaded<Due[]>; retry: () => void }): JSX.Element {
  const kinds = useOnce(paperKinds).data, [filing, file] = useState<Filing>();
  return <>
    <Content state={dates} zone={zone} retry={retry} rows={3} height={44}>{(all) => <Next dates={all.filter((d) => MINE.has(d.kind))} zone={zone} />}</Content>
    <Content state={papers} zone={zone} retry={retry} rows={6} height={34}>{(all) => <>
      <Schedules papers={all.filter((p) => p.kind === 'schedule' && !p.withdrawn)} dates={dates.data ?? []} zone={zone} add={() => file({ kind: 'schedule' })} change={(paper) => file({ kind: 'schedule', paper })} />
      <WorkOrders papers={all.filter((p) => p.kind === 'work_order' && !p.withdrawn)} zone={zone} add={() => file({ kind: 'work_order' })} change={(paper) => file({ kind: 'work_order', paper })} />
    </>}</Content>
    {filing && kinds && <FilingDialog device={device} kinds={kinds} filing={filing} zone={zone} close={() => file(undefined)} done={retry} />}
  </>;
}

function Next({ dates, zone }: { dates: readonly Due[]; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, [first] = dates.filter((d) => d.kind !== 'work_order'), when0 = instant(first?.at);
  if (!first || when0 === undefined) return <p class="lede spaced">{tr('maint.nothing_due')}</p>;
  return <p class="lede spaced">{tr(when0 < now ? 'maint.late' : 'maint.next', { what: dueTitle(first), name: whatWords(first.what), day: date(when0, zone, tr, true), span: span(Math.abs(when0 - now), tr) })}</p>;
}

/** What makes a plan come again: days, hours of beam, exams, charge. */
function interval(p: Paper): string {
  const tr = t.value, b = p.body ?? {}, n = (key: string): number | undefined => typeof b[key] === 'number' ? b[key] as number : undefined, out: string[] = [];
  if (n('every_days')) out.push(tr('maint.every_days', { n: n('every_days') as number, v: num(n('every_days')) }));
  if (n('every_scan_ms')) out.push(tr('maint.every_scan', { v: num((n('every_scan_ms') as number) / 3_600_000) }));
  if (n('every_exams')) out.push(tr('maint.every_exams', { v: num(n('every_exams')) }));
  if (n('every_mas')) out.push(tr('maint.every_mas', { v: num(n('every_mas')) }));
  return out.join(tr('list.or')) || '–';
}

function Schedules({ papers, dates, zone, add, change }: { papers: readonly Paper[]; dates: readonly Due[]; zone: string; add: () => void; change: (p: Paper) => void }): JSX.Element {
  const tr = t.value, now = minute.value;
  return <Section id="schedules" title={tr('maint.schedules')} meta={num(papers.length)} tools={<button type="button" class="btn slim push" onClick={add}><Glyph name="new" />{tr('maint.add_schedule')}</button>}>
    {papers.length === 0 ? <p class="none">{tr('maint.no_schedule')}</p> : <table class="stackt plans">
      <thead><tr><th scope="col">{tr('maint.plan')}</th><th scope="col">{tr('maint.work')}</th><th scope="col">{tr('maint.interval')}</th><th scope="col">{tr('maint.next_due')}</th><th scope="col"><span class="vh">{tr('queue.go')}</span></th></tr></thead>
      <tbody>{papers.map((p) => { const next = dates.find((d) => d.ref === p.id), due = instant(next?.at), late = due !== undefined && due < now; return <tr key={p.id}>
        <td><b>{whatWords(paperName(p))}</b></td><td data-l={tr('maint.work')}>{word(p, 'work')}</td><td data-l={tr('maint.interval')}>{interval(p)}</td>
        <td data-l={tr('maint.next_due')} class={late ? 'c-fault' : ''}>{due === undefined ? '–' : <><b><Time at={due} zone={zone}>{date(due, zone, tr, true)}</Time></b> <span class="nw">{late ? tr('due.late', { span: span(now - due, tr) }) : tr('due.in', { span: span(due - now, tr) })}{next?.estimated && ` · ${tr('due.estimated')}`}</span></>}</td>
        <td class="num"><button type="button" class="btn slim" onClick={() => change(p)}>{tr('papers.again')}<span class="vh"> {paperName(p)}</span></button></td></tr>; })}</tbody></table>}
  </Section>;
}

const SHOWN = 20, WEEKS = 26;

function WorkOrders({ papers, zone, add, change }: { papers: readonly Paper[]; zone: string; add: () => void; change: (p: Paper) => void }): JSX.Element {
  const tr = t.value, now = minute.value, isOpen = (p: Paper): boolean => !at(p, 'ended_at') && !p.body?.outcome, window = { from: now - WEEKS * 7 * DAY, to: now + 14 * DAY };
  const sorted = [...papers].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || (at(b, 'opened_at') ?? 0) - (at(a, 'opened_at') ?? 0)), open = papers.filter(isOpen).length;
  return <Section id="orders" title={tr('maint.orders')} meta={tr('maint.orders_meta', { open, v: num(papers.length) })} tools={<button type="button" class="btn slim push" onClick={add}><Glyph name="new" />{tr('maint.add_order')}</button>}>
    {sorted.length === 0 ? <p class="none">{tr('maint.no_order')}</p> : <table class="papers orders">
      <thead><tr><th scope="col">{tr('maint.order')}</th><th scope="col" class="axis"><WeeksAxis window={window} zone={zone} /></th><th scope="col">{tr('maint.opened')}</th><th scope="col">{tr('maint.took')}</th><th scope="col"><span class="vh">{tr('queue.go')}</span></th></tr></thead>
      <tbody>{sorted.slice(0, SHOWN).map((p) => { const opened = at(p, 'opened_at'), ended = at(p, 'ended_at'), code = p.body?.fault_code; return <tr key={p.id}>
        <td class="pp"><b>{p.id}</b><span class="more">{[word(p, 'kind'), typeof code === 'string' ? code : '', word(p, 'outcome')].filter(Boolean).join(' · ')}</span></td>
        <td class="axis"><OrderBar p={p} window={window} now={now} /></td>
        <td class="hold"><Time at={opened} zone={zone}>{opened !== undefined && when(opened, now, zone, tr)}</Time></td>
        <td class="fil">{ended === undefined ? <b>{tr('maint.open_for', { span: opened === undefined ? '–' : span(now - opened, tr) })}</b> : opened === undefined ? '–' : span(ended - opened, tr)}<span class="more">{stagesOf(p)}</span></td>
        <td class="num"><button type="button" class="btn slim" onClick={() => change(p)}>{tr(ended === undefined ? 'maint.go_on' : 'papers.again')}<span class="vh"> {p.id}</span></button></td></tr>; })}</tbody></table>}
    <p class="note">{tr('maint.legend')}</p>
  </Section>;
}

/** How long it took to answer, and to begin. */
function stagesOf(p: Paper): string {
  const tr = t.value, opened = at(p, 'opened_at'), answered = at(p, 'responded_at'), started = at(p, 'started_at');
  return [answered !== undefined && opened !== undefined ? tr('maint.answered', { span: span(answered - opened, tr) }) : '', started !== undefined && opened !== undefined ? tr('maint.started', { span: span(started - opened, tr) }) : ''].filter(Boolean).join(' · ');
}

function WeeksAxis({ window: w, zone }: { window: { from: number; to: number }; zone: string }): JSX.Element {
  return <Plot height={18} draw={(width) => { const x = linear(w.from, w.to, 0, width), now = x(minute.value); return <>
    {timeTicks(w.from, w.to, zone).filter((k) => k.major).map((k) => { const label = date(k.t, zone, t.value), px = x(k.t); return <Fragment key={k.t}>{Math.abs(px + textWidth(label) / 2 - now) > 40 && px + textWidth(label) < width && text(px, 12, label, '')}</Fragment>; })}
    {text(now, 12, t.value('axis.now'), 't-mid-a t-ink t-b')}</>; }} />;
}

/** Outlined while it waits, striped while work is done, grey once closed; a tick for each step. */
function OrderBar({ p, window: w, now }: { p: Paper; window: { from: number; to: number }; now: number }): JSX.Element {
  const opened = at(p, 'opened_at') ?? now, started = at(p, 'started_at'), ended = at(p, 'ended_at');
  return <Plot height={20} draw={(width) => { const x = linear(w.from, w.to, 0, width), a = x.clamp(opened), b = Math.max(a + 3, x.clamp(ended ?? now)), s = started === undefined ? b : x.clamp(started), px = Math.round(x(now)) + 0.5; return <>
    {(ended ?? now) > w.from && <>
      {rect(a + 0.5, 5.5, Math.max(2, b - a), 9, `${ended === undefined ? 'f-bg s-ink w15' : 'f-bg3 s-line2 w1'}`)}
      {started !== undefined && rect(s + 0.5, 5.5, Math.max(2, b - s), 9, 's-idle w1', 'pm')}
      {['responded_at', 'diagnosed_at', 'parts_at', 'signed_off_at'].map((k) => { const time = at(p, k); return time !== undefined && time > w.from ? <Fragment key={k}>{line(x.clamp(time), 3, x.clamp(time), 17, 's-ink2 w1')}</Fragment> : null; })}
    </>}
    {line(px, 0, px, 20, 's-ink w1')}</>; }} />;
}
