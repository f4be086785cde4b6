// What is open about one device: what was seen that does not agree with what was declared or expected.
import type { JSX } from 'preact';
import { instant, num, span } from '../core/format';
import { beganAt, bySeverity, folded } from '../core/queue';
import { caseHref, href } from '../data/route';
import { minute, t } from '../data/store';
import type { Finding } from '../data/types';
import { againstLimit, findingTitle, RuleId, Severity, StageMark } from './marks';
import { Section, Time } from './parts';

const SHOWN = 8, TOGETHER = 2;

export function Findings({ items, device, zone }: { items: readonly Finding[]; device: string; zone: string }): JSX.Element {
  const tr = t.value, open = items.filter((f) => f.open).sort(bySeverity), lines = folded(open, TOGETHER);
  return <Section id="findings" title={tr('findings.title')} meta={num(open.length)}>
    {open.length === 0 && <p class="none">{tr('findings.none')}</p>}
    <ol class="dates findings">{lines.slice(0, SHOWN).map((l) => { if ('many' in l) return <Many key={`${l.many[0]?.rule} ${l.many[0]?.stage}`} all={l.many} device={device} zone={zone} />; const f = l.one, began = beganAt(f); return <li key={`${f.rule} ${f.key}`}>
      <Severity level={f.severity} />
      <span><RuleId id={f.rule} /> <a href={caseHref(f)}>{findingTitle(f)}</a> <StageMark stage={f.stage} />
        <span class="more">{[againstLimit(f), tr('findings.count', { n: f.count, v: num(f.count) })].filter(Boolean).join(' · ')}{f.first_log_index !== undefined && f.first_log_index !== null && <> · <span class="mono">#{num(f.first_log_index)}</span></>}</span></span>
      <span class="in"><Time at={began ?? instant(f.first_at)} zone={zone}>{began !== undefined && tr('note.for', { span: span(minute.value - began, tr) })}</Time></span>
    </li>; })}</ol>
    {items.length > 0 && <p class="note"><a href={href('/findings', { device, open: 'all' })}>{tr('findings.all', { v: num(items.length) })}</a></p>}
  </Section>;
}

function Many({ all, device, zone }: { all: readonly Finding[]; device: string; zone: string }): JSX.Element {
  const tr = t.value, f = all[0] as Finding, began = Math.min(...all.map((x) => beganAt(x) ?? Infinity));
  return <li><Severity level={f.severity} />
    <span><RuleId id={f.rule} /> <a href={href('/findings', { device, rule: f.rule, stage: f.stage })}>{findingTitle(f)}</a> <StageMark stage={f.stage} /><span class="more">{tr('count.findings', { n: all.length, v: num(all.length) })}</span></span>
    <span class="in"><Time at={Number.isFinite(began) ? began : undefined} zone={zone}>{tr('note.for', { span: span(minute.value - began, tr) })}</Time></span></li>;
}
