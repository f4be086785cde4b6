// Declaring an event of a device's life. The lifecycle table may refuse: then it is said what was missing and who can supply it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Fact, factData, factsFor } from '../core/facts';
import { num, shortHash } from '../core/format';
import { displayName, lifecycleKind } from '../core/states';
import { instantOf, MINUTE, wallAt } from '../core/zone';
import { api, ApiError, serverNow } from '../data/api';
import { devices, t } from '../data/store';
import type { DeviceDetail } from '../data/types';
import { Dialog, Field, useActor } from './dialog';
import { Glyph } from './glyphs';
import { Failure, stateWord } from './parts';

const ROLES = ['HM', 'RAD', 'SVC', 'QMP', 'REG-H', 'REG-E', 'REG-D', 'MFR'] as const;
const EVIDENCE_MAX = 32;

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
  const [evidence, setEvidence] = useState<readonly string[]>([]);
  const event = allowed.find((e) => e.event === name), asked = factsFor(name, event?.guards ?? [], facts), roles = event?.actors?.length ? event.actors : ROLES;
  const choose = (next: string): void => { setName(next); setFacts({}); const actors = allowed.find((e) => e.event === next)?.actors; if (actors?.[0] && !actors.includes(role)) setRole(actors[0]); };
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      // The control has whole minutes; "now" must not land in the server's future.
      const when = Math.min(fromInput(at, zone) ?? serverNow(), serverNow());
      setEntry(await api.declare(device.id, { event: name, at: new Date(when).toISOString(), reason, actor, role, evidence: [...evidence], data: factData(asked, facts) }));
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
    <Facts facts={asked} filled={facts} set={(key, value) => setFacts({ ...facts, [key]: value })} />
    <Field label={tr('declare.at')} hint={`${tr('declare.at_hint')} · ${zone}`}><input type="datetime-local" required value={at} max={localInput(serverNow() + MINUTE, zone)} onInput={(e) => setAt(e.currentTarget.value)} /></Field>
    <Field label={tr('field.reason')} hint={tr('field.reason_hint')}><textarea required minLength={10} maxLength={1000} rows={3} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
    <div class="pair">
      <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
      <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{roles.map((r) => <option key={r} value={r}>{tr.or(`role.${r}`, r)}</option>)}</select></Field>
    </div>
    <Evidence hashes={evidence} set={setEvidence} />
    {event && (event.guards?.length || event.evidence?.length) ? <Needs guards={event.guards ?? []} evidence={event.evidence ?? []} /> : null}
    {error && (error.problem.code === 'guard' ? <Refused error={error} /> : <Failure error={error} zone={zone} retry={() => void send()} />)}
  </Dialog>;
}

const targetWord = (target: string): string => target.startsWith('@') ? t.value.or(`target.${target.slice(1)}`, target) : stateWord(lifecycleKind(target));

/** What the guards ask for in `data`; left empty, the table refuses and says so. */
function Facts({ facts, filled, set }: { facts: readonly Fact[]; filled: Record<string, string>; set: (key: string, value: string) => void }): JSX.Element {
  const tr = t.value;
  const word = (option: string): string => /^[A-Z_]+$/.test(option) ? stateWord(lifecycleKind(option)) : tr.or(`role.${option}`, tr.or(`choice.${option}`, tr.or(`subsystem.${option}`, option)));
  return <>{facts.map((fact) => <Field key={fact.key} label={tr(`fact.${fact.key}`)}>
    {fact.kind === 'text' || fact.kind === 'number'
      ? <input inputMode={fact.kind === 'number' ? 'numeric' : 'text'} pattern={fact.kind === 'number' ? '[0-9]+' : undefined} maxLength={100} value={filled[fact.key] ?? ''} onInput={(e) => set(fact.key, e.currentTarget.value)} />
      : <select value={filled[fact.key] ?? ''} onChange={(e) => set(fact.key, e.currentTarget.value)}><option value="">{tr('field.choose')}</option>
        {fact.kind === 'flag' ? ['true', 'false'].map((v) => <option key={v} value={v}>{tr(v === 'true' ? 'word.yes' : 'word.no')}</option>) : fact.options?.map((o) => <option key={o} value={o}>{word(o)}</option>)}</select>}
  </Field>)}</>;
}

/** A document stays here: only its SHA-256 enters the log. */
function Evidence({ hashes, set }: { hashes: readonly string[]; set: (hashes: string[]) => void }): JSX.Element {
  const read = async (files: FileList | null): Promise<void> => {
    const out: string[] = [];
    for (const file of [...files ?? []].slice(0, EVIDENCE_MAX)) {
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      out.push([...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join(''));
    }
    set(out);
  };
  return <Field label={t.value('declare.attach')} hint={hashes.length ? hashes.map(shortHash).join(t.value('list.sep')) : t.value('declare.attach_hint')}>
    <input type="file" multiple onChange={(e) => void read(e.currentTarget.files)} /></Field>;
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
      {missing && <><dt>{tr('refused.missing')}</dt><dd>{missing.startsWith('data.') ? tr.or(`fact.${missing.slice(5)}`, missing) : tr.or(`event.${missing}`, missing)}</dd></>}
      {who && <><dt>{tr('refused.who')}</dt><dd>{who.split(', ').map((role) => tr.or(`role.${role}`, role)).join(tr('list.sep'))}</dd></>}
    </dl>
    {detail && <span class="more">{detail}</span>}
    <span class="more">{tr('refused.trace')}</span>
  </span></div>;
}
