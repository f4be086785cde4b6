// The records table: what the log holds, newest first, each with its index and leaf hash.
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { bodyRows } from '../core/body';
import { instant, moment, num, shortHash, when } from '../core/format';
import { api, ApiError } from '../data/api';
import { minute, t } from '../data/store';
import type { LogRecord } from '../data/types';
import { typeGlyph, typeWord } from './news';
import { Failure, Section, Skeleton, Time } from './parts';
import { PHONE_MAX } from './svg';

const PAGE = innerWidth <= PHONE_MAX ? 10 : 25;
export const RECORD_TYPES = ['usage.exposure', 'usage.exam.start', 'usage.exam.end', 'usage.dose', 'fault.raised', 'fault.cleared', 'service.session', 'part.replaced', 'config.changed',
  'counter', 'coverage', 'power.on', 'power.off', 'identity', 'epoch_open', 'gap_declared', 'clock', 'audit', 'env'] as const;

interface Held { items: LogRecord[]; next: string | null; error?: ApiError; busy: boolean; at?: number }

export function Records({ id, zone, newest }: { id: string; zone: string; newest: number }): JSX.Element {
  const tr = t.value, [type, setType] = useState(''), [held, setHeld] = useState<Held>({ items: [], next: null, busy: true });
  const load = async (older: boolean): Promise<void> => {
    setHeld((now) => ({ ...now, busy: true }));
    try {
      const page = await api.records(id, { limit: PAGE, type, cursor: older ? held.next ?? undefined : undefined });
      setHeld((now) => {
        // A newer first page is put before what was already paged to, when the two still touch; else it starts over.
        const known = new Set(page.items.map((r) => r.log_index)), rest = now.items.filter((r) => !known.has(r.log_index) && (!type || r.type === type));
        const touches = rest.length < now.items.length && now.items.length > PAGE;
        if (older) return { items: [...now.items, ...page.items], next: page.next_cursor, busy: false };
        return touches ? { items: [...page.items, ...rest], next: now.next, busy: false } : { items: page.items, next: page.next_cursor, busy: false };
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setHeld((now) => ({ ...now, busy: false, error }));
    }
  };
  useEffect(() => { setHeld({ items: [], next: null, busy: true }); void load(false); }, [id, type]);
  useEffect(() => { if (newest > 0) void load(false); }, [newest]);
  return <Section id="records" title={tr('records.title')} sub={tr('records.sub')} tools={<label class="filter">{tr('records.filter')}
    <select value={type} onChange={(e) => setType(e.currentTarget.value)}><option value="">{tr('records.all')}</option>{RECORD_TYPES.map((r) => <option key={r} value={r}>{typeWord(r)}</option>)}</select></label>}>
    {held.error && <Failure error={held.error} zone={zone} retry={() => void load(false)} />}
    {!held.items.length && held.busy && <Skeleton rows={6} height={32} />}
    {!held.items.length && !held.busy && !held.error && <p class="none">{type ? tr('records.none_type', { type: typeWord(type) }) : tr('records.none')}{type && <> <button type="button" class="link" onClick={() => setType('')}>{tr('records.all')}</button></>}</p>}
    {held.items.length > 0 && <Table items={held.items} zone={zone} />}
    {held.next && <button type="button" class="btn more-btn" disabled={held.busy} onClick={() => void load(true)}>{tr('records.more', { v: PAGE })}</button>}
  </Section>;
}

function Table({ items, zone }: { items: readonly LogRecord[]; zone: string }): JSX.Element {
  const tr = t.value, [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const flip = (index: number): void => setOpen((now) => { const next = new Set(now); if (!next.delete(index)) next.add(index); return next; });
  return <table class="log">
    <thead><tr><th scope="col" class="num">{tr('records.index')}</th><th scope="col">{tr('records.happened')}</th><th scope="col">{tr('records.received')}</th><th scope="col">{tr('records.kind')}</th>
      <th scope="col">{tr('records.source')}</th><th scope="col">{tr('records.leaf')}</th><th scope="col"><span class="vh">{tr('records.details')}</span></th></tr></thead>
    <tbody>{items.map((r) => {
      const shown = open.has(r.log_index), at = instant(r.at) ?? instant(r.t), got = instant(r.recv_at);
      return <Fragment key={r.log_index}>
        <tr>
          <td class="num mono idx">{num(r.log_index)}</td>
          <td class="happened"><Time at={at} zone={zone}>{at !== undefined && when(at, minute.value, zone, tr)}</Time></td>
          <td class="received" data-l={tr('records.received')}><Time at={got} zone={zone}>{got !== undefined && when(got, minute.value, zone, tr)}</Time></td>
          <td class="kind">{typeGlyph(r.type)} {typeWord(r.type)}</td>
          <td class="src mono" data-l={tr('records.source')}>{r.src || r.kind}</td>
          <td class="leaf mono" data-l={tr('records.leaf')} title={r.leaf_hash}>{shortHash(r.leaf_hash)}</td>
          <td class="num go"><button type="button" class="btn slim" aria-expanded={shown} aria-controls={`r-${r.log_index}`} onClick={() => flip(r.log_index)}>{tr(shown ? 'act.hide' : 'act.show')}<span class="vh"> {tr('records.entry', { v: num(r.log_index) })}</span></button></td>
        </tr>
        {shown && <tr class="detail"><td colSpan={7} id={`r-${r.log_index}`}><Details record={r} zone={zone} /></td></tr>}
      </Fragment>;
    })}</tbody>
  </table>;
}

function Details({ record: r, zone }: { record: LogRecord; zone: string }): JSX.Element {
  const tr = t.value, agent = instant(r.t);
  return <div class="split">
    <dl class="kv">{bodyRows(r.body, tr).map((row) => <Fragment key={row.path}><dt>{row.name}</dt><dd>{row.value}{row.unit && <span class="u"> {row.unit}</span>}</dd></Fragment>)}</dl>
    <dl class="kv">
      <dt>{tr('records.kind')}</dt><dd class="mono">{r.type}</dd>
      <dt>{tr('records.leaf')}</dt><dd class="mono">{r.leaf_hash}</dd>
      {r.epoch && <><dt>{tr('records.epoch')}</dt><dd class="mono">{r.epoch} · {num(r.seq)}</dd></>}
      {agent !== undefined && <><dt>{tr('records.agent_time')}</dt><dd>{moment(agent, zone, tr)}</dd></>}
      <dt>{tr('records.bytes')}</dt><dd>{num(r.bytes)} <span class="u">B</span></dd>
    </dl>
  </div>;
}
