// Acting on a finding: each step is a declaration with a name, a role and a reason, and enters the log.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { num } from '../core/format';
import { api, ApiError, serverNow } from '../data/api';
import { openFindings, t } from '../data/store';
import type { Finding } from '../data/types';
import { Dialog, Field, useActor } from './dialog';
import { Glyph } from './glyphs';
import { Failure } from './parts';

export interface Step { event: string; roles: readonly string[] }

/** The last word of an event, which names the action. */
export const actionOf = (event: string): string => event.replace(/^finding\./, '');

export function ActDialog({ finding, step, zone, close, done }: { finding: Pick<Finding, 'device' | 'rule' | 'key'>; step: Step; zone: string; close: () => void; done: () => void }): JSX.Element {
  const tr = t.value, action = actionOf(step.event), [role, setRole] = useState(step.roles[0] ?? 'HM'), [reason, setReason] = useState(''), [to, setTo] = useState(''), [actor, setActor] = useActor();
  const [error, setError] = useState<ApiError>(), [busy, setBusy] = useState(false), [entry, setEntry] = useState<number>();
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const data: Record<string, string> = { rule: finding.rule, key: finding.key };
      if (action === 'assigned') data.to = to;
      setEntry((await api.declare(finding.device, { event: step.event, at: new Date(serverNow()).toISOString(), reason, actor, role, evidence: [], data })).log_index);
      done();
      void openFindings.load();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
    }
    setBusy(false);
  };
  const title = `${tr(`action.${action}`)} · ${finding.rule}`;
  if (entry !== undefined) return <Dialog title={title} close={close}><p class="banner done"><Glyph name="pass" tone="ok" /><span>{tr('act.kept', { v: num(entry) })}</span></p></Dialog>;
  return <Dialog title={title} close={close} busy={busy} submit={tr(`action.${action}`)} onSubmit={send}>
    <p class="note first">{tr(`action_why.${action}`)}</p>
    {action === 'assigned' && <Field label={tr('field.to')}><input required maxLength={100} value={to} onInput={(e) => setTo(e.currentTarget.value)} /></Field>}
    <Field label={tr(action === 'answered' ? 'field.answer' : 'field.reason')} hint={tr('field.reason_hint')}><textarea required minLength={10} maxLength={1000} rows={action === 'answered' ? 6 : 3} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
    <div class="pair">
      <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
      <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{step.roles.map((r) => <option key={r} value={r}>{tr.or(`role.${r}`, r)}</option>)}</select></Field>
    </div>
    {error && <Failure error={error} zone={zone} retry={() => void send()} />}
  </Dialog>;
}
