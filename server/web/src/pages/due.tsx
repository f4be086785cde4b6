// Due: the coming 13 weeks as lanes, the same as a list, and a calendar that other programs subscribe to.
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { date, instant, num, span } from '../core/format';
import { linear, textWidth } from '../core/scale';
import { type Merged, mergedDates, type Week, weekOf, weeksFrom } from '../core/weeks';
import { DAY } from '../core/zone';
import { api, calendarHref, DUE_MAX } from '../data/api';
import { deviceHref, query, setQuery } from '../data/route';
import { DUE_DAYS, fleetZone, minute, orgName, orgs, placeWords, siteName, t } from '../data/store';
import { serverNow } from '../data/api';
import type { Due } from '../data/types';
import { useFetched, useOnce } from '../data/use';
import { consequenceOf } from '../core/todo';
import { Command } from '../ui/command';
import { DUE_LANES, dueTitle, laneOf, whatWords } from '../ui/due-words';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { Severity } from '../ui/marks';
import { Content, Section, Time } from '../ui/parts';
import { line, Plot, rect, text, useNarrow } from '../ui/svg';
import { Takeaway } from '../ui/takeaway';

const FILTERS = ['org', 'site', 'device', 'kind', 'lane', 'week'] as const;

export function DuePage(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, asked = query.value, now = minute.value, weeks = weeksFrom(now, zone);
  useOnce(orgs);
  const [waiting] = useFetched<number>('due-waiting', api.dueWaiting);
  const [state, reload] = useFetched<Due[]>('due', () => api.due({ until: new Date(serverNow() + (DUE_DAYS + 7) * DAY).toISOString() }));
  useEffect(() => { document.title = `Gantry · ${tr('nav.due')}`; }, [tr]);
  const week = asked.week === undefined ? undefined : Number(asked.week);
  const fits = (d: Due, ignoreWeek = false): boolean => (['org', 'site', 'device', 'kind'] as const).every((k) => !asked[k] || d[k] === asked[k]) && (!asked.lane || laneOf(d.kind) === asked.lane) && (ignoreWeek || week === undefined || weekOf(d, weeks, now) === week);
  return <Frame zone={zone}>
    <div class="head"><div><h1 tabIndex={-1}>{tr('nav.due')}</h1>{state.data && <p class="lede">{headline(state.data, now).join(tr('sentence.sep'))}</p>}</div></div>
    <Content state={state} zone={zone} retry={reload} rows={8} height={40}>{(all) => {
      const inLanes = all.filter((d) => fits(d, true) && weekOf(d, weeks, now) !== undefined), shown = all.filter((d) => fits(d) && weekOf(d, weeks, now) !== undefined);
      return <>
        {waiting.data ? <p class="banner void"><Glyph name="void" /><span>{tr('due.waiting', { n: waiting.data, v: num(waiting.data) })}</span></p> : null}
        <Filters all={all} shown={shown.length} />
        {all.length === 0 ? <p class="none">{tr('due.none')}</p> : <>
          <Section id="weeks" title={tr('due.weeks')} meta={tr('due.weeks_meta', { from: date(now, zone, tr), to: date((weeks[weeks.length - 1] as Week).to - 1, zone, tr) })}><Lanes dates={inLanes} weeks={weeks} chosen={week} zone={zone} now={now} /></Section>
          <Lists dates={shown} weeks={weeks} zone={zone} now={now} />
        </>}
        <p class="note spaced">{all.length >= DUE_MAX && <b>{tr('queue.cut', { v: num(DUE_MAX) })} </b>}<Takeaway resource="due" params={{ org: asked.org, site: asked.site, device: asked.device }} /></p>
        <Calendars />
      </>;
    }}</Content>
  </Frame>;
}

function headline(all: readonly Due[], now: number): string[] {
  const tr = t.value, merged = mergedDates(all), late = merged.filter((m) => m.due.overdue).length, month = merged.filter((m) => { const at = instant(m.due.at) ?? 0; return at >= now && at < now + 30 * DAY; }).length;
  if (!merged.length) return [tr('due.head_none')];
  return [late ? tr('due.head_late', { n: late, v: num(late) }) : tr('due.head_in_time'), tr('due.head_month', { n: month, v: num(month) })];
}

