// Papers: what is missing first, then what is on file with how long it holds, and a way to file more.
import { type ComponentChildren, Fragment, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { date, instant, num, span } from '../../core/format';
import { paperGroup, paperName, paperRows, paperSpan, paperState, type PaperSpan, satisfies } from '../../core/papers';
import { linear, textWidth, timeTicks } from '../../core/scale';
import { DAY, wallAt } from '../../core/zone';
import { type Loaded, minute, t, told } from '../../data/store';
import type { DeviceDetail, Missing, Paper, PaperKind } from '../../data/types';
import { useOnce } from '../../data/use';
import { whatWords } from '../due-words';
import { Glyph } from '../glyphs';
import { Content, Section, stateWord, Time } from '../parts';
import { line, Plot, rect, text } from '../svg';
import { lifecycleKind } from '../../core/states';
import { type Filing, FilingDialog } from './filing';
import { kindWord, paperKinds } from './kinds';

const groupWord = (p: Paper, kinds: readonly PaperKind[] | undefined): string => { const own = paperGroup(p).split('.')[1]; return own ? `${kindWord(p.kind, kinds)} · ${t.value.or(`value.${own}`, t.value.or(`evidence.${own}`, own.replaceAll('_', ' ')))}` : kindWord(p.kind, kinds); };

export function Papers({ device, zone, missing, papers, retry }: { device: DeviceDetail; zone: string; missing: Loaded<Missing>; papers: Loaded<Paper[]>; retry: () => void }): JSX.Element {
  const tr = t.value, kinds = useOnce(paperKinds).data, [filing, file] = useState<Filing>();
  // Work orders have a place of their own under Maintenance.
  const kept = (papers.data ?? []).filter((p) => !p.withdrawn && p.kind !== 'work_order' && !ofOthers(p, device.id)), shared = (papers.data ?? []).filter((p) => !p.withdrawn && ofOthers(p, device.id));
  return <>
    <Section id="missing" title={tr('papers.missing')} meta={missing.data && tr('papers.for_state', { state: stateWord(lifecycleKind(missing.data.state)) })}>
      <Content state={missing} zone={zone} retry={retry} rows={3} height={44}>{(m) => m.items.length === 0 ? <p class="none good"><Glyph name="pass" tone="ok" /> {tr('papers.complete')}</p>
        : <ul class="lacks cap">{m.items.map((item, i) => <li key={item.kind}>
          <Glyph name="void" tone="fault" /><span><b>{told(item, 'title') || item.kind}</b><span class="more">{[item.basis, item.who ? tr('papers.who', { who: item.who.split(/[, ]+/).map((w) => tr.or(`role.${w}`, w)).join(tr('list.sep')) }) : '', item.since ? tr('papers.since', { day: date(instant(item.since) ?? 0, zone, tr, true), span: span(minute.value - (instant(item.since) ?? 0), tr) }) : ''].filter(Boolean).join(' · ')}</span></span>
          <button type="button" class={`btn slim ${i ? '' : 'main'}`} onClick={() => file({ ...satisfies(item.kind), title: told(item, 'title') })}>{tr('papers.file_this')}<span class="vh"> {told(item, 'title')}</span></button></li>)}</ul>}</Content>
    </Section>
    <Section id="on-file" title={tr('papers.on_file')} meta={papers.data && tr('papers.count', { n: kept.length, v: num(kept.length) })} tools={<button type="button" class="btn slim push" onClick={() => file({})}><Glyph name="new" />{tr('papers.file')}</button>}>
      <Content state={papers} zone={zone} retry={retry} rows={6} height={34}>{() => kept.length === 0 ? <p class="none">{tr('papers.none')}</p> : <OnFile papers={kept} kinds={kinds} zone={zone} renew={(p) => file({ kind: p.kind, paper: p })} />}</Content>
      {shared.length > 0 && <details><summary>{tr('papers.shared', { n: shared.length, v: num(shared.length) })}</summary><OnFile papers={shared} kinds={kinds} zone={zone} renew={(p) => file({ kind: p.kind, paper: p })} /></details>}
    </Section>
    {filing && kinds && <FilingDialog device={device} kinds={kinds} filing={filing} zone={zone} close={() => file(undefined)} done={retry} />}
  </>;
}

/** What the device’s papers rest on, but is not about it: people, places, bodies, rooms of other devices. */
function ofOthers(p: Paper, device: string): boolean {
  const named = p.body?.device;
  return ['org', 'site', 'person', 'certificate'].includes(p.kind) || (p.kind === 'room' && named !== device);
}

const KIND_ORDER = ['permit', 'commitment', 'certificate', 'operator', 'contract', 'test', 'schedule', 'work_order', 'recall', 'recall_answer', 'adverse_event', 'device_sheet', 'room', 'document', 'opening_hours', 'declared_count', 'holder_change', 'org', 'site', 'person'];

function OnFile({ papers, kinds, zone, renew }: { papers: readonly Paper[]; kinds: readonly PaperKind[] | undefined; zone: string; renew: (p: Paper) => void }): JSX.Element {
  const tr = t.value, now = minute.value, window = { from: now - 2 * 365 * DAY, to: now + 3 * 365 * DAY }, rank = (k: string): number => { const i = KIND_ORDER.indexOf(k); return i < 0 ? KIND_ORDER.length : i; };
  const rows = paperRows(papers, now).sort((a, b) => rank(a.lead.kind) - rank(b.lead.kind) || paperGroup(a.lead).localeCompare(paperGroup(b.lead)) || paperName(a.lead).localeCompare(paperName(b.lead), undefined, { numeric: true }));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set()), flip = (key: string): void => setOpen((was) => { const next = new Set(was); if (!next.delete(key)) next.add(key); return next; });
  return <table class="papers">
    <thead><tr><th scope="col">{tr('papers.paper')}</th><th scope="col" class="axis"><YearAxis window={window} zone={zone} /></th><th scope="col">{tr('papers.holds')}</th><th scope="col">{tr('papers.filed')}</th><th scope="col"><span class="vh">{tr('queue.go')}</span></th></tr></thead>
    <tbody>{rows.map((r) => <Fragment key={r.key}>
      <Row p={r.lead} name={groupWord(r.lead, kinds)} spans={r.spans} window={window} now={now} zone={zone} renew={renew} more={r.earlier.length > 0 && <button type="button" class="link" aria-expanded={open.has(r.key)} onClick={() => flip(r.key)}>{tr(open.has(r.key) ? 'papers.fewer' : 'papers.others', { n: r.earlier.length })}</button>} />
      {open.has(r.key) && r.earlier.map((p) => { const s = paperSpan(p); return <Row key={p.id} p={p} name="" spans={s ? [s] : []} window={window} now={now} zone={zone} renew={renew} />; })}
    </Fragment>)}</tbody>
  </table>;
}

