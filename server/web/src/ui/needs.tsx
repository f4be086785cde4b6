// Needs you: what somebody must do now, this week, in the next 30 days; each line says why, by when, who, and gives one button.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { date, instant, num, span } from '../core/format';
import { GROUPS, needsYou, nextDate, type Todo, type When } from '../core/todo';
import { DAY } from '../core/zone';
import { caseHref, deviceHref, href } from '../data/route';
import { due, minute, openFindings, placeWords, t } from '../data/store';
import { dueTitle, whatWords } from './due-words';
import { againstLimit, findingTitle, RuleId, Severity } from './marks';
import { Failure, Section, Skeleton, Time } from './parts';

const SHOWN: Readonly<Record<When, number>> = { now: 7, week: 5, month: 5 };

export function Needs({ zone }: { zone: string }): JSX.Element {
  const tr = t.value, found = openFindings.state.value, dates = due.state.value, now = minute.value;
  const retry = (): void => { void openFindings.load(); void due.load(); };
  const error = found.error ?? dates.error, known = found.data !== undefined || dates.data !== undefined, list = needsYou(found.data ?? [], dates.data ?? [], now);
  return <Section id="needs" title={tr('needs.title')} meta={known && list.length > 0 ? tr('needs.meta', { v: num(list.length) }) : undefined} cls="p-first">
    {error && <Failure error={error} dataTo={found.at ?? dates.at} zone={zone} retry={retry} />}
    {!known && !error && <Skeleton rows={6} height={54} />}
    {found.data && dates.data && list.length === 0 && <NothingDue zone={zone} />}
    <ol class="todo">{GROUPS.map((g) => <Group key={g} group={g} items={list.filter((x) => x.group === g)} zone={zone} first={list[0]?.group === g} />)}</ol>
  </Section>;
}

/** Never blank: the next date, or that nothing is planned at all. */
function NothingDue({ zone }: { zone: string }): JSX.Element {
  const tr = t.value, next = nextDate(due.state.value.data ?? [], minute.value), at = instant(next?.at);
  return <p class="none">{next && at !== undefined ? tr('needs.until', { day: date(at, zone, tr, true), what: dueTitle(next), device: next.device_name || next.device }) : tr('needs.nothing')}</p>;
}

function Group({ group, items, zone, first }: { group: When; items: readonly Todo[]; zone: string; first: boolean }): JSX.Element | null {
  const tr = t.value, [all, setAll] = useState(false), shown = all ? items : items.slice(0, SHOWN[group]);
  if (!items.length) return null;
  return <><li class="grp">{tr(`needs.${group}`)} <span class="dim">{num(items.length)}</span></li>
    {shown.map((x, i) => <Line key={x.key} x={x} zone={zone} main={first && i === 0} />)}
    {items.length > shown.length && <li class="rest"><button type="button" class="link" onClick={() => setAll(true)}>{tr('list.show_more', { n: items.length - shown.length })}</button></li>}</>;
}

const titleOf = (x: Todo): string => x.finding ? findingTitle(x.finding) : dueTitle(x.due ?? { kind: '' });

function Line({ x, zone, main }: { x: Todo; zone: string; main: boolean }): JSX.Element {
  const tr = t.value, many = x.devices.length > 1, who = many ? tr('count.devices', { n: x.devices.length, v: num(x.devices.length) }) : x.devices[0]?.name ?? '', to = linkOf(x);
  return <li>
    <Severity level={x.severity} />
    <div class="txt"><p class="what"><a href={to}>{tr('needs.line', { device: who, what: titleOf(x) })}</a></p><p class="why">{why(x)}</p></div>
    <Deadline x={x} zone={zone} />
    <div class="own">{x.owner || (x.finding ? <span class="dim">{tr('queue.no_owner')}</span> : '')}</div>
    <div class="go"><a class={`btn ${main ? 'main' : ''}`} href={to}>{tr(actionOf(x))}<span class="vh"> {who}</span></a></div>
  </li>;
}

function why(x: Todo): JSX.Element {
  const tr = t.value, f = x.finding, names = x.devices.slice(0, 3).map((d) => d.name).join(tr('list.sep')), more = x.devices.length > 3 ? tr('list.more', { list: names, v: num(x.devices.length - 3) }) : names;
  const place = placeWords(x.org, x.site);
  if (f) return <><RuleId id={f.rule} /> {x.findings ? more : [againstLimit(f), f.stage === 'suspected' ? tr('needs.suspected') : tr(`waits.${f.stage}`), place].filter(Boolean).join(' · ')}</>;
  return <>{[whatWords(x.due?.what), x.due?.estimated ? tr('due.estimated') : '', x.devices.length > 1 ? more : place].filter(Boolean).join(' · ')}</>;
}

function Deadline({ x, zone }: { x: Todo; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, at = x.at;
  if (at === undefined) return <div class="due" />;
  const dated = (x.due !== undefined && (x.late || at > now)) || x.late || at > now, far = Math.abs(at - now) > 300 * DAY;
  return <div class="due"><b class={x.late ? 'c-fault' : ''}><Time at={at} zone={zone}>{tr(dated ? 'needs.due' : 'needs.since', { day: date(at, zone, tr, far) })}</Time></b>{x.late ? tr('due.late', { span: span(now - at, tr) }) : dated ? tr('due.in', { span: span(at - now, tr) }) : span(now - at, tr)}</div>;
}

function linkOf(x: Todo): string {
  if (x.findings) return href('/findings', { rule: x.finding?.rule });
  if (x.finding) return caseHref(x.finding);
  const kind = x.due?.kind ?? '', id = x.devices[0]?.id ?? '';
  if (x.devices.length > 1) return href('/due', { kind });
  return deviceHref(id, { tab: ['maintenance', 'constancy', 'work_order'].includes(kind) ? 'maintenance' : 'papers' });
}

/** The one thing to do next, as the label of a button. */
function actionOf(x: Todo): string {
  if (x.findings) return 'needs.go_list';
  if (x.finding) return x.finding.stage === 'answered' ? 'needs.go_decide' : x.finding.stage === 'confirmed' ? 'needs.go_answer' : 'needs.go_look';
  const kind = x.due?.kind ?? '';
  return kind === 'maintenance' || kind === 'constancy' ? 'needs.go_plan' : kind === 'work_order' ? 'needs.go_order' : kind.startsWith('recall') ? 'needs.go_answer' : kind.endsWith('test') || kind === 'site_protection' ? 'needs.go_book' : 'needs.go_renew';
}

/** For the page head: how many need somebody, and how many are late. */
export function needsSentence(): string[] {
  const tr = t.value, found = openFindings.state.value.data, dates = due.state.value.data;
  if (!found || !dates) return [];
  const list = needsYou(found, dates, minute.value), late = list.filter((x) => x.late).length;
  if (!list.length) return [tr('needs.head_none')];
  return [tr('needs.head', { n: list.length, v: num(list.length) }) + (late ? tr('needs.head_late', { n: late, v: num(late) }) : tr('needs.head_end'))];
}
