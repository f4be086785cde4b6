// One finding as a case: the claim, the evidence, the rule that reads it, and what people did about it.
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { bodyRows } from '../core/body';
import { aboutSpan } from '../core/evidence';
import { endedAt } from '../core/queue';
import { clock, date, instant, num, span, when } from '../core/format';
import { knownZone } from '../core/zone';
import { api } from '../data/api';
import { deviceHref, href } from '../data/route';
import { devices, fleetZone, minute, orgs, placeWords, ruleById, rules, t, told } from '../data/store';
import type { CaseFile, LogRecord } from '../data/types';
import { useFetched, useOnce } from '../data/use';
import { ActDialog, actionOf, type Step } from '../ui/act';
import { Command } from '../ui/command';
import { Course } from '../ui/course';
import { Evidence } from '../ui/evidence';
import { Frame } from '../ui/frame';
import { findingTitle, measuredWords, Severity, StageMark } from '../ui/marks';
import { typeGlyph, typeWord } from '../ui/news';
import { paramRows } from '../ui/params';
import { Content, Figure, Section, Time } from '../ui/parts';

export function CasePage({ id, rule, key_ }: { id: string; rule: string; key_: string }): JSX.Element {
  const tr = t.value, device = devices.state.value.data?.find((d) => d.id === id), zone = device?.site_tz ? knownZone(device.site_tz) : fleetZone.value;
  useOnce(rules);
  useOnce(orgs);
  const [state, reload] = useFetched<CaseFile>(`${id} ${rule} ${key_}`, () => api.caseFile(id, rule, key_)), [step, act] = useState<Step>();
  const file = state.data, title = findingTitle(file ?? { rule }), name = file?.device_name || device?.name || id;
  useEffect(() => { document.title = `Gantry · ${rule} ${name}`; }, [rule, name]);
  return <Frame zone={zone}>
    <div class="head"><div>
      <div class="crumb"><a href={href('/findings')}>{tr('nav.findings')}</a><span>/</span>{file?.org && <><a href={href('/findings', { org: file.org })}>{placeWords(file.org, file.site)}</a><span>/</span></>}<a href={deviceHref(id)}>{name}</a></div>
      <h1 tabIndex={-1}><span class="rid">{rule}</span> {title}</h1>
      {file && <div class="truth"><Severity level={file.severity} word /><StageMark stage={file.stage} /><span class="dim">{openFor(file)}</span>{file.owner && <span>{tr('case.owner', { who: file.owner })}</span>}</div>}
    </div></div>
    <Content state={state} zone={zone} retry={reload} rows={8}>{(full) => <>
      <div class="two case">
        <div>
          <Section id="claim" title={tr('case.claim')} cls="k1"><p class="claim"><Claim file={full} name={name} zone={zone} /></p></Section>
          <Evidence file={full} zone={zone} />
          <Reading file={full} />
          <Answer file={full} zone={zone} />
          <RecordsBehind file={full} zone={zone} />
        </div>
        <div>
          <Actions file={full} act={act} zone={zone} />
          <Course file={full} zone={zone} />
          <RuleText file={full} />
        </div>
      </div>
      {step && <ActDialog finding={full} step={step} zone={zone} close={() => act(undefined)} done={reload} />}
    </>}</Content>
  </Frame>;
}

function openFor(file: CaseFile): string {
  const began = aboutSpan(file, minute.value).from;
  return t.value(file.open ? 'case.open_for' : 'case.began', { span: span(minute.value - began, t.value) });
}

