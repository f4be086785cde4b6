// The device table of Today, sorted by consequence; on a phone each device is a small block with its band.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { instant, num, permille, span, when } from '../core/format';
import { byConsequence, displayName, stateNow } from '../core/states';
import { deviceHref } from '../data/route';
import { minute, placeWords, siteName, t } from '../data/store';
import type { Device } from '../data/types';
import { DayAxis, DayRow, fleetTop } from './day-row';
import { Glyph } from './glyphs';
import { Legend, Section, State, stateNote, Time } from './parts';

const STEP = 100;

export function Fleet({ devices, zone }: { devices: readonly Device[]; zone: string }): JSX.Element {
  const tr = t.value, [shown, setShown] = useState(STEP), top = fleetTop(devices);
  const sorted = [...devices].sort(byConsequence), reporting = devices.filter((d) => stateNow(d).kind !== 'void').length, manySites = new Set(devices.map((d) => d.site)).size > 1, manyOrgs = new Set(devices.map((d) => d.org)).size > 1;
  return <Section id="fleet" title={tr('fleet.title')} meta={tr('fleet.meta', { n: devices.length, reporting: num(reporting), top: num(top / 10) })}>
    <table class="fleet">
      <thead><tr>
        <th scope="col">{tr('fleet.device')}</th><th scope="col">{tr('fleet.state')}</th>
        <th scope="col" class="dayhead"><span class="vh">{tr('fleet.day')}</span><DayAxis now={minute.value} zone={zone} /></th>
        <th scope="col" class="num">{tr('fleet.coverage')}</th><th scope="col" class="num">{tr('fleet.exams')}</th><th scope="col" class="num">{tr('fleet.exposures')}</th>
        <th scope="col" class="num">{tr('fleet.faults')}</th><th scope="col" class="num">{tr('fleet.last')}</th>
      </tr></thead>
      <tbody>{sorted.slice(0, shown).map((d) => <Row key={d.id} device={d} zone={zone} top={top} site={manySites ? manyOrgs ? placeWords(d.org, d.site) : siteName(d.site) : undefined} />)}</tbody>
    </table>
    {sorted.length > shown && <button type="button" class="btn more-btn" onClick={() => setShown(shown + STEP)}>{tr('fleet.more', { n: sorted.length - shown })}</button>}
    <Legend kinds={['use', 'powered', 'fault', 'degraded', 'pm', 'blocked', 'off', 'void']} />
  </Section>;
}

function Row({ device, zone, top, site }: { device: Device; zone: string; top: number; site?: string | null }): JSX.Element {
  const tr = t.value, now = stateNow(device), seen = instant(device.last_seen_at) ?? instant(device.last_record_at);
  const faults = device.open_faults ?? 0, about = [[device.maker, device.model].filter(Boolean).join(' '), site].filter(Boolean).join(' · ');
  return <tr>
    <td class="name" title={`${displayName(device)} ${about}`}>
      <a href={deviceHref(device.id)}><b>{displayName(device)}</b></a> {device.identity_alarm && <span class="flag alarm"><Glyph name="degraded" />{tr('alarm.identity')}</span>}
      <span class="dim hide-p">{about}</span>
    </td>
    <td class="state"><State kind={now.kind} note={stateNote(now, device)} /></td>
    <td class="band"><DayRow device={device} now={minute.value} zone={zone} top={top} /></td>
    <td class="num" data-l={tr('fleet.coverage_short')}><b>{permille(device.coverage_24h_permille)}</b> <span class="u">%</span></td>
    <td class="num" data-l={tr('fleet.exams')}><b>{num(device.exams_today)}</b></td>
    <td class="num" data-l={tr('fleet.exposures')}>{num(device.exposures_today)}</td>
    <td class={`num ${faults ? '' : 'hide-p'}`} data-l={tr('fleet.faults')}>{faults ? <b class="c-fault">{faults}</b> : <span class="dim" aria-label="0">·</span>}</td>
    <td class="num last" data-l={tr('fleet.last')}><Time at={seen} zone={zone}>{seen !== undefined && (minute.value - seen < 90_000 ? tr('time.just') : minute.value - seen < 86_400_000 ? tr('time.ago', { span: span(minute.value - seen, tr) }) : when(seen, minute.value, zone, tr))}</Time></td>
  </tr>;
}
