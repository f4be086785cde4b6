// Import: a table of devices that exist already; first a dry run that shows every fault, then the same file for good.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { num } from '../core/format';
import { api, ApiError } from '../data/api';
import { deviceHref, href } from '../data/route';
import { devices, fleetZone, orgName, orgs, siteName, t, told } from '../data/store';
import type { ImportReport, ImportRow } from '../data/types';
import { useOnce } from '../data/use';
import { Field, useActor } from '../ui/dialog';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { Failure, Figure, Section } from '../ui/parts';

const BYTES_MAX = 4 * 1024 * 1024, ROWS_SHOWN = 200;
type At = 'choose' | 'checking' | 'checked' | 'writing' | 'written';

export function ImportPage(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, [file, setFile] = useState<File>(), [at, setAt] = useState<At>('choose'), [report, setReport] = useState<ImportReport>(), [error, setError] = useState<ApiError>();
  const [about, setAbout] = useState({ org: '', site: '', tz: Intl.DateTimeFormat().resolvedOptions().timeZone }), [actor, setActor] = useActor(), [role, setRole] = useState('HM');
  useOnce(orgs);
  useEffect(() => { document.title = `Gantry · ${tr('nav.import')}`; }, [tr]);
  const run = async (chosen: File, dry: boolean): Promise<void> => {
    setAt(dry ? 'checking' : 'writing');
    setError(undefined);
    try {
      setReport(await api.importDevices(chosen, dry, dry ? about : { ...about, actor, role }));
      setAt(dry ? 'checked' : 'written');
      if (!dry) void devices.load();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
      setAt(report && !dry ? 'checked' : 'choose');
    }
  };
  const take = (chosen: File | undefined): void => { if (!chosen) return; setFile(chosen); setReport(undefined); if (chosen.size > BYTES_MAX) { setAt('choose'); return; } void run(chosen, true); };
  const busy = at === 'checking' || at === 'writing', big = file && file.size > BYTES_MAX;
  return <Frame zone={zone}>
    <div class="head"><div><h1 tabIndex={-1}>{tr('nav.import')}</h1><p class="lede">{tr('import.lede')}</p></div></div>
    <Section id="file" title={tr('import.file')} meta={tr('import.limits', { mb: BYTES_MAX / 1048576, rows: num(10_000) })}>
      <Drop take={take} file={file} busy={busy} />
      {big && <p class="banner fault" role="alert"><Glyph name="fault" tone="fault" /><span><b>{tr('import.too_big', { got: num(Math.ceil((file?.size ?? 0) / 1048576)), want: BYTES_MAX / 1048576 })}</b></span></p>}
      <div class="trio">{(['org', 'site', 'tz'] as const).map((k) => <label key={k} class="field"><span>{tr(`import.${k}`)}</span><input value={about[k]} maxLength={64} list={k === 'tz' ? undefined : `known-${k}`} onInput={(e) => setAbout({ ...about, [k]: e.currentTarget.value })} /><small>{tr(`import.${k}_hint`)}</small></label>)}</div>
      <datalist id="known-org">{orgs.state.value.data?.map((o) => <option key={o.id} value={o.id}>{orgName(o.id)}</option>)}</datalist>
      <datalist id="known-site">{orgs.state.value.data?.flatMap((o) => (o.sites ?? []).map((s) => <option key={s.id} value={s.id}>{siteName(s.id)}</option>))}</datalist>
      {file && at === 'checked' && <p class="note"><button type="button" class="link" onClick={() => void run(file, true)}>{tr('import.check_again')}</button></p>}
    </Section>
    {error && file && <Failure error={error} zone={zone} retry={() => void run(file, at !== 'checked')} />}
    {busy && <p class="none" role="status">{tr(at === 'checking' ? 'import.checking' : 'import.writing', { name: file?.name ?? '' })}</p>}
    {report && file && !busy && <Report report={report} file={file} commit={at === 'checked' ? () => void run(file, false) : undefined} who={<div class="pair who">
      <Field label={tr('field.actor')}><input required maxLength={100} value={actor} onInput={(e) => setActor(e.currentTarget.value)} autocomplete="name" /></Field>
      <Field label={tr('field.role')}><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{['HM', 'RAD', 'REG-H', 'REG-E', 'REG-D'].map((r) => <option key={r} value={r}>{tr(`role.${r}`)}</option>)}</select></Field></div>} />}
    {!report && !busy && !error && <Columns />}
  </Frame>;
}

/** Drop a file, or choose one: the same control, so that a keyboard has it too. */
function Drop({ take, file, busy }: { take: (file: File | undefined) => void; file: File | undefined; busy: boolean }): JSX.Element {
  const tr = t.value, [over, setOver] = useState(false), input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent): void => { event.preventDefault(); setOver(false); take(event.dataTransfer?.files[0]); };
  return <div class={`drop ${over ? 'over' : ''}`} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
    <Glyph name="doc" /><span>{file ? <><b>{file.name}</b> <span class="dim">{num(Math.ceil(file.size / 1024))} kB</span></> : tr('import.drop')}</span>
    <label class="btn"><input ref={input} type="file" class="vh" accept=".csv,.xlsx,.ndjson,.jsonl,text/csv" disabled={busy} onChange={(e) => { take(e.currentTarget.files?.[0]); e.currentTarget.value = ''; }} />{tr(file ? 'import.other' : 'import.choose')}</label>
  </div>;
}

const COUNTS = ['added', 'changed', 'unchanged', 'refused'] as const;

