// The findings queue: what is worst and open first, each line with the time it spans; every filter stands in the address.
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { instant, num, span } from '../core/format';
import { beganAt, endedAt, folded, grouped, type Group, matches, mostExcluding, OPEN_STAGES, queueWindow, SEVERITIES, STAGES, tally } from '../core/queue';
import { linear } from '../core/scale';
import { DAY } from '../core/zone';
import { api, FINDINGS_MAX } from '../data/api';
import { caseHref, deviceHref, href, query, setQuery } from '../data/route';
import { fleetZone, minute, orgName, orgs, placeWords, ruleById, rules, t, told } from '../data/store';
import type { Finding, Stage } from '../data/types';
import { useFetched, useOnce } from '../data/use';
import { Frame } from '../ui/frame';
import { againstLimit, findingTitle, RuleId, Severity, StageMark, stageWord } from '../ui/marks';
import { Content, Section, Time } from '../ui/parts';
import { line, Plot, rect, text, useNarrow } from '../ui/svg';
import { Takeaway } from '../ui/takeaway';

const FILTERS = ['severity', 'stage', 'rule', 'org', 'site', 'device'] as const;
type FilterKey = (typeof FILTERS)[number];

export function FindingsPage(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, asked = query.value, show = asked.open ?? 'true';
  useOnce(rules);
  useOnce(orgs);
  const [state, reload] = useFetched<Finding[]>(show, () => api.findings({ open: show === 'all' ? undefined : show }));
  useEffect(() => { document.title = `Gantry · ${tr('nav.findings')}`; }, [tr]);
  const list = state.data ?? [], filter = Object.fromEntries(FILTERS.map((k) => [k, asked[k]])), shown = list.filter((f) => matches(f, filter));
  return <Frame zone={zone}>
    <div class="head"><div>
      <h1 tabIndex={-1}>{tr('nav.findings')}</h1>
      {state.data && <p class="lede">{headline(list, show).join(tr('sentence.sep'))}</p>}
    </div></div>
    <Content state={state} zone={zone} retry={reload} rows={10} height={44}>{(all) => <>
      {all.length > 0 && <Tally items={all} show={show} />}
      <Filters all={all} show={show} shown={shown.length} />
      {shown.length ? <Queue groups={grouped(shown)} zone={zone} /> : <Nothing all={all} show={show} />}
      <p class="note">{tr('queue.suspected_note')} {all.length >= FINDINGS_MAX && <b>{tr('queue.cut', { v: num(FINDINGS_MAX) })}</b>} <Takeaway resource="findings" params={{ ...filter, open: show === 'all' ? undefined : show }} /></p>
    </>}</Content>
  </Frame>;
}

/** What is true of the queue, in sentences. */
function headline(list: readonly Finding[], show: string): string[] {
  const tr = t.value;
  if (show !== 'true') return [tr('queue.head_all', { n: list.length, v: num(list.length) })];
  if (!list.length) return [tr('queue.head_none')];
  const critical = list.filter((f) => f.severity === 'critical').length, nobody = list.filter((f) => !f.owner && f.stage === 'suspected').length, devices = new Set(list.map((f) => f.device)).size;
  const out = [tr('queue.head_open', { n: list.length, v: num(list.length), devices: tr('count.devices', { n: devices, v: num(devices) }) })];
  if (critical) out.push(tr('queue.head_critical', { n: critical }));
  if (nobody) out.push(tr('queue.head_nobody', { n: nobody, v: num(nobody) }));
  return out;
}