function Filters({ all, shown }: { all: readonly Due[]; shown: number }): JSX.Element {
  const tr = t.value, asked = query.value, any = FILTERS.some((k) => asked[k] !== undefined);
  const pick = (key: 'org' | 'site' | 'kind', word: (v: string) => string): JSX.Element => {
    const values = [...new Set([...all.filter((d) => key !== 'site' || !asked.org || d.org === asked.org).map((d) => d[key]), asked[key]].filter((v): v is string => Boolean(v)))].sort((a, b) => word(a).localeCompare(word(b), tr.lang));
    return <label class={`pick ${asked[key] ? 'on' : ''}`}><span>{tr(key === 'kind' ? 'due.kind' : `queue.${key}`)}</span><select value={asked[key] ?? ''} onChange={(e) => setQuery({ [key]: e.currentTarget.value, ...(key === 'org' ? { site: undefined } : {}) })}><option value="">{tr('queue.any')}</option>{values.map((v) => <option key={v} value={v}>{word(v)}</option>)}</select></label>;
  };
  return <div class="filters" role="search" aria-label={tr('queue.filters')}>
    {pick('org', orgName)}{pick('site', siteName)}{pick('kind', (v) => dueTitle({ kind: v }))}
    {asked.device && <span class="pick on"><span>{tr('queue.device')}</span> <b>{asked.device}</b></span>}{asked.lane && <span class="pick on"><b>{tr.or(`due_lane.${asked.lane}`, asked.lane)}</b></span>}{asked.week !== undefined && <span class="pick on"><b>{asked.week === '-1' ? tr('due.overdue') : tr('due.one_week')}</b></span>}
    {any && <button type="button" class="link" onClick={() => setQuery(Object.fromEntries(FILTERS.map((k) => [k, undefined])))}>{tr('queue.clear')}</button>}
    <span class="meta">{tr('queue.count', { v: num(shown), all: num(all.length) })}</span>
  </div>;
}

const PITCH = 40, TOP = 34;

/** A cell for each week of each lane: how many, the more the fuller; a press shows only these below. */
function Lanes({ dates, weeks, chosen, zone, now }: { dates: readonly Due[]; weeks: readonly Week[]; chosen: number | undefined; zone: string; now: number }): JSX.Element {
  const tr = t.value, narrow = useNarrow(), asked = query.value, counts = new Map<string, Merged[]>();
  for (const m of mergedDates(dates)) { const key = `${laneOf(m.due.kind)} ${weekOf(m.due, weeks, now)}`; counts.set(key, [...counts.get(key) ?? [], m]); }
  const most = Math.max(1, ...[...counts.values()].map((l) => l.length)), pitch = narrow ? 52 : PITCH, lift = narrow ? 18 : 6, tall = 27, height = TOP + DUE_LANES.length * pitch + 4;
  return <Plot height={height} cls="lanes" interactive draw={(width) => {
    const left = narrow ? 0 : 128, late = narrow ? 30 : 56, x = linear(0, weeks.length, left + late + 6, width), wide = x(1) - x(0);
    let free = 0;
    return <>
      {text(left + late / 2, 26, tr('due.overdue'), 't-mid-a t-fault t-b')}
      {weeks.map((w) => { const px = x(w.index), label = w.index === 0 ? tr('due.this_week') : date(w.from, zone, tr), room = px > free && px + textWidth(label) < width + 4; if (room) free = px + textWidth(label) + 8; return <Fragment key={w.index}>{line(Math.round(px) + 0.5, 20, Math.round(px) + 0.5, height - 4, 's-line w1 crisp')}{room && text(px + 2, 26, label, w.index ? 't-mid' : 't-ink t-b')}</Fragment>; })}
      {DUE_LANES.map(([name], i) => { const y = TOP + i * pitch; return <Fragment key={name}>
        {line(0, y - 0.5, width, y - 0.5, 's-line w1 crisp')}
        {text(0, narrow ? y + 13 : y + 23, tr(`due_lane.${name}`), 't-mid t-12')}
        {[-1, ...weeks.map((w) => w.index)].map((index) => {
          const list = counts.get(`${name} ${index}`);
          if (!list) return null;
          const a = index < 0 ? left : x(index) + 2, w = index < 0 ? late : wide - 4, on = chosen === index && asked.lane === name, words = index < 0 ? tr('due.overdue') : date((weeks[index] as Week).from, zone, tr);
          const open = (): void => setQuery(on ? { lane: undefined, week: undefined } : { lane: name, week: index });
          return <g key={index} role="button" tabindex={0} aria-pressed={on} class="cellb" aria-label={tr('due.cell', { lane: tr(`due_lane.${name}`), week: words, n: list.length })} onClick={open} onKeyDown={(e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); open(); } }}>
            <title>{list.slice(0, 12).map((m) => `${dueTitle(m.due)} · ${m.devices.map((d) => d.name).slice(0, 3).join(', ')}`).join('\n')}</title>
            <rect x={a + 0.5} y={y + lift + 0.5} width={w - 1} height={tall - 1} class={`hitb ${on ? 'on' : index < 0 ? 'late' : ''}`} />
            {index < 0 ? rect(a + 1, y + lift + tall - 7, w - 2, 6, '', 'over') : rect(a + 1, y + lift + tall - 5, (w - 2) * list.length / most, 4, on ? 'f-accent' : 'f-ink2')}
            {text(a + w / 2, y + lift + 15, num(list.length), `t-mid-a t-12 t-b ${index < 0 ? 't-fault' : 't-ink'}`)}
          </g>;
        })}</Fragment>; })}
      {line(0, height - 4.5, width, height - 4.5, 's-line2 w1 crisp')}
    </>;
  }} />;
}

