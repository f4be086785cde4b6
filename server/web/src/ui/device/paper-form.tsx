// Filing a paper: the form is made from what the server says each kind may hold.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { num, shortHash } from '../../core/format';
import { type Filled, suggestId, toBody } from '../../core/papers';
import { instantOf, wallAt } from '../../core/zone';
import { api, ApiError, serverNow } from '../../data/api';
import { lang, t } from '../../data/store';
import type { PaperField, PaperKind } from '../../data/types';
import { Dialog, Field, useActor } from '../dialog';
import { Glyph } from '../glyphs';
import { Failure } from '../parts';
import type { FilingProps } from './filing';
import { kindWord } from './kinds';

const ROLES = ['HM', 'RAD', 'SVC', 'QMP', 'REG-H', 'REG-E', 'REG-D', 'MFR'] as const;
const DOCUMENT_MAX = 16 * 1024 * 1024;
const p2 = (n: number): string => String(n).padStart(2, '0');

/** A work order's times are moments; other papers are dated by the day. */
const isMoment = (kind: string): boolean => kind === 'work_order' || kind === 'adverse_event';

function control(text: string, zone: string): string | undefined {
  const m = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/.exec(text);
  return m ? new Date(instantOf(zone, Number(m[1]), Number(m[2]), Number(m[3]), Number(m[4] ?? 0), Number(m[5] ?? 0))).toISOString() : undefined;
}
function shown(iso: string, zone: string, moment: boolean): string {
  const w = wallAt(Date.parse(iso), zone), day = `${w.year}-${p2(w.month)}-${p2(w.day)}`;
  return moment ? `${day}T${p2(w.hour)}:${p2(w.minute)}` : day;
}

/** A filed body as the form's values, to be changed and filed again. */
function filledFrom(fields: readonly PaperField[], body: Readonly<Record<string, unknown>>, zone: string, moment: boolean): Record<string, Filled> {
  const out: Record<string, Filled> = {};
  const one = (f: PaperField, v: unknown): Filled | undefined => v === undefined || v === null ? undefined : f.kind === 'time' && typeof v === 'string' ? shown(v, zone, moment)
    : f.kind === 'object' ? filledFrom(f.fields ?? [], v as Record<string, unknown>, zone, moment) : f.kind === 'list' && Array.isArray(v) ? f.fields?.[0]?.kind === 'object' ? v.map((x) => one(f.fields?.[0] as PaperField, x) ?? {}) : v.map(String).join('\n') : String(v);
  for (const f of fields) { const v = one(f, body[f.name]); if (v !== undefined) out[f.name] = v; }
  return out;
}

