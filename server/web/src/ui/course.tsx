// The course of a case: who did what when, and what is still to come.
import type { JSX } from 'preact';
import { instant, num, when } from '../core/format';
import { minute, t } from '../data/store';
import type { CaseFile, Stage } from '../data/types';
import { Glyph } from './glyphs';
import { Section, Time } from './parts';

const AHEAD: Readonly<Record<Stage, readonly string[]>> = { suspected: ['confirmed', 'answered', 'closed'], confirmed: ['answered', 'closed'], answered: ['decided', 'closed'], dismissed: [], closed: [], withdrawn: [] };
const GLYPH: Readonly<Record<string, string>> = { answered: 'doc', assigned: 'chain', dismissed: 'susp', reopened: 'clock', withdrawn: 'off' };

export function Course({ file, zone }: { file: CaseFile; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, at = instant(file.first_at), ahead = AHEAD[file.stage] ?? [];
  return <Section id="course" title={tr('case.course')}>
    <ol class="steps">
      {!file.steps.some((s) => s.action === 'found') && <li><Glyph name="pass" tone="ok" /><span>{tr('step.found')}<span class="more">{at !== undefined && <><Time at={at} zone={zone}>{when(at, now, zone, tr)}</Time> · </>}{tr('case.by_rule', { rule: file.rule, v: file.rule_version ?? '–' })}</span></span></li>}
      {file.steps.map((s) => <li key={s.log_index}><Glyph name={GLYPH[s.action] ?? 'pass'} tone={GLYPH[s.action] ? 'idle' : 'ok'} /><span>
        {tr.or(`step.${s.action}`, s.action)}{s.owner && <> · <b>{s.owner}</b></>}
        <span class="more"><Time at={instant(s.at)} zone={zone}>{instant(s.at) !== undefined && when(instant(s.at) as number, now, zone, tr)}</Time>{s.actor && <> · {s.actor}{s.role && <>{tr('list.sep')}{tr.or(`role.${s.role}`, s.role)}</>}</>} · <span class="mono">#{num(s.log_index)}</span></span>
        {s.reason && s.action !== 'answered' && <q class="more">{s.reason}</q>}</span></li>)}
      {ahead.map((s, i) => <li key={s} class="ahead"><Glyph name={i === 0 ? 'clock' : 'doc'} tone={i === 0 ? 'warn' : undefined} /><span>{tr(`ahead.${s}`)}<span class="more">{tr(`ahead_who.${s}`)}</span></span></li>)}
    </ol>
  </Section>;
}