const SHOWN = 12;

function Lists({ dates, weeks, zone, now }: { dates: readonly Due[]; weeks: readonly Week[]; zone: string; now: number }): JSX.Element {
  const tr = t.value, merged = mergedDates(dates), inWeek = (m: Merged): number => weekOf(m.due, weeks, now) ?? 99, third = weeks[4] as Week;
  const groups: [string, Merged[]][] = [['overdue', merged.filter((m) => inWeek(m) < 0)], ['this_week', merged.filter((m) => inWeek(m) === 0)], ['month', merged.filter((m) => inWeek(m) > 0 && inWeek(m) < third.index)], ['later', merged.filter((m) => inWeek(m) >= third.index)]];
  if (!merged.length) return <p class="none">{tr('due.none_match')}</p>;
  return <>{groups.filter(([, list]) => list.length).map(([name, list]) => <List key={name} name={name} list={list} zone={zone} now={now} />)}</>;
}

function List({ name, list, zone, now }: { name: string; list: readonly Merged[]; zone: string; now: number }): JSX.Element {
  const tr = t.value, [most, setMost] = useState(SHOWN);
  return <Section id={`due-${name}`} title={tr(`due.${name}`)} meta={num(list.length)}>
    <ol class="todo duel">{list.slice(0, most).map(({ due: d, devices }) => { const at = instant(d.at) ?? 0, late = d.overdue, first = devices[0] as Merged['devices'][0]; return <li key={`${d.kind} ${d.ref} ${first.id} ${d.at}`}>
      <Severity level={consequenceOf(d.kind)} />
      <div class="txt"><p class="what">{dueTitle(d)}</p><p class="why">{[whatWords(d.what), d.estimated ? tr('due.estimated') : '', placeWords(d.org, d.site)].filter(Boolean).join(' · ')}</p></div>
      <div class="due"><b class={late ? 'c-fault' : ''}><Time at={at} zone={zone}>{date(at, zone, tr, Math.abs(at - now) > 300 * DAY)}</Time></b>{late ? tr('due.late', { span: span(now - at, tr) }) : at < now ? tr('due.open_for', { span: span(now - at, tr) }) : tr('due.in', { span: span(at - now, tr) })}</div>
      <div class="own devs">{devices.slice(0, 4).map((v) => <a key={v.id} href={deviceHref(v.id, { tab: ['maintenance', 'constancy', 'work_order'].includes(d.kind) ? 'maintenance' : 'papers' })}>{v.name}</a>)}{devices.length > 4 && <span class="dim">{tr('due.more', { v: num(devices.length - 4) })}</span>}</div>
    </li>; })}</ol>
    {list.length > most && <button type="button" class="btn more-btn" onClick={() => setMost(most + 50)}>{tr('list.show_more', { n: list.length - most })}</button>}
  </Section>;
}

/** An address a calendar program subscribes to, for all or for one site. */
function Calendars(): JSX.Element {
  const tr = t.value, all = orgs.state.value.data ?? [], asked = query.value, [site, setSite] = useState(asked.site ?? '');
  const path = calendarHref(site ? { site } : asked.org ? { org: asked.org } : {});
  return <Section id="calendar" title={tr('due.calendar')} sub={tr('due.calendar_sub')}>
    <div class="filters"><label class="pick"><span>{tr('queue.site')}</span><select value={site} onChange={(e) => setSite(e.currentTarget.value)}><option value="">{tr('due.all_sites')}</option>{all.flatMap((o) => (o.sites ?? []).map((s) => <option key={s.id} value={s.id}>{placeWords(o.id, s.id)}</option>))}</select></label>
      <a class="btn slim" href={path} download="gantry-due.ics">{tr('due.download')}</a></div>
    <Command text={location.origin + path} />
  </Section>;
}