function Row({ p, name, spans, window, now, zone, renew, more }: { p: Paper; name: string; spans: readonly PaperSpan[]; window: { from: number; to: number }; now: number; zone: string; renew: (p: Paper) => void; more?: ComponentChildren }): JSX.Element {
  const tr = t.value, s = paperSpan(p), filed = instant(p.filed_at);
  return <tr class={name ? '' : 'sub'}>
    <td class="pp">{name && <b>{name}</b>}<span class="more">{whatWords(paperName(p))} {more}</span></td>
    <td class="axis">{spans.length > 0 && <Validity spans={spans} window={window} now={now} />}</td>
    <td class="hold">{s ? <Holds s={s} zone={zone} now={now} /> : '–'}</td>
    <td class="fil"><Time at={filed} zone={zone}>{filed !== undefined && date(filed, zone, tr, true)}</Time><span class="more">{p.actor} · <span class="mono">#{num(p.log_index)}</span></span></td>
    <td class="num"><button type="button" class="btn slim" onClick={() => renew(p)}>{tr('papers.again')}<span class="vh"> {paperName(p)}</span></button></td>
  </tr>;
}

function Holds({ s, zone, now }: { s: PaperSpan; zone: string; now: number }): JSX.Element {
  const tr = t.value, state = paperState(s, now);
  if (state === 'point') { const passed = s.paper.body?.passed; return <span>{date(s.from, zone, tr, true)}{typeof passed === 'boolean' && <span class={`more c-${passed ? 'ok' : 'fault'}`}>{tr(passed ? 'papers.passed' : 'papers.failed')}</span>}</span>; }
  if (s.forever) return <span>{tr('papers.no_end')}<span class="more">{tr('papers.from', { day: date(s.from, zone, tr, true) })}</span></span>;
  const words = state === 'over' ? tr('papers.ended', { span: span(now - s.to, tr) }) : state === 'ahead' ? tr('papers.begins', { day: date(s.from, zone, tr, true) }) : tr('papers.ends_in', { span: span(s.to - now, tr) });
  return <span class={state === 'over' ? 'c-fault' : state === 'soon' ? 'c-warn' : ''}><b>{words}</b><span class="more">{date(s.from, zone, tr, true)} – {date(s.to, zone, tr, true)}</span></span>;
}

