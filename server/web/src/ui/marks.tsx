// Severity, stage and rule id: what stands at the head of every line about a finding.
import type { JSX } from 'preact';
import { barsOf, measuredKey } from '../core/queue';
import { ruleById, t, told } from '../data/store';
import type { Finding, Stage } from '../data/types';

/** Severity as four rising bars in ink; critical alone takes colour. Without `word` the word is there for those who cannot see the bars. */
export function Severity({ level, word }: { level: string; word?: boolean }): JSX.Element {
  const filled = barsOf(level), name = t.value.or(`level.${level}`, level);
  return <span class={`sev ${level === 'critical' ? 'C' : ''}`}>
    <svg viewBox="0 0 16 12" aria-hidden="true">{[0, 1, 2, 3].map((i) => <rect key={i} x={i * 4 + 0.5} y={9.5 - i * 3} width="2" height={2 + i * 3} fill={i < filled ? 'currentColor' : 'none'} stroke="currentColor" stroke-opacity={i < filled ? 1 : 0.45} />)}</svg>
    <span class={word ? '' : 'vh'}>{name}</span></span>;
}

export const stageWord = (stage: string): string => t.value.or(`stage.${stage}`, stage);

/** What a machine suspects is dashed; what a person said is solid. */
export function StageMark({ stage }: { stage: Stage }): JSX.Element {
  return <span class={`stt ${stage === 'suspected' ? 'sus' : stage === 'confirmed' ? 'sure' : ''}`}>{stageWord(stage)}</span>;
}

export const RuleId = ({ id }: { id: string }): JSX.Element => <span class="rule">{id}</span>;

/** What a rule measured, or its limit: in words where its form is known, else as the rule wrote it. */
export function measuredWords(text: string | null | undefined): string {
  if (!text) return '';
  return text.split(', ').map((part) => { const known = measuredKey(part); return known ? t.value(`measured.${known.key}`, { v: known.v, n: Number(known.v) || 0 }) : part.replace(/^(\S.*) to (\S.*)$/, '$1 → $2'); }).join(t.value('list.sep'));
}

/** "412 d, limit 365 d". */
export function againstLimit(f: Pick<Finding, 'measured' | 'limit_text'>): string {
  const measured = measuredWords(f.measured), limit = measuredWords(f.limit_text);
  return measured && limit ? t.value('finding_line.against', { measured, limit }) : measured || limit;
}

/** What a finding is called: as the server says, else by its rule, else by its kind. */
export const findingTitle = (f: Pick<Finding, 'rule' | 'kind' | 'title_en' | 'title_zh'>): string => told(f, 'title') || told(ruleById.value.get(f.rule), 'title') || t.value.or(`rule.${f.rule}`, f.kind || f.rule);