export function PaperDialog({ device, kinds, filing, zone, close, done }: FilingProps): JSX.Element {
  const tr = t.value, [kind, setKind] = useState(filing.kind ?? ''), chosen = kinds.find((k) => k.kind === kind), moment = isMoment(kind);
  const day = shown(new Date(serverNow()).toISOString(), zone, false);
  // A permit is bound to a site or a model only when it says so.
  const known = (k: PaperKind | undefined): Record<string, Filled> => {
    const out: Record<string, Filled> = {}, has = (name: string): boolean => Boolean(k?.fields.some((f) => f.name === name));
    for (const [name, value] of Object.entries({ device: device.id, devices: device.id, org: device.org, holder: device.org, site: device.site, model: device.model, maker: device.maker, serial: device.serial, modality: device.modality })) if (value && has(name) && !(k?.kind === 'permit' && (name === 'site' || name === 'model'))) out[name] = value;
    return out;
  };
  const [filled, fill] = useState<Record<string, Filled>>(() => chosen ? { ...known(chosen), ...filing.known, ...(filing.paper?.body ? filledFrom(chosen.fields, filing.paper.body, zone, moment) : {}) } : {});
  const [id, setId] = useState(filing.paper?.id ?? ''), [reason, setReason] = useState(''), [actor, setActor] = useActor(), [role, setRole] = useState('HM');
  const [error, setError] = useState<ApiError>(), [busy, setBusy] = useState(false), [entry, setEntry] = useState<number>();
  const suggested = chosen ? suggestId(kind, String(filled.kind ?? filled.work ?? ''), device.id, day) : '';
  const send = async (): Promise<void> => {
    if (!chosen) return;
    setBusy(true);
    setError(undefined);
    try {
      setEntry((await api.filePaper({ kind, id: id || suggested, body: toBody(chosen.fields, filled, (words) => control(words, zone)), reason, actor, role })).log_index);
      done();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
    }
    setBusy(false);
  };
  const title = tr(filing.paper ? 'papers.dialog_again' : 'papers.dialog', { name: device.name || device.id });
  if (entry !== undefined) return <Dialog title={title} close={close}><p class="banner done"><Glyph name="pass" tone="ok" /><span>{tr('act.kept', { v: num(entry) })}</span></p></Dialog>;
  const faults = new Map((error?.problem.errors ?? []).map((e) => [e.pointer.replace(/^\/body\//, '').split('/')[0] ?? '', e.detail]));
  return <Dialog title={title} close={close} busy={busy} submit={chosen && tr('papers.submit')} onSubmit={send}>
    <p class="note first">{tr('papers.why')}</p>
    <Field label={tr('papers.kind')}><select required value={kind} disabled={Boolean(filing.paper)} onChange={(e) => { const next = e.currentTarget.value; setKind(next); fill(known(kinds.find((k) => k.kind === next))); }}>
      <option value="">{tr('field.choose')}</option>{kinds.map((k) => <option key={k.kind} value={k.kind}>{kindWord(k.kind, kinds)}</option>)}</select></Field>
    {chosen && <>
      <Fields fields={chosen.fields} filled={filled} set={fill} moment={moment} faults={faults} />
      <Field label={tr('papers.id')} hint={tr('papers.id_hint')}><input pattern="[A-Za-z0-9._:\-]{1,64}" maxLength={64} disabled={Boolean(filing.paper)} value={id} placeholder={suggested} onInput={(e) => setId(e.currentTarget.value)} /></Field>
      <Field label={tr('field.reason')} hint={tr('papers.reason_hint')}><textarea required minLength={10} maxLength={1000} rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
      <div class="pair">
        <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
        <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{ROLES.map((r) => <option key={r} value={r}>{tr.or(`role.${r}`, r)}</option>)}</select></Field>
      </div>
    </>}
    {error && <Failure error={error} zone={zone} retry={() => void send()} />}
  </Dialog>;
}

const label = (f: PaperField): string => (lang.value === 'en' ? t.value.or(`paper_field.${f.name}`, words(f.name)) : f.text.zh) || f.name;
const words = (name: string): string => { const plain = name.replace(/_(at|ms|cny|days|mt|dm2)$/, '').replaceAll('_', ' '); return plain.charAt(0).toUpperCase() + plain.slice(1); };
const hint = (f: PaperField): string => [lang.value === 'en' ? f.text.en : '', f.unit && f.unit !== '1' ? f.unit : '', !f.required ? t.value('papers.optional') : ''].filter(Boolean).join(' · ');
const option = (v: string): string => t.value.or(`value.${v}`, v.replaceAll('_', ' '));

type Set = (next: Record<string, Filled>) => void;

function Fields({ fields, filled, set, moment, faults }: { fields: readonly PaperField[]; filled: Readonly<Record<string, Filled>>; set: Set; moment: boolean; faults?: ReadonlyMap<string, string> }): JSX.Element {
  return <>{fields.map((f) => <One key={f.name} field={f} value={filled[f.name]} moment={moment} fault={faults?.get(f.name)} set={(v) => set({ ...filled, [f.name]: v })} />)}</>;
}

function One({ field: f, value, set, moment, fault }: { field: PaperField; value: Filled | undefined; set: (v: Filled) => void; moment: boolean; fault?: string }): JSX.Element {
  const tr = t.value, of = f.kind === 'list' ? f.fields?.[0] : undefined, plain = typeof value === 'string' ? value : '', said = fault ? `${fault}` : hint(f);
  if (of?.kind === 'object') return <Rows field={f} of={of} value={Array.isArray(value) ? value : []} set={set} moment={moment} />;
  if (of?.kind === 'enum') { const on = new Set(plain.split('\n').filter(Boolean)); return <fieldset class="field"><legend>{label(f)}</legend><span class="checks">{of.values?.map((v) => <label key={v}><input type="checkbox" checked={on.has(v)} onChange={(e) => { if (e.currentTarget.checked) on.add(v); else on.delete(v); set([...on].join('\n')); }} /> {option(v)}</label>)}</span><small>{said}</small></fieldset>; }
  if (f.kind === 'object') return <fieldset class="field"><legend>{label(f)}</legend><Fields fields={f.fields ?? []} filled={(value as Record<string, Filled>) ?? {}} set={set} moment={moment} /></fieldset>;
  const change = (e: { currentTarget: { value: string } }): void => set(e.currentTarget.value);
  const input = f.kind === 'enum' ? <select required={f.required} value={plain} onChange={change}><option value="">{tr('field.choose')}</option>{f.values?.map((v) => <option key={v} value={v}>{option(v)}</option>)}</select>
    : f.kind === 'bool' ? <select required={f.required} value={plain} onChange={change}><option value="">{tr('field.choose')}</option><option value="true">{tr('word.yes')}</option><option value="false">{tr('word.no')}</option></select>
      : f.kind === 'time' ? <input type={moment ? 'datetime-local' : 'date'} required={f.required} value={plain} onInput={change} />
        : f.kind === 'int' ? <input type="number" required={f.required} min={f.min} max={f.max} step="1" value={plain} onInput={change} />
          : f.kind === 'list' ? <textarea rows={2} required={f.required} value={plain} onInput={change} />
            : f.kind === 'hex' && f.max !== 32 && /sha256$/.test(f.name) ? <HashInput value={plain} set={set} required={f.required} />
              : <input required={f.required} maxLength={f.max} value={plain} onInput={change} />;
  return <Field label={label(f)} hint={f.kind === 'list' ? [said, tr('papers.one_a_line')].filter(Boolean).join(' · ') : said} wrong={Boolean(fault)}>{input}</Field>;
}

/** The file stays here: what is filed is its SHA-256. */
function HashInput({ value, set, required }: { value: string; set: (v: string) => void; required: boolean }): JSX.Element {
  const read = async (files: FileList | null): Promise<void> => { const file = files?.[0]; if (file) set(await sha256(file)); };
  return <><input type="file" required={required && !value} onChange={(e) => void read(e.currentTarget.files)} />{value && <span class="mono more">{shortHash(value)}</span>}</>;
}

export async function sha256(file: File): Promise<string> {
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

function Rows({ field: f, of, value, set, moment }: { field: PaperField; of: PaperField; value: readonly Filled[]; set: (v: Filled) => void; moment: boolean }): JSX.Element {
  const tr = t.value, put = (i: number, row: Record<string, Filled>): void => set(value.map((v, j) => j === i ? row : v));
  return <fieldset class="field rowset"><legend>{label(f)}</legend>{value.length === 0 && <small>{hint(f)}</small>}
    {value.map((row, i) => <div key={i} class="rowof"><Fields fields={of.fields ?? []} filled={row as Record<string, Filled>} set={(next) => put(i, next)} moment={moment} /><button type="button" class="link" onClick={() => set(value.filter((_, j) => j !== i))}>{tr('papers.row_remove')}</button></div>)}
    {value.length < (f.max ?? 64) && <button type="button" class="btn slim" onClick={() => set([...value, {}])}><Glyph name="new" />{tr('papers.row_add')}</button>}
  </fieldset>;
}

/** A document is kept by the collector, and named in the log by its hash. */
export function DocumentDialog({ device, filing, zone, close, done }: FilingProps): JSX.Element {
  const tr = t.value, kind = filing.known?.kind ?? '', paper = filing.title, [file, setFile] = useState<File>(), [title, setTitle] = useState(''), [day, setDay] = useState(() => shown(new Date(serverNow()).toISOString(), zone, false)), [actor, setActor] = useActor(), [role, setRole] = useState('HM'), [error, setError] = useState<ApiError>(), [busy, setBusy] = useState(false), [entry, setEntry] = useState<number>();
  const send = async (): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setError(undefined);
    try {
      setEntry((await api.keepDocument(file, { kind, device: device.id, title: (title || file.name).slice(0, 128), actor, role, at: control(day, zone) })).log_index);
      done();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
    }
    setBusy(false);
  };
  const head = tr('papers.upload', { paper: paper || kind });
  if (entry !== undefined) return <Dialog title={head} close={close}><p class="banner done"><Glyph name="pass" tone="ok" /><span>{tr('act.kept', { v: num(entry) })}</span></p></Dialog>;
  const big = file && file.size > DOCUMENT_MAX;
  return <Dialog title={head} close={close} busy={busy || !file || big} submit={tr('papers.keep')} onSubmit={send}>
    <p class="note first">{tr('papers.upload_why', { name: device.name || device.id })}</p>
    <Field label={tr('papers.document')} hint={big ? tr('papers.too_big', { got: num(Math.ceil((file?.size ?? 0) / 1048576)), want: num(DOCUMENT_MAX / 1048576) }) : tr('papers.document_hint')} wrong={big}><input type="file" required onChange={(e) => setFile(e.currentTarget.files?.[0])} /></Field>
    <div class="pair">
      <Field label={tr('papers.title')}><input maxLength={128} value={title} placeholder={file?.name} onInput={(e) => setTitle(e.currentTarget.value)} /></Field>
      <Field label={tr('papers.dated')}><input type="date" required value={day} onInput={(e) => setDay(e.currentTarget.value)} /></Field>
      <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
      <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{ROLES.map((r) => <option key={r} value={r}>{tr.or(`role.${r}`, r)}</option>)}</select></Field>
    </div>
    {error && <Failure error={error} zone={zone} retry={() => void send()} />}
  </Dialog>;
}
