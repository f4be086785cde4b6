// Dose of the last 30 days in sums, and what each tube has given. No single examination is shown.
import type { JSX } from 'preact';
import { num, permille, sig, instant, date } from '../core/format';
import { knownZone } from '../core/zone';
import { t } from '../data/store';
import type { DeviceDetail, Tube } from '../data/types';
import { Figure, Section } from './parts';

/** Of the many µGy·cm, the unit that leaves a readable number. */
function dlp(ugyCm: number | null | undefined): [string, string] {
  if (ugyCm === null || ugyCm === undefined) return ['–', 'mGy·cm'];
  return ugyCm >= 1e7 ? [sig(ugyCm / 1e6), 'Gy·cm'] : [sig(ugyCm / 1000), 'mGy·cm'];
}

function hours(ms: number | null | undefined): [string, string] {
  if (ms === null || ms === undefined) return ['–', 's'];
  return [sig(ms / 1000), 's'];
}

export function Dose({ device }: { device: DeviceDetail }): JSX.Element {
  const tr = t.value, dose = device.dose_30d ?? {}, zone = knownZone(device.site_tz), covered = tr('dose.coverage', { v: permille(dose.coverage_permille) });
  const from = instant(dose.from), to = instant(dose.to), period = from !== undefined && to !== undefined ? `${date(from, zone, tr)} – ${date(to, zone, tr)}` : tr('dose.30d');
  const [dlpValue, dlpUnit] = dlp(dose.dlp_ugy_cm), [msValue, msUnit] = hours(dose.exposure_ms);
  return <div class="two even">
    <Section id="dose" title={tr('dose.title')} meta={`${period} · ${covered}`}>
      <div class="four">
        <Figure name={tr('dose.exposures')} value={num(dose.exposures)} about={tr('dose.exposures_about', { exams: num(dose.exams), patient: num(dose.patient_exposures) })} />
        <Figure name={tr('dose.dlp')} value={dlpValue} unit={dlpUnit} about={tr('dose.dlp_about')} />
        <Figure name={tr('dose.ctdi')} value={sig(dose.ctdivol_p50_ugy === null || dose.ctdivol_p50_ugy === undefined ? undefined : dose.ctdivol_p50_ugy / 1000)} unit="mGy"
          about={tr('dose.ctdi_about', { v: num(dose.ctdivol_n), p75: sig(dose.ctdivol_p75_ugy === null || dose.ctdivol_p75_ugy === undefined ? undefined : dose.ctdivol_p75_ugy / 1000) })} />
        <Figure name={tr('dose.seconds')} value={msValue} unit={msUnit} about={dose.unknown_duration ? tr('dose.seconds_unknown', { n: dose.unknown_duration }) : tr('dose.seconds_about')} />
      </div>
    </Section>
    <Section id="tubes" title={tr('tube.title')} meta={tr('tube.meta')}>
      {device.tubes?.length ? <table class="tubes">
        <thead><tr><th scope="col">{tr('tube.id')}</th><th scope="col">{tr('fact.serial')}</th><th scope="col" class="num">{tr('dose.exposures')}</th><th scope="col" class="num">{tr('tube.seconds')}</th><th scope="col" class="num">mAs</th></tr></thead>
        <tbody>{device.tubes.map((tube) => <TubeRow key={`${tube.id} ${tube.serial ?? ''}`} tube={tube} />)}</tbody>
      </table> : <p class="none">{tr('tube.none')}</p>}
    </Section>
  </div>;
}

function TubeRow({ tube }: { tube: Tube }): JSX.Element {
  return <tr><td><b>{tube.id}</b></td><td class="wrap">{tube.serial || '–'}</td><td class="num">{num(tube.exposures)}</td>
    <td class="num">{sig(tube.exposure_ms === null || tube.exposure_ms === undefined ? undefined : tube.exposure_ms / 1000)}</td><td class="num">{num(tube.mas)}</td></tr>;
}
