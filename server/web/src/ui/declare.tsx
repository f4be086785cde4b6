// Declaring an event of a device's life. The lifecycle table may refuse: then it is said what was missing and who can supply it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { num } from '../core/format';
import { displayName, lifecycleKind } from '../core/states';
import { instantOf, MINUTE, wallAt } from '../core/zone';
import { api, ApiError, serverNow } from '../data/api';
import { devices, t } from '../data/store';
import type { DeviceDetail } from '../data/types';
import { Dialog, Field, useActor } from './dialog';
import { Glyph } from './glyphs';
import { Failure, stateWord } from './parts';

const ROLES = ['HM', 'RAD', 'SVC', 'QMP', 'REG-H', 'REG-E', 'REG-D', 'MFR'] as const;
const BASELINE_STATES = ['IN_USE', 'READY', 'PM', 'FAULT', 'RETEST', 'SUSPENDED', 'IDLE', 'INSTALLED', 'DELIVERED', 'DECOMMISSIONED'] as const;

const p2 = (n: number): string => String(n).padStart(2, '0');

/** What a datetime-local control shows for an instant, in the site's zone. */
function localInput(t0: number, zone: string): string {
  const w = wallAt(t0, zone);
  return `${w.year}-${p2(w.month)}-${p2(w.day)}T${p2(w.hour)}:${p2(w.minute)}`;
}

function fromInput(words: string, zone: string): number | undefined {
  const m = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(words);
  return m ? instantOf(zone, Number(m[1]), Number(m[2]), Number(m[3]), Number(m[4]), Number(m[5])) : undefined;
}

export function DeclareDialog({ device, zone, close, done }: { device: DeviceDetail; zone: string; close: () => void; done: () => void }): JSX.Element {
  const tr = t.value, allowed = device.lifecycle?.allowed_events ?? [];
  const [name, setName] = useState(allowed[0]?.event ?? ''), [role, setRole] = useState<string>(allowed[0]?.actors?.[0] ?? 'HM'), [facts, setFacts] = useState<Record<string, string>>({});
  const [at, setAt] = useState(() => localInput(serverNow(), zone)), [reason, setReason] = useState(''), [actor, setActor] = useActor();
  const [error, setError] = useState<ApiError>(), [busy, setBusy] = useState(false), [entry, setEntry] = useState<{ log_index: number; state?: string | null }>();
  const event = allowed.find((e) => e.event === name), roles = event?.actors?.length ? event.actors : ROLES;
  const choose = (next: string): void => { setName(next); const actors = allowed.find((e) => e.event === next)?.actors; if (actors?.[0] && !actors.includes(role)) setRole(actors[0]); };
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      // The control has whole minutes; "now" must not land in the server's future.
      const when = Math.min(fromInput(at, zone) ?? serverNow(), serverNow());
      const data = Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== '').map(([k, v]) => [k, v === 'true' ? true : v === 'false' ? false : v]));
      setEntry(await api.declare(device.id, { event: name, at: new Date(when).toISOString(), reason, actor, role, evidence: [], data }));
      done();
      void devices.load();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
    }
    setBusy(false);
  };
  const title = tr('declare.title', { name: displayName(device) });
  if (entry) return <Dialog title={title} close={close}><p class="banner done"><Glyph name="pass" tone="ok" /><span>{tr('declare.done', { v: num(entry.log_index), state: stateWord(lifecycleKind(entry.state)) })}</span></p></Dialog>;
  if (!allowed.length) return <Dialog title={title} close={close}><p class="none">{tr('declare.nothing', { state: stateWord(lifecycleKind(device.lifecycle?.state)) })}</p></Dialog>;
  return <Dialog title={title} close={close} busy={busy} submit={tr('declare.submit')} onSubmit={send}>
    <p class="note first">{tr('declare.why')}</p>
    <Field label={tr('declare.event')} hint={event?.to?.length ? tr('declare.leads', { states: event.to.map(targetWord).join(tr('list.or')) }) : undefined}>
      <select required value={name} onChange={(e) => choose(e.currentTarget.value)}>{allowed.map((e) => <option key={e.event} value={e.event}>{tr.or(`event.${e.event}`, e.event)}</option>)}</select>
    </Field>
    <Facts event={name} facts={facts} set={(key, value) => setFacts({ ...facts, [key]: value })} />
    <Field label={tr('declare.at')} hint={`${tr('declare.at_hint')} · ${zone}`}><input type="datetime-local" required value={at} max={localInput(serverNow() + MINUTE, zone)} onInput={(e) => setAt(e.currentTarget.value)} /></Field>
    <Field label={tr('field.reason')} hint={tr('field.reason_hint')}><textarea required minLength={10} maxLength={1000} rows={3} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
    <div class="pair">
      <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
      <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{roles.map((r) => <option key={r} value={r}>{tr.or(`role.${r}`, r)}</option>)}</select></Field>
    </div>
    {event && (event.guards?.length || event.evidence?.length) ? <Needs guards={event.guards ?? []} evidence={event.evidence ?? []} /> : null}
    {error && (error.problem.code === 'guard' ? <Refused error={error} /> : <Failure error={error} zone={zone} retry={() => void send()} />)}
  </Dialog>;
}