function YearAxis({ window: w, zone }: { window: { from: number; to: number }; zone: string }): JSX.Element {
  return <Plot height={18} draw={(width) => { const x = linear(w.from, w.to, 0, width), now = x(minute.value), word = t.value('axis.now'); return <>
    {timeTicks(w.from, w.to, zone).filter((k) => k.unit === 'year').map((k) => { const label = String(wallAt(k.t, zone).year), px = x(k.t); return <Fragment key={k.t}>{Math.abs(px - now) > 34 && px + textWidth(label) < width && text(px, 12, label, '')}</Fragment>; })}
    {text(now, 12, word, 't-mid-a t-ink t-b')}</>; }} />;
}

/** Bars from the day a paper holds to the day it does not, and a diamond for each test; open ends run out of the picture; a permit that is over is striped up to now. */
function Validity({ spans, window: w, now }: { spans: readonly PaperSpan[]; window: { from: number; to: number }; now: number }): JSX.Element {
  const last = Math.max(...spans.map((s) => s.to)), lapsed = last <= now && spans.some((s) => s.paper.kind === 'permit');
  return <Plot height={20} draw={(width) => { const x = linear(w.from, w.to, 0, width), px = Math.round(x(now)) + 0.5; return <>
    {[1, 2, 3, 4].map((i) => { const g = Math.round(x(w.from + i * 365 * DAY)) + 0.5; return <Fragment key={i}>{line(g, 1, g, 19, 's-line w1 crisp')}</Fragment>; })}
    {lapsed && rect(x.clamp(last), 6, Math.max(0, px - x.clamp(last)), 8, '', 'over')}
    {spans.filter((s) => s.to >= w.from).map((s) => {
      const state = paperState(s, now), a = x.clamp(s.from), b = x.clamp(s.to);
      if (state === 'point') return <Fragment key={s.key}><path d={`M${a} 4l6 6-6 6-6-6z`} class={s.paper.body?.passed === false ? 'f-bg s-fault w15' : s.paper.kind === 'test' ? 'f-ok' : 'f-ink2'} /></Fragment>;
      return <Fragment key={s.key}>{rect(a, 8, Math.max(2, b - a), 4, state === 'over' ? 'f-line2' : state === 'soon' ? 'f-warn' : state === 'ahead' ? 'f-line2' : 'f-ink2')}
        {!s.forever && s.to <= w.to && line(b, 4, b, 16, `${state === 'soon' ? 's-warn' : state === 'over' ? 's-line2' : 's-ink2'} w2`)}
        {(s.forever || s.to > w.to) && <path d={`M${width - 6} 6l5 4-5 4`} class="f-none s-ink2 w15" />}</Fragment>;
    })}
    {line(px, 0, px, 20, 's-ink w1')}</>; }} />;
}