/** Severity by stage: each count is a way into the queue. */
function Tally({ items, show }: { items: readonly Finding[]; show: string }): JSX.Element {
  const tr = t.value, counts = tally(items), asked = query.value, stages = show === 'true' ? OPEN_STAGES : STAGES.filter((s) => items.some((f) => f.stage === s));
  const cell = (severity: string, stage: Stage): JSX.Element => {
    const n = counts.get(`${severity} ${stage}`) ?? 0, on = asked.severity === severity && asked.stage === stage;
    if (!n) return <span class="dim" aria-label="0">·</span>;
    return <a href={href('/findings', on ? { open: asked.open } : { severity, stage, open: asked.open })} aria-current={on ? 'true' : undefined} aria-label={`${tr.or(`level.${severity}`, severity)}, ${stageWord(stage)}: ${n}`}><b>{num(n)}</b></a>;
  };
  const table = <table class="tally"><caption class="vh">{tr('queue.tally')}</caption>
    <thead><tr><th scope="col">{tr('queue.severity')}</th>{stages.map((s) => <th key={s} scope="col" class="num">{stageWord(s)}</th>)}<th scope="col" class="num">{tr('queue.sum')}</th></tr></thead>
    <tbody>{SEVERITIES.filter((s) => items.some((f) => f.severity === s)).map((s) => <tr key={s}><th scope="row"><Severity level={s} word /></th>{stages.map((g) => <td key={g} class="num">{cell(s, g)}</td>)}<td class="num">{num(items.filter((f) => f.severity === s).length)}</td></tr>)}</tbody>
  </table>;
  // Six stages are wider than a phone; three are not.
  return stages.length > 2 ? <div class="scroll wide" tabIndex={0} role="region" aria-label={tr('queue.tally')}>{table}</div> : table;
}

function Filters({ all, show, shown }: { all: readonly Finding[]; show: string; shown: number }): JSX.Element {
  const tr = t.value, asked = query.value, any = FILTERS.some((k) => asked[k]);
  const optionsOf = (key: FilterKey): [string, string][] => {
    const values = [...new Set([...all.map((f) => f[key]), asked[key]].filter((v): v is string => Boolean(v)))];
    const word = (v: string): string => key === 'severity' ? tr.or(`level.${v}`, v) : key === 'stage' ? stageWord(v) : key === 'rule' ? `${v} ${told(ruleById.value.get(v), 'title')}` : key === 'org' ? orgName(v) : v;
    const order: readonly string[] = key === 'severity' ? SEVERITIES : key === 'stage' ? STAGES : [];
    return values.map((v): [string, string] => [v, word(v)]).sort((a, b) => order.length ? order.indexOf(a[0]) - order.indexOf(b[0]) : a[1].localeCompare(b[1], tr.lang, { numeric: true }));
  };
  const keys = FILTERS.filter((k) => k !== 'site' && k !== 'device' || asked[k]);
  return <div class="filters" role="search" aria-label={tr('queue.filters')}>
    <span class="seg" role="group" aria-label={tr('queue.open')}>{(['true', 'false', 'all'] as const).map((v) => <button key={v} type="button" aria-pressed={show === v} onClick={() => setQuery({ open: v === 'true' ? undefined : v, stage: undefined })}>{tr(`queue.show_${v}`)}</button>)}</span>
    {keys.map((key) => <label key={key} class={`pick ${asked[key] ? 'on' : ''}`}><span>{tr(`queue.${key}`)}</span>
      <select value={asked[key] ?? ''} onChange={(e) => setQuery({ [key]: e.currentTarget.value })}><option value="">{tr('queue.any')}</option>{optionsOf(key).map(([v, w]) => <option key={v} value={v}>{w}</option>)}</select></label>)}
    {any && <button type="button" class="link" onClick={() => setQuery(Object.fromEntries(FILTERS.map((k) => [k, undefined])))}>{tr('queue.clear')}</button>}
    <span class="meta">{tr('queue.count', { v: num(shown), all: num(all.length) })}</span>
  </div>;
}

/** Nothing at all, or nothing that matches: then which filter leaves out most. */
function Nothing({ all, show }: { all: readonly Finding[]; show: string }): JSX.Element {
  const tr = t.value, asked = query.value, filter = Object.fromEntries(FILTERS.map((k) => [k, asked[k]])), worst = mostExcluding(all, filter);
  if (!all.length) return <p class="none">{tr(show === 'true' ? 'queue.none_open' : 'queue.none')}</p>;
  return <p class="none">{tr('queue.none_match')} {worst && <>{tr('queue.without', { n: worst.count, v: num(worst.count), filter: tr(`queue.${worst.key}`) })} <button type="button" class="link" onClick={() => setQuery({ [worst.key]: undefined })}>{tr('queue.drop', { filter: tr(`queue.${worst.key}`) })}</button></>}</p>;
}

const STEP = 50, TOGETHER = 4;

