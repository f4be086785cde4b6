// Reports that no route claims wait here until a person says whose they are.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { instant, num, when } from '../core/format';
import { displayName } from '../core/states';
import { api, ApiError } from '../data/api';
import { devices, minute, t, unassigned } from '../data/store';
import type { Unassigned } from '../data/types';
import { Dialog, Field, useActor } from './dialog';
import { Failure, Section, Time } from './parts';
import { typeWord } from './news';

const SHOWN = 10;

export function UnassignedQueue({ zone }: { zone: string }): JSX.Element | null {
  const tr = t.value, waiting = unassigned.state.value.data ?? [], [chosen, choose] = useState<Unassigned>();
  if (!waiting.length) return null;
  return <Section id="unassigned" title={tr('unassigned.title')} meta={tr('unassigned.meta', { n: waiting.length })} cls="p-first">
    <p class="note first">{tr('unassigned.why')}</p>
    <ul class="rows">{waiting.slice(0, SHOWN).map((item, i) => <li key={item.log_index}>
      <span class="who"><b>{item.origin?.serial || tr('unassigned.no_serial')}</b>
        <span class="more">{[item.origin?.maker, item.origin?.model].filter(Boolean).join(' ')}{item.origin?.ae && <> · AE <span class="mono">{item.origin.ae}</span></>}{item.origin?.source_h && <span class="mono">{item.origin.source_h.slice(0, 12)}</span>}</span></span>
      <span class="what">{item.type ? typeWord(item.type) : ''}<span class="more"><Time at={instant(item.at) ?? instant(item.recv_at)} zone={zone}>{when(instant(item.at) ?? instant(item.recv_at) ?? 0, minute.value, zone, tr)}</Time> · <span class="mono">#{num(item.log_index)}</span></span></span>
      <button type="button" class={`btn slim ${i ? '' : 'main'}`} onClick={() => choose(item)}>{tr('unassigned.assign')}</button>
    </li>)}</ul>
    {chosen && <AssignDialog item={chosen} zone={zone} close={() => choose(undefined)} />}
  </Section>;
}

function AssignDialog({ item, zone, close }: { item: Unassigned; zone: string; close: () => void }): JSX.Element {
  const tr = t.value, known = devices.state.value.data ?? [];
  const match = known.find((d) => d.serial && d.serial === item.origin?.serial);
  const [device, setDevice] = useState(match?.id ?? ''), [reason, setReason] = useState(''), [actor, setActor] = useActor();
  const [error, setError] = useState<ApiError>(), [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await api.assign(item.log_index, { device, reason, actor });
      await unassigned.load();
      void devices.load();
      close();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
      setBusy(false);
    }
  };
  return <Dialog title={tr('unassigned.dialog')} close={close} busy={busy} submit={tr('unassigned.assign_reason')} onSubmit={send}>
    <p class="note first">{[item.origin?.maker, item.origin?.model, item.origin?.serial, item.origin?.ae && `AE ${item.origin.ae}`, item.origin?.source_h?.slice(0, 12)].filter(Boolean).join(' · ')} · #{num(item.log_index)}</p>
    <Field label={tr('field.device')} hint={match ? tr('unassigned.match') : undefined}>
      <select required value={device} onChange={(e) => setDevice(e.currentTarget.value)}>
        <option value="">{tr('field.choose')}</option>
        {known.map((d) => <option key={d.id} value={d.id}>{displayName(d)} · {d.serial ?? d.id}</option>)}
      </select>
    </Field>
    <Field label={tr('field.reason')} hint={tr('field.reason_hint')}><textarea required minLength={10} maxLength={500} rows={3} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
    <Field label={tr('field.actor')}><input required maxLength={64} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
    {error && <Failure error={error} zone={zone} retry={() => void send()} />}
  </Dialog>;
}
