// This month: how the fleet stands against what was promised. Figures of the server; what it cannot say is said.
import type { JSX } from 'preact';
import { instant, num, permille } from '../core/format';
import { fleetShare, written } from '../core/figures';
import { DAY, dayStart, instantOf, wallAt } from '../core/zone';
import { api } from '../data/api';
import { href } from '../data/route';
import { due, minute, t } from '../data/store';
import type { FleetKpis } from '../data/types';
import { useFetched } from '../data/use';
import { kpiName, useDictionary } from './kpi';
import { Content, Figure, Section } from './parts';
import { periodWords } from './period';

const SHARES = ['uptime', 'availability', 'pm_compliance', 'qc_compliance'];
/** Days change once a day; a late record may still change a day. */
const EACH_MS = 600_000;

export function Month({ zone }: { zone: string }): JSX.Element {
  const tr = t.value, words = useDictionary(), today = dayStart(minute.value, zone), wall = wallAt(today, zone), start = instantOf(zone, wall.year, wall.month);
  // On the first of a month there is nothing to say of it yet: the month before stands.
  const from = wall.day === 1 ? instantOf(zone, wall.year, wall.month - 1) : start, to = wall.day === 1 ? start : today;
  const [state, retry] = useFetched<FleetKpis>(`${from} ${to}`, () => api.fleetKpis({ from: new Date(from).toISOString(), to: new Date(to).toISOString() }), EACH_MS);
  const ends = (due.state.value.data ?? []).filter((d) => (d.kind === 'permit_end' || d.kind === 'contract_end') && (instant(d.at) ?? 0) < minute.value + 90 * DAY), papers = new Set(ends.map((d) => d.ref || `${d.device} ${d.kind}`)).size;
  return <Section id="month" title={tr('month.title')} meta={periodWords({ name: '', from, to }, zone)}>
    <Content state={state} zone={zone} retry={retry} rows={3} height={56}>{(k) => <>{SHARES.map((id) => {
      const sum = fleetShare(k.items, id);
      if (!sum) return null;
      const { text, unit } = written(sum.value, sum.unit);
      return <Figure key={id} name={<a href={href('/figures', { sort: id })}>{kpiName(id, words)}</a>} value={text} unit={unit} about={tr('month.about', { n: sum.devices, all: k.items.length, v: permille(sum.coverage) })} />;
    })}</>}</Content>
    {due.state.value.data && <Figure name={<a href={href('/due', { lane: 'permits' })}>{tr('month.papers')}</a>} value={num(papers)} tone={papers ? undefined : 'ok'} about={tr('month.papers_about', { n: new Set(ends.map((d) => d.device)).size, v: num(new Set(ends.map((d) => d.device)).size) })} />}
  </Section>;
}