function Report({ report, file, commit, who }: { report: ImportReport; file: File; commit?: () => void; who: ComponentChildren }): JSX.Element {
  const tr = t.value, [only, setOnly] = useState(report.refused > 0), good = report.added + report.changed, shown = report.results.filter((r) => !only || (r.errors?.length ?? 0) > 0), lacking = report.results.filter((r) => (r.missing?.length ?? 0) > 0);
  return <>
    <Section id="result" title={tr(report.dry_run ? 'import.dry' : 'import.done')} meta={file.name}>
      <p class="lede">{tr(report.dry_run ? 'import.dry_says' : 'import.done_says', { n: report.rows, rows: num(report.rows), good: num(good), refused: num(report.refused) })}</p>
      <div class="quad">{COUNTS.map((c) => <Figure key={c} name={tr(`import.${c}`)} value={num(report[c])} unit={tr('import.rows')} tone={c === 'refused' && report.refused ? 'fault' : undefined} about={tr(`import.${c}_about`)} />)}</div>
      {report.unknown_columns && report.unknown_columns.length > 0 && <p class="banner"><Glyph name="degraded" tone="warn" /><span>{tr('import.unknown', { list: report.unknown_columns.join(tr('list.sep')) })}</span></p>}
      {commit && <form onSubmit={(e) => { e.preventDefault(); commit(); }}>{good > 0 && who}<div class="acts spaced"><button type="submit" class="btn main" disabled={good === 0}>{tr('import.commit', { n: good, v: num(good) })}</button>{report.refused > 0 && <span class="dim">{tr('import.refused_stay')}</span>}</div></form>}
      {!report.dry_run && <p class="note"><a href={href('/')}>{tr('import.to_today')}</a></p>}
    </Section>
    <Section id="rows" title={tr('import.each')} tools={<span class="seg" role="group" aria-label={tr('import.each')}>{[false, true].map((v) => <button key={String(v)} type="button" aria-pressed={only === v} onClick={() => setOnly(v)}>{tr(v ? 'import.only_errors' : 'import.all_rows')}</button>)}</span>}>
      {shown.length === 0 ? <p class="none good"><Glyph name="pass" tone="ok" /> {tr('import.no_errors')}</p> : <table class="stackt rowsof"><thead><tr><th scope="col" class="num">{tr('import.row')}</th><th scope="col">{tr('import.device')}</th><th scope="col">{tr('import.what')}</th><th scope="col">{tr('import.said')}</th></tr></thead>
        <tbody>{shown.slice(0, ROWS_SHOWN).map((r) => <Row key={r.row} r={r} written={!report.dry_run} />)}</tbody></table>}
      {shown.length > ROWS_SHOWN && <p class="note">{tr('import.cut', { v: num(ROWS_SHOWN), all: num(shown.length) })}</p>}
    </Section>
    {lacking.length > 0 && <Section id="lacking" title={tr('import.lacking')} meta={tr('import.lacking_meta', { n: lacking.length, v: num(lacking.length) })}>
      <ul class="lacks">{lacking.slice(0, ROWS_SHOWN).map((r) => <li key={r.row}><Glyph name="void" tone="fault" /><span>{report.dry_run || !r.device ? <b>{r.device}</b> : <a href={deviceHref(r.device, { tab: 'papers' })}><b>{r.device}</b></a>}<span class="more">{(r.missing ?? []).map((m) => told(m, 'title') || m.kind).join(tr('list.sep'))}</span></span></li>)}</ul></Section>}
  </>;
}

function Row({ r, written }: { r: ImportRow; written: boolean }): JSX.Element {
  const tr = t.value, bad = (r.errors?.length ?? 0) > 0;
  return <tr class={bad ? 'bad' : ''}>
    <td class="num mono" data-l={tr('import.row')}>{num(r.row)}</td><td data-l={tr('import.device')}>{r.device ? written && !bad ? <a href={deviceHref(r.device)}>{r.device}</a> : r.device : <span class="dim">–</span>}</td>
    <td>{bad ? <span class="c-fault"><Glyph name="fault" /> {tr('import.refused')}</span> : tr.or(`import.${r.action ?? ''}`, r.action ?? '')}</td>
    <td>{bad ? <ul>{r.errors?.map((e, i) => <li key={i}>{e.column && <b>{e.column}{tr('list.colon')}</b>}{tr('import.got_want', { got: e.got || tr('import.empty'), want: e.want ?? '' })}</li>)}</ul> : r.missing?.length ? tr('import.lacks', { n: r.missing.length }) : <span class="dim">{tr('import.complete')}</span>}</td>
  </tr>;
}

const COLUMNS = ['id', 'name', 'org', 'site', 'modality', 'maker', 'model', 'serial', 'udi', 'purchased_at', 'installed_at', 'state'] as const;

/** What a table may hold, before one has been chosen. */
function Columns(): JSX.Element {
  const tr = t.value;
  return <Section id="columns" title={tr('import.columns')} sub={tr('import.columns_sub')}>
    <table class="stackt cols"><thead><tr><th scope="col">{tr('import.heading')}</th><th scope="col">{tr('import.meaning')}</th></tr></thead><tbody>{COLUMNS.map((c) => <tr key={c}><td><b>{tr(`column.${c}`)}</b></td><td>{tr(`column_about.${c}`)}</td></tr>)}</tbody></table>
    <p class="note">{tr('import.proof')}</p>
  </Section>;
}