const targetWord = (target: string): string => target.startsWith('@') ? t.value.or(`target.${target.slice(1)}`, target) : stateWord(lifecycleKind(target));

/** Facts that choose between rows of the table or that a guard asks for. */
function Facts({ event, facts, set }: { event: string; facts: Record<string, string>; set: (key: string, value: string) => void }): JSX.Element | null {
  const tr = t.value;
  if (event === 'baseline.declared') return <Field label={tr('declare.state')} hint={tr('declare.state_hint')}><select required value={facts.state ?? ''} onChange={(e) => set('state', e.currentTarget.value)}>
    <option value="">{tr('field.choose')}</option>{BASELINE_STATES.map((s) => <option key={s} value={s}>{stateWord(lifecycleKind(s))}</option>)}</select></Field>;
  if (event === 'repair.completed' || event === 'part.replaced') return <Field label={tr('declare.major')}><select required value={facts.major ?? ''} onChange={(e) => set('major', e.currentTarget.value)}>
    <option value="">{tr('field.choose')}</option><option value="false">{tr('word.no')}</option><option value="true">{tr('word.yes')}</option></select></Field>;
  return null;
}

function Needs({ guards, evidence }: { guards: readonly string[]; evidence: readonly string[] }): JSX.Element {
  const tr = t.value;
  return <dl class="kv needs">
    {guards.length > 0 && <><dt>{tr('declare.guards')}</dt><dd>{guards.map((g) => tr.or(`guard.${g}`, g)).join(tr('list.sep'))}</dd></>}
    {evidence.length > 0 && <><dt>{tr('declare.evidence')}</dt><dd>{evidence.map((e) => tr.or(`evidence.${e}`, e.replaceAll('_', ' '))).join(tr('list.sep'))}</dd></>}
  </dl>;
}

/** The table said no: which rule, what it asks for, and who can give it. Nothing entered the log. */
function Refused({ error }: { error: ApiError }): JSX.Element {
  const tr = t.value, { guard, missing, who, title, detail } = error.problem;
  return <div class="banner fault" role="alert"><Glyph name="susp" tone="fault" /><span>
    <b>{title ?? tr('refused.title')}</b>
    <dl class="kv">
      {guard && <><dt>{tr('refused.guard')}</dt><dd>{tr.or(`guard.${guard}`, guard)}</dd></>}
      {missing && <><dt>{tr('refused.missing')}</dt><dd>{missing}</dd></>}
      {who && <><dt>{tr('refused.who')}</dt><dd>{tr.or(`role.${who}`, who)}</dd></>}
    </dl>
    {detail && <span class="more">{detail}</span>}
    <span class="more">{tr('refused.trace')}</span>
  </span></div>;
}
