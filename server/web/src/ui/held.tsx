// What is known to be missing, and the starts of the agent: shown only when there is something to say.
import type { JSX } from 'preact';
import { instant, num, shortHash, when } from '../core/format';
import { minute, t } from '../data/store';
import type { DeviceDetail } from '../data/types';
import { Section, Time } from './parts';

export function Held({ device, zone }: { device: DeviceDetail; zone: string }): JSX.Element | null {
  const tr = t.value, gaps = device.gaps ?? [], faults = device.faults ?? [];
  if (!gaps.length && !faults.length) return null;
  return <div class="two even">
    {faults.length > 0 && <Section id="open-faults" title={tr('faults.title')} meta={num(faults.length)}>
      <ol class="dates">{faults.map((f) => <li key={`${f.code} ${f.since ?? ''}`}>
        <span class="d mono">{f.code}</span><span>{tr.or(`severity.${f.severity}`, f.severity ?? '')}<span class="more">{f.subsystem ? tr.or(`subsystem.${f.subsystem}`, f.subsystem) : ''}</span></span>
        <span class="in"><Time at={instant(f.since)} zone={zone}>{when(instant(f.since) ?? 0, minute.value, zone, tr)}</Time></span></li>)}</ol>
    </Section>}
    {gaps.length > 0 && <Section id="gaps" title={tr('gaps.title')} meta={tr('gaps.meta', { n: device.missing_records ?? 0, v: num(device.missing_records) })}>
      <ol class="dates">{gaps.slice(0, 8).map((g, i) => <li key={i}>
        <span class="d"><span class="swatch-void" aria-hidden="true"><svg width="22" height="12"><rect x=".5" y=".5" width="21" height="11" fill="url(#p-void)" class="s-void w1" /></svg></span> {num(g.count)}</span>
        <span>{tr.or(`gap.${g.reason}`, g.reason ?? '')}<span class="more">{g.from_seq ? tr('gaps.range', { from: num(g.from_seq), to: num(g.to_seq) }) : ''}{g.epoch && <> · <span class="mono">{shortHash(g.epoch)}</span></>}</span></span>
        <span class="in">{g.from && <Time at={instant(g.from)} zone={zone}>{when(instant(g.from) ?? 0, minute.value, zone, tr)}</Time>}</span></li>)}</ol>
    </Section>}
  </div>;
}
