// What was seen that does not agree with what was declared or expected. Suspected is dashed, confirmed is solid.
import type { JSX } from 'preact';
import { instant, num, when } from '../core/format';
import { lifecycleKind } from '../core/states';
import { minute, t } from '../data/store';
import type { Finding } from '../data/types';
import { Section, stateWord, Time } from './parts';

const BARS: Readonly<Record<string, number>> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };

/** Severity as four rising bars in ink; the word is there for those who cannot see them. */
function Severity({ level }: { level: string }): JSX.Element {
  const filled = BARS[level] ?? 0;
  return <span class={`sev ${level === 'critical' ? 'C' : ''}`}>
    <svg viewBox="0 0 16 12" aria-hidden="true">{[0, 1, 2, 3].map((i) => <rect key={i} x={i * 4 + 0.5} y={9.5 - i * 3} width="2" height={2 + i * 3} fill={i < filled ? 'currentColor' : 'none'} stroke="currentColor" stroke-opacity={i < filled ? 1 : 0.45} />)}</svg>
    <span class="vh">{t.value.or(`level.${level}`, level)}</span></span>;
}

export function Findings({ items, zone }: { items: readonly Finding[]; zone: string }): JSX.Element | null {
  const tr = t.value, open = items.filter((f) => f.status === 'open');
  if (!open.length) return null;
  return <Section id="findings" title={tr('findings.title')} meta={tr('findings.meta', { n: open.length })}>
    <ol class="dates findings">{open.map((f) => <li key={f.id}>
      <Severity level={f.severity} />
      <span><span class="rule">{f.rule}</span> {tr.or(`rule.${f.rule}`, f.kind)} {f.suspected && <span class="flag">{tr('findings.suspected')}</span>}
        <span class="more">{[f.state ? tr('flag.declared', { state: stateWord(lifecycleKind(f.state)) }) : '', tr('findings.count', { n: f.count, v: num(f.count) })].filter(Boolean).join(' · ')} · <span class="mono">#{num(f.log_index)}</span></span></span>
      <span class="in"><Time at={instant(f.at)} zone={zone}>{when(instant(f.at) ?? 0, minute.value, zone, tr)}</Time></span>
    </li>)}</ol>
  </Section>;
}