/** What is claimed, in sentences: when and where, what was measured against what, on how many records, and how sure. */
function Claim({ file, name, zone }: { file: CaseFile; name: string; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, about = aboutSpan(file, now), ended = endedAt(file, now), measured = measuredWords(file.measured), limit = measuredWords(file.limit_text), short = about.to - about.from <= 60_000;
  const day = (time: number): string => date(time, zone, tr, true), at = (time: number): string => `${day(time)} ${clock(time, zone)}`;
  const when0 = short ? tr('claim.at', { at: at(about.from) }) : ended === undefined ? tr('claim.since', { from: at(about.from) }) : tr('claim.from_to', { from: at(about.from), to: day(about.from) === day(about.to) ? clock(about.to, zone) : at(about.to) });
  const out = [measured ? tr(limit ? 'claim.measured' : 'claim.measured_only', { when: when0, device: name, measured, limit }) : tr('claim.about', { when: when0, device: name })];
  out.push(tr('claim.records', { n: file.count, v: num(file.count) }));
  if (file.stage === 'suspected') out.push(tr('claim.suspected'));
  return <>{out.join(tr('sentence.sep'))}</>;
}

/** The rule's numbers: what it measured, the limit, and every parameter that was in force. */
function Reading({ file }: { file: CaseFile }): JSX.Element {
  const tr = t.value, since = instant(ruleById.value.get(file.rule)?.from);
  return <Section id="reading" title={tr('case.reading')} meta={<>{tr('case.version', { rule: file.rule, v: file.rule_version ?? '–' })}{since !== undefined && ruleById.value.get(file.rule)?.version === file.rule_version && <> · {tr('case.in_force', { day: date(since, 'UTC', tr, true) })}</>}</>}>
    <table class="reading"><thead><tr><th scope="col">{tr('case.measured')}</th><th scope="col">{tr('case.limit')}</th><th scope="col">{tr('case.verdict')}</th></tr></thead>
      <tbody><tr><td><b>{measuredWords(file.measured) || '–'}</b></td><td>{measuredWords(file.limit_text) || '–'}</td><td>{tr(file.stage === 'withdrawn' ? 'case.holds_again' : file.suspected ? 'case.suspects' : 'case.breaks')}</td></tr></tbody></table>
    {file.parameters && Object.keys(file.parameters).length > 0 && <dl class="kv params"><dt class="lead">{tr('case.parameters')}</dt><dd />{paramRows(file.parameters).map(([name, value]) => <Fragment key={name}><dt class="mono">{name}</dt><dd>{value}</dd></Fragment>)}</dl>}
  </Section>;
}

function Answer({ file, zone }: { file: CaseFile; zone: string }): JSX.Element {
  const tr = t.value, answers = file.steps.filter((s) => s.action === 'answered').reverse();
  return <Section id="answer" title={tr('case.answer')}>
    {answers.length === 0 && <p class="none">{tr('case.no_answer')}</p>}
    {answers.map((s) => <blockquote key={s.log_index} class="law"><p>{s.reason}</p><footer class="more">{s.actor}{s.role && <>{tr('list.sep')}{tr.or(`role.${s.role}`, s.role)}</>} · <Time at={instant(s.at)} zone={zone}>{instant(s.at) !== undefined && when(instant(s.at) as number, minute.value, zone, tr)}</Time> · <span class="mono">#{num(s.log_index)}</span></footer></blockquote>)}
  </Section>;
}

const CONTENT_ROWS = 3, ENDS = 3, FOLD = 9;
/** What says most about a record comes first. */
const TELLING = ['purpose', 'reason', 'code', 'severity', 'region', 'proto_group', 'dlp_ugy_cm', 'ctdivol_ugy', 'duration_ms', 'item', 'old', 'new', 'part', 'no', 'to', 'passed'];
const telling = (path: string): number => { const i = TELLING.indexOf(path.split('/').pop() ?? ''); return i < 0 ? TELLING.length : i; };

function contentOf(r: LogRecord): string {
  return bodyRows(r.body, t.value).filter((row) => row.value !== '–' && !/_h$|sha256|hash/.test(row.path)).sort((a, b) => telling(a.path) - telling(b.path)).slice(0, CONTENT_ROWS).map((row) => `${row.name} ${row.value}${row.unit ? ` ${row.unit}` : ''}`).join(' · ');
}

function RecordsBehind({ file, zone }: { file: CaseFile; zone: string }): JSX.Element {
  const tr = t.value, about = aboutSpan(file, minute.value), listed = file.records.length, [all, setAll] = useState(false);
  // The first and the last tell most; what lies between opens on demand.
  const folded = !all && listed > FOLD ? listed - 2 * ENDS : 0, shown = folded ? [...file.records.slice(0, ENDS), undefined, ...file.records.slice(-ENDS)] : file.records;
  return <Section id="records" title={tr('case.records')} meta={file.count > listed ? tr('case.records_of', { v: num(listed), all: num(file.count) }) : tr('case.records_all', { n: listed, v: num(listed) })}>
    {listed === 0 ? <p class="none">{tr('case.no_records')}</p> : <table class="log behind">
      <thead><tr><th scope="col" class="num">{tr('records.index')}</th><th scope="col">{tr('records.happened')}</th><th scope="col">{tr('records.received')}</th><th scope="col">{tr('records.kind')}</th><th scope="col">{tr('case.content')}</th></tr></thead>
      <tbody>{shown.map((r) => { if (!r) return <tr key="more"><td class="num idx">…</td><td colSpan={4}><button type="button" class="link" onClick={() => setAll(true)}>{tr('case.records_more', { n: folded, v: num(folded) })}</button></td></tr>; const at = instant(r.at) ?? instant(r.t), got = instant(r.recv_at), hot = at !== undefined && at >= about.from && at <= about.to; return <tr key={r.log_index} class={hot ? 'hot' : ''}>
        <td class="num mono idx">{num(r.log_index)}</td>
        <td class="happened"><Time at={at} zone={zone}>{at !== undefined && when(at, minute.value, zone, tr)}</Time></td><td class="received"><Time at={got} zone={zone}>{got !== undefined && when(got, minute.value, zone, tr)}</Time></td>
        <td class="kind nw">{typeGlyph(r.type)} {typeWord(r.type)}</td><td class="what">{contentOf(r)}</td></tr>; })}</tbody>
    </table>}
    {file.reproduce && <><Command text={file.reproduce} /><p class="note">{tr('case.reproduce')}</p></>}
  </Section>;
}

const ORDER = ['acknowledged', 'answered', 'confirmed', 'closed', 'assigned', 'dismissed', 'reopened'];

function Actions({ file, act, zone }: { file: CaseFile; act: (step: Step) => void; zone: string }): JSX.Element {
  const tr = t.value, done = new Set(file.steps.map((s) => s.action)), last = file.steps[file.steps.length - 1], lastAt = instant(last?.at) ?? instant(file.first_at);
  const wanted = (event: string): number => { const a = actionOf(event); return ORDER.indexOf(a) + (done.has(a) && (a === 'acknowledged' || a === 'answered') ? 20 : 0); };
  const steps = [...file.actions].sort((a, b) => wanted(a.event) - wanted(b.event));
  return <Section id="clock" title={tr('case.state')} cls="k2">
    <Figure name={tr(`waits.${file.stage}`)} value={lastAt === undefined ? '–' : span(minute.value - lastAt, tr)} about={lastAt === undefined ? '' : tr('case.since_last', { at: when(lastAt, minute.value, zone, tr) })} />
    {steps.length > 0 ? <div class="btns">{steps.map((s, i) => <button key={s.event} type="button" class={`btn wide ${i ? '' : 'main'}`} onClick={() => act(s)}>{tr(`action.${actionOf(s.event)}`)}</button>)}</div> : <p class="none">{tr('case.no_action')}</p>}
    <p class="note">{tr('case.logged')}</p>
  </Section>;
}

function RuleText({ file }: { file: CaseFile }): JSX.Element {
  const tr = t.value, known = ruleById.value.get(file.rule), basis = told(file, 'basis') || told(known, 'basis') || known?.basis;
  return <Section id="rule-text" title={tr('case.rule_text')}>
    <div class="law"><p>{told(file, 'text') || told(known, 'text')}</p></div>
    <dl class="kv nt">{basis && <><dt>{tr('case.basis')}</dt><dd>{basis}</dd></>}<dt>{tr('case.rule_version')}</dt><dd>{file.rule_version ?? '–'}{file.pack && <> · <span class="mono">{file.pack}</span></>}</dd><dt /><dd><a href={href('/rules', { id: file.rule })}>{tr('case.all_rules')}</a></dd></dl>
  </Section>;
}