function Queue({ groups, zone }: { groups: readonly Group[]; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, window = queueWindow(groups.flatMap((g) => g.items), now), narrow = useNarrow();
  return <>{groups.map((g, i) => <QueueGroup key={g.severity} group={g} zone={zone} window={window} axis={i === 0 || narrow} />)}<p class="note">{tr('queue.axis_note')}</p></>;
}

function QueueGroup({ group, zone, window, axis }: { group: Group; zone: string; window: { from: number; to: number }; axis: boolean }): JSX.Element {
  const tr = t.value, [most, setMost] = useState(STEP), lines = folded(group.items, query.value.rule ? Infinity : TOGETHER), nobody = group.items.filter((f) => !f.owner && f.stage === 'suspected').length;
  return <Section id={`g-${group.severity}`} title={tr(`level_head.${group.severity}`)} meta={<>{tr('findings.meta', { n: group.items.length })}{nobody > 0 && <> · {tr('queue.nobody', { n: nobody })}</>}</>}>
    <table class="queue">
      <thead><tr><th scope="col">{tr('queue.rule')}</th><th scope="col">{tr('queue.finding')}</th><th scope="col">{tr('queue.where')}</th><th scope="col">{tr('queue.stage')}</th>
        <th scope="col" class="clk">{axis ? <WeekAxis window={window} /> : <span class="vh">{tr('queue.span')}</span>}</th><th scope="col">{tr('queue.age')}</th><th scope="col">{tr('queue.owner')}</th><th scope="col" class="num"><span class="vh">{tr('queue.go')}</span></th></tr></thead>
      <tbody>{lines.slice(0, most).map((l) => 'one' in l ? <Row key={`${l.one.device} ${l.one.rule} ${l.one.key}`} f={l.one} zone={zone} window={window} /> : <Together key={`${l.many[0]?.rule} ${l.many[0]?.stage}`} all={l.many} devices={l.devices} zone={zone} window={window} />)}</tbody>
    </table>
    {lines.length > most && <button type="button" class="btn more-btn" onClick={() => setMost(most + STEP)}>{tr('list.show_more', { n: lines.length - most })}</button>}
  </Section>;
}

function Row({ f, zone, window }: { f: Finding; zone: string; window: { from: number; to: number } }): JSX.Element {
  const tr = t.value, began = beganAt(f), now = minute.value, ended = endedAt(f, now), basis = f.open ? told(ruleById.value.get(f.rule), 'basis') || ruleById.value.get(f.rule)?.basis : undefined;
  return <tr>
    <td class="rl"><RuleId id={f.rule} /></td>
    <td class="ttl"><a href={caseHref(f)}><b>{findingTitle(f)}</b></a><span class="more">{[againstLimit(f), f.count > 1 ? tr('findings.count', { n: f.count, v: num(f.count) }) : '', basis].filter(Boolean).join(' · ')}</span></td>
    <td class="whr">{f.device === 'collector' ? <b>{tr('queue.collector')}</b> : <a href={deviceHref(f.device)}>{f.device_name || f.device}</a>}<span class="more">{placeWords(f.org, f.site)}</span></td>
    <td class="stg"><StageMark stage={f.stage} /></td>
    <td class="clk"><SpanPlot f={f} window={window} /></td>
    <td class="age"><b><Time at={began} zone={zone}>{began !== undefined && span(now - began, tr)}</Time></b><span class="more">{ended === undefined ? tr('queue.lasts') : tr('queue.over', { span: span(Math.max(0, now - ended), tr) })}</span></td>
    <td class="own">{f.owner || <span class="dim">{tr('queue.no_owner')}</span>}</td>
    <td class="num go"><a class="btn slim" href={caseHref(f)}>{tr(f.stage === 'answered' ? 'queue.decide' : f.owner || !f.open ? 'queue.open_case' : 'queue.take')}<span class="vh"> {f.rule} {f.device_name || f.device}</span></a></td>
  </tr>;
}

/** Many of one rule: how many, on how many devices, and a way to see each. */
function Together({ all, devices, zone, window }: { all: readonly Finding[]; devices: number; zone: string; window: { from: number; to: number } }): JSX.Element {
  const tr = t.value, f = all[0] as Finding, began = Math.min(...all.map((x) => beganAt(x) ?? Infinity)), to = href('/findings', { ...query.value, rule: f.rule, stage: f.stage }), names = [...new Set(all.map((x) => x.device_name || x.device))];
  const basis = told(ruleById.value.get(f.rule), 'basis') || ruleById.value.get(f.rule)?.basis;
  return <tr class="many">
    <td class="rl"><RuleId id={f.rule} /></td>
    <td class="ttl"><a href={to}><b>{findingTitle(f)}</b></a><span class="more">{[tr('count.findings', { n: all.length, v: num(all.length) }), basis].filter(Boolean).join(' · ')}</span></td>
    <td class="whr"><b>{tr('count.devices', { n: devices, v: num(devices) })}</b><span class="more">{names.slice(0, 2).join(tr('list.sep'))}{names.length > 2 ? ` ${tr('due.more', { v: num(names.length - 2) })}` : ''}</span></td>
    <td class="stg"><StageMark stage={f.stage} /></td>
    <td class="clk"><Plot height={24} draw={(width) => { const x = linear(window.from, window.to, 4, width - 1), now = minute.value; return <>
      {all.map((one, i) => { const a = x.clamp(beganAt(one) ?? now); return <Fragment key={i}>{line(a, 7, a, 17, one.severity === 'critical' ? 's-fault w1' : 's-ink3 w1')}</Fragment>; })}
      {line(Math.round(x(now)) + 0.5, 0, Math.round(x(now)) + 0.5, 24, 's-ink w1')}</>; }} /></td>
    <td class="age"><b><Time at={Number.isFinite(began) ? began : undefined} zone={zone}>{span(minute.value - began, tr)}</Time></b><span class="more">{tr('queue.oldest')}</span></td>
    <td class="own" /><td class="num go"><a class="btn slim" href={to}>{tr('queue.each', { v: num(all.length) })}<span class="vh"> {f.rule}</span></a></td>
  </tr>;
}

const weeksIn = (w: { from: number; to: number }, now: number): number => Math.round((now - w.from) / (7 * DAY));

function WeekAxis({ window: w }: { window: { from: number; to: number } }): JSX.Element {
  const now = minute.value, weeks = weeksIn(w, now);
  return <Plot height={16} draw={(width) => {
    const x = linear(w.from, w.to, 0, width);
    return <>{text(0, 11, t.value('queue.weeks', { v: weeks }), '')}{text(x(now - weeks * 3.5 * DAY), 11, t.value('queue.weeks', { v: weeks / 2 }), 't-mid-a')}{text(width, 11, t.value('axis.now'), 't-end t-ink t-b')}</>;
  }} />;
}

/** Circle: began. Bar: the time it is about. Dot: last record. Black line: now. */
function SpanPlot({ f, window: w }: { f: Finding; window: { from: number; to: number } }): JSX.Element {
  const now = minute.value, began = beganAt(f) ?? now, ended = endedAt(f, now), last = instant(f.last_at), early = began < w.from;
  return <Plot height={24} draw={(width) => {
    const x = linear(w.from, w.to, 4, width - 1), a = x.clamp(began), b = Math.max(a + 2, x.clamp(ended ?? now)), tone = f.severity === 'critical' ? 'fault' : 'ink3';
    return <>
      {[0.25, 0.5, 0.75].map((s) => line(Math.round(x(now - (1 - s) * (now - w.from))) + 0.5, 2, Math.round(x(now - (1 - s) * (now - w.from))) + 0.5, 22, 's-line w1 crisp'))}
      {f.stage === 'suspected' ? <path d={`M${a} 9.5H${b}M${a} 14.5H${b}`} class={`f-none s-${tone === 'fault' ? 'fault' : 'ink3'} w1 dash`} /> : rect(a, 9, b - a, 6, `f-${tone}`)}
      {early ? <path d={`M${a + 5} 7l-5 5 5 5`} class="f-none s-ink2 w15" /> : <circle cx={a} cy="12" r="3" class="f-bg s-ink2 w15" />}
      {last !== undefined && last > w.from && <circle cx={x.clamp(last)} cy="12" r="2" class="f-ink" />}
      {line(Math.round(x(now)) + 0.5, 0, Math.round(x(now)) + 0.5, 24, 's-ink w1')}
    </>;
  }} />;
}
