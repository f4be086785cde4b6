// Today: what stops patients now, what is new, and what a person must resolve.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { finding } from '../core/finding';
import { clock, instant, longDate, num, shortHash, span } from '../core/format';
import { displayName, stateNow } from '../core/states';
import { reloadAll } from '../data/live';
import { devices, due, fleetZone, minute, openFindings, orgs, rules, status, t, unassigned } from '../data/store';
import type { Device } from '../data/types';
import { useKept, useOnce } from '../data/use';
import { Ahead } from '../ui/ahead';
import { Fleet } from '../ui/fleet';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { Month } from '../ui/month';
import { Needs, needsSentence } from '../ui/needs';
import { News } from '../ui/news';
import { Content, Figure, Section, Time } from '../ui/parts';
import { UnassignedQueue } from '../ui/unassigned';

/** Coverage of the fleet: the mean over devices that the server knows it for. */
function fleetCoverage(list: readonly Device[]): number | undefined {
  const known = list.map((d) => d.coverage_24h_permille).filter((v): v is number => typeof v === 'number');
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : undefined;
}

export function Today(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, state = devices.state.value, list = state.data ?? [];
  useKept(openFindings);
  useKept(due);
  useOnce(rules);
  useOnce(orgs);
  useEffect(() => { document.title = `Gantry · ${tr('nav.today')}`; }, [tr]);
  return <Frame zone={zone} coverage={fleetCoverage(list)}>
    <div class="head"><div>
      <div class="crumb">{longDate(minute.value, zone, tr)}</div>
      <h1 tabIndex={-1}>{tr('nav.today')}</h1>
      {state.data && <p class="lede">{list.length ? [...finding(list, unassigned.state.value.data?.length ?? 0, tr), ...needsSentence()].join(tr('sentence.sep')) : tr('finding.nobody')}</p>}
    </div></div>
    <Alarms list={list} zone={zone} />
    <div class="today">
      <Content state={state} zone={zone} retry={reloadAll} rows={6}>
        {(all) => all.length ? <Fleet devices={all} zone={zone} /> : <NoDevice />}
      </Content>
      {list.length > 0 && <div class="two needs"><div><Needs zone={zone} /><UnassignedQueue zone={zone} /></div><div><Month zone={zone} /><Ahead zone={zone} /></div></div>}
      {list.length === 0 && <UnassignedQueue zone={zone} />}
    </div>
    <div class="two"><News zone={zone} /><LogFigures zone={zone} list={list} /></div>
  </Frame>;
}

/** One strip for the silent, one for each device that speaks with two identities. */
function Alarms({ list, zone }: { list: readonly Device[]; zone: string }): JSX.Element {
  const tr = t.value, silent = list.filter((d) => stateNow(d).kind === 'void'), doubled = list.filter((d) => d.identity_alarm);
  const [first] = silent, since = first && stateNow(first).since;
  return <>
    {doubled.map((d) => <div key={d.id} class="banner fault"><Glyph name="degraded" tone="fault" /><span><b>{tr('alarm.identity')}</b> {tr('alarm.identity_why', { name: displayName(d) })}</span></div>)}
    {first && <div class="banner void"><Glyph name="void" /><span>
      {silent.length > 1 ? tr('silent.many', { n: silent.length, names: silent.slice(0, 5).map(displayName).join(tr('list.sep')) })
        : since === undefined ? tr('silent.never', { name: displayName(first) })
          : tr('silent.one', { name: displayName(first), span: span(minute.value - since, tr), time: clock(since, zone) })}
    </span></div>}
  </>;
}

function NoDevice(): JSX.Element {
  const tr = t.value;
  return <Section id="fleet" title={tr('fleet.title')}>
    <div class="none"><p><b>{tr('empty.title')}</b> {tr('empty.next')}</p><p class="cmd"><code>gantry register device ct-1 --record-key HEX --site SITE --tz {fleetZone.value}</code></p></div>
  </Section>;
}

function LogFigures({ zone, list }: { zone: string; list: readonly Device[] }): JSX.Element {
  const tr = t.value, silent = list.filter((d) => stateNow(d).kind === 'void').length;
  const exams = list.reduce((sum, d) => sum + (d.exams_today ?? 0), 0), exposures = list.reduce((sum, d) => sum + (d.exposures_today ?? 0), 0);
  return <Section id="log" title={tr('log.title')} meta={tr('log.meta')}>
    <Content state={status.state.value} zone={zone} retry={() => void status.load()} rows={4} height={48}>
      {(log) => {
        const at = instant(log.checkpoint_at);
        return <>
          <Figure name={tr('log.size')} value={num(log.log_size)} about={<>{tr('log.root')} <span class="mono">{shortHash(log.root)}</span></>} />
          <Figure name={tr('log.checkpoint')} value={at === undefined ? '–' : <Time at={at} zone={zone} />} tone={log.witnesses ? undefined : 'warn'}
            about={<>{log.witnesses ? tr('log.witnessed', { n: log.witnesses }) : <><b class="c-warn">UNWITNESSED</b> {tr('log.unwitnessed_why')}</>}</>} />
          <Figure name={tr('log.rate')} value={num(log.records_per_s, (log.records_per_s ?? 0) < 10 ? 1 : 0)} unit={tr('unit.per_s')} about={tr('log.rate_about', { v: num(log.records_total) })} />
          <Figure name={tr('log.exams')} value={num(exams)} about={tr('log.exams_about', { exposures: num(exposures), n: list.length - silent, all: num(list.length) })} />
          <Figure name={tr('log.reporting')} value={num(list.length - silent)} unit={tr('log.of', { v: num(list.length) })} tone={silent ? 'fault' : undefined} about={silent ? tr('log.silent', { n: silent }) : tr('log.all_heard')} />
        </>;
      }}
    </Content>
  </Section>;
}
