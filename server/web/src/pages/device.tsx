// One device: where it is in its life, what it did, what its log holds.
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { effect } from '@preact/signals';
import { lane, type Window, zoomOf, ZOOMS, zoomWindow } from '../core/band';
import { date, instant, moment, num, permille, span, when } from '../core/format';
import { paperLines } from '../core/papers';
import { displayName, lifecycleKind, look, operatingKind, stateNow } from '../core/states';
import { DAY, HOUR, knownZone } from '../core/zone';
import { api, serverNow } from '../data/api';
import { lastRecord } from '../data/live';
import { query, setQuery, todayHref } from '../data/route';
import { devices, minute, orgs, placeWords, source, t } from '../data/store';
import type { DeviceDetail, Due, Finding, HourUse, Interval, Kpis, Missing, Paper, Timeline } from '../data/types';
import { useOnce } from '../data/use';
import { Band, type BandData, type LaneName, type LaneValue } from '../ui/band';
import { DeclareDialog } from '../ui/declare';
import { Figures } from '../ui/device/figures';
import { Maintenance } from '../ui/device/maintenance';
import { Papers } from '../ui/device/papers';
import { Summary } from '../ui/device/summary';
import { tabNow, Tabs } from '../ui/device/tabs';
import { TimelineTab } from '../ui/device/timeline';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { Held } from '../ui/held';
import { HoursChart } from '../ui/hours-chart';
import { Content, State, stateNote, stateWord, Time } from '../ui/parts';
import { Records } from '../ui/records';
import { useNarrow } from '../ui/svg';

/** The whole life by day, and the newest weeks by hour: the two windows the server gives. */
const LIFE_DAYS = 3690, HOUR_DAYS = 95, RELOAD_MS = 5_000, DATES_DAYS = 400;

interface Life { days: Timeline; hours: Timeline; now?: Timeline }

function openDevice(id: string, known: string | undefined) {
  const papers = source<Paper[]>(async () => (await api.devicePapers(id)).items);
  return {
    papers,
    detail: source<DeviceDetail>(() => api.device(id)),
    findings: source<Finding[]>(() => api.findings({ device: id })),
    dates: source<Due[]>(() => api.due({ device: id, until: new Date(serverNow() + DATES_DAYS * DAY).toISOString() })),
    missing: source<Missing>(() => api.missing(id)),
    kpis: source<Kpis>(() => { const to = Math.floor(serverNow() / HOUR) * HOUR; return api.kpis({ device: id, from: new Date(to - 30 * DAY).toISOString(), to: new Date(to).toISOString() }); }),
    life: source<Life>(async () => {
      const now = serverNow(), [days, hours, present] = await Promise.all([
        api.timeline(id, now - LIFE_DAYS * DAY, now + HOUR, 'day', known), api.timeline(id, now - HOUR_DAYS * DAY, now + HOUR, 'hour', known),
        known ? api.timeline(id, now - LIFE_DAYS * DAY, now + HOUR, 'day') : undefined,
      ]);
      return { days, hours, now: present };
    }),
  };
}

/** Loads at once, again when a record of this device arrives (at most every RELOAD_MS), and each minute. */
function useDevice(id: string, known: string | undefined) {
  const sources = useMemo(() => openDevice(id, known), [id, known]), [newest, setNewest] = useState(0);
  const load = (): void => { for (const one of Object.values(sources)) void one.load(); };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined, seen = lastRecord.peek().get(id) ?? -1;
    const again = (): void => { timer = undefined; load(); setNewest(seen); };
    again();
    const stop = effect(() => {
      const now = lastRecord.value.get(id) ?? -1;
      if (now > seen) { seen = now; timer ??= setTimeout(again, RELOAD_MS); }
    });
    const each = setInterval(() => { if (!document.hidden) again(); }, 60_000);
    return () => { stop(); clearTimeout(timer); clearInterval(each); };
  }, [sources]);
  return { ...sources, newest, reload: load };
}

export function DevicePage({ id }: { id: string }): JSX.Element {
  const known = query.value.known, from = useDevice(id, known), { detail, life, newest, reload } = from, listed = devices.state.value.data?.find((d) => d.id === id);
  const device: DeviceDetail | undefined = detail.state.value.data ? { ...detail.state.value.data, ...listed } : listed, zone = knownZone(device?.site_tz);
  const [declaring, setDeclaring] = useState(false), tab = tabNow(), missing = from.missing.state.value.data?.items.length, open = from.findings.state.value.data?.filter((f) => f.open).length;
  useOnce(orgs);
  useEffect(() => { document.title = `Gantry · ${device ? displayName(device) : id}`; }, [device?.name, id]);
  return <Frame zone={zone} coverage={device?.coverage_24h_permille}>
    <Head id={id} device={device} zone={zone} declare={detail.state.value.data ? () => setDeclaring(true) : undefined} />
    <Content state={detail.state.value} zone={zone} retry={reload} rows={8}>
      {(full) => { const whole = { ...full, ...listed }; return <div class="devicep">
        <div class="band"><Content state={life.state.value} zone={zone} retry={reload} rows={7}>{(lanes) => <LifeBand device={whole} life={lanes} papers={from.papers.state.value.data ?? []} zone={zone} known={known} />}</Content></div>
        <Tabs id={id} counts={{ papers: missing, summary: open }} />
        {tab === 'summary' && <><Summary device={whole} zone={zone} dates={from.dates.state.value} findings={from.findings.state.value} kpis={from.kpis.state.value} retry={reload} /><Held device={full} zone={zone} /></>}
        {tab === 'papers' && <Papers device={whole} zone={zone} missing={from.missing.state.value} papers={from.papers.state.value} retry={reload} />}
        {tab === 'maintenance' && <Maintenance device={whole} zone={zone} papers={from.papers.state.value} dates={from.dates.state.value} retry={reload} />}
        {tab === 'figures' && <><Figures device={whole} zone={zone} />{life.state.value.data && <HoursChart hours={life.state.value.data.hours.hours ?? []} zone={zone} now={minute.value} born={bornOf(life.state.value.data)} />}</>}
        {tab === 'timeline' && life.state.value.data && <TimelineTab id={id} zone={zone} then={life.state.value.data.days} now={life.state.value.data.now} />}
        {tab === 'records' && <Records id={id} zone={zone} newest={newest} />}
        {declaring && <DeclareDialog device={full} zone={zone} close={() => setDeclaring(false)} done={reload} />}
      </div>; }}
    </Content>
  </Frame>;
}

function Head({ id, device, zone, declare }: { id: string; device?: DeviceDetail; zone: string; declare?: () => void }): JSX.Element {
  const tr = t.value, now = device && stateNow(device), last = instant(device?.last_record_at);
  const fact = (name: string, value: string | null | undefined) => value ? <span>{tr(name)} <b>{value}</b></span> : null;
  return <div class="head"><div>
    <div class="crumb"><a href={todayHref()}>{tr('nav.today')}</a><span>/</span><span>{placeWords(device?.org, device?.site) || tr('nav.device')}</span></div>
    <div class="ident">
      <h1 tabIndex={-1}>{device ? displayName(device) : id}</h1>
      {device && now && <State pill kind={now.kind} note={stateNote(now, device)} />}
      {device && <Flags device={device} />}
    </div>
    {device && <div class="facts">
      <span><b>{[device.maker, device.model].filter(Boolean).join(' ') || tr('fact.unknown_model')}</b>{device.modality ? `, ${device.modality}` : ''}</span>
      {fact('fact.serial', device.serial)}{fact('fact.udi', device.udi)}{fact('fact.software', device.software)}{device.name && device.name !== id ? fact('fact.id', id) : null}
      <span>{tr('fact.last_record')} <b><Time at={last} zone={zone}>{last !== undefined && when(last, minute.value, zone, tr)}</Time></b></span>
    </div>}
  </div>
  <div class="acts"><button type="button" class="btn main" disabled={!declare} onClick={declare}><Glyph name="new" />{tr('act.declare')}</button><a class="btn" href={`/api/v1/devices/${encodeURIComponent(id)}/passport`} download={`${id}-passport.json`}><Glyph name="doc" />{tr('act.passport')}</a></div></div>;
}

/** Warnings beside the state: paper and operating state may differ, and both are said. */
function Flags({ device }: { device: DeviceDetail }): JSX.Element {
  const tr = t.value, now = stateNow(device), paper = lifecycleKind(device.state), flags = (device.overlays ?? []).filter((o) => o !== 'silent' && o !== 'identity_alarm').map((o) => tr.or(`overlay.${o}`, o));
  if (device.identity_alarm) flags.unshift(tr('alarm.identity'));
  if (paper !== now.kind && paper !== 'undeclared') flags.push(tr('flag.declared', { state: stateWord(paper) }));
  if (device.missing_records) flags.push(tr('flag.missing', { n: device.missing_records }));
  return <>{flags.map((words) => <span key={words} class="flag"><Glyph name="degraded" />{words}</span>)}</>;
}

/** Hours where the server has them, days before that. */
function allHours(life: Life): HourUse[] {
  const start = instant(life.hours.from) ?? 0;
  return [...(life.days.hours ?? []).filter((d) => (instant(d.hour) ?? 0) + DAY <= start), ...(life.hours.hours ?? [])];
}

/** Each answer holds at most the newest intervals of its window: the newest weeks come from the narrow one. */
function allOperating(life: Life): Interval[] {
  const start = instant(life.hours.from) ?? 0;
  return [...(life.days.lanes.operating ?? []).filter((i) => (instant(i.to) ?? Infinity) <= start), ...(life.hours.lanes.operating ?? [])];
}

/** Since when anything is known of it; before that nothing was watched, and nothing is missing. */
const bornAt = (data: BandData, now: number): number => Math.min(data.lifecycle[0]?.from ?? now, data.operating[0]?.from ?? now, instant(data.hours[0]?.hour) ?? now);

const bornOf = (life: Life): number => Math.min(instant(life.days.lanes.lifecycle?.[0]?.from) ?? Infinity, instant(life.days.lanes.operating?.[0]?.from) ?? Infinity, instant(life.days.hours?.[0]?.hour) ?? Infinity, minute.peek());

function LifeBand({ device, life, papers, zone, known }: { device: DeviceDetail; life: Life; papers: readonly Paper[]; zone: string; known?: string }): JSX.Element {
  const tr = t.value, narrow = useNarrow(), now = minute.value, knownAt = instant(known);
  const data = useMemo<BandData>(() => {
    // As known then, nothing is drawn after then: what still lasted is only known to have lasted so far.
    const end = Math.min(now, knownAt ?? now);
    return {
      lifecycle: lane(life.days.lanes.lifecycle, 'lifecycle', end), operating: lane(allOperating(life), 'operating', end).filter((p) => p.from < end), faults: lane(life.days.lanes.faults, 'fault', end).filter((p) => p.from < end),
      overlays: [], hours: allHours(life).filter((h) => (instant(h.hour) ?? 0) < end), papers: paperLines(papers, now, knownAt),
    };
  }, [life, papers, now, knownAt]);
  const [window, setWindow] = useState<Window>(() => askedWindow(now) ?? firstWindow(data, now, narrow));
  // The zoom stands in the address; a window between two zooms is only this reader's.
  const show = (next: Window): void => { setWindow(next); setQuery({ zoom: zoomOf(next) }); };
  return <Band name={displayName(device)} zone={zone} data={data} window={window} setWindow={show} coverage={tr('band.coverage', { v: permille(device.dose_30d?.coverage_permille) })} values={laneValues(device, data, now, zone)}
    known={knownAt === undefined ? undefined : <><span class="flag"><Glyph name="clock" />{tr('timeline.known_at', { at: moment(knownAt, zone, tr) })}</span> <button type="button" class="link" onClick={() => setQuery({ known: undefined })}>{tr('timeline.to_now')}</button></>} />;
}

const askedWindow = (now: number): Window | undefined => { const zoom = ZOOMS.find((z) => z === query.peek().zoom); return zoom && zoomWindow(zoom, now); };

/** Opens at the zoom that shows the life so far: a device of three days opens at a week. */
function firstWindow(data: BandData, now: number, narrow: boolean): Window {
  const age = now - bornAt(data, now);
  return zoomWindow(age < 1.5 * DAY ? '24h' : age < 10 * DAY ? '7d' : narrow || age < 100 * DAY ? '3m' : '6m', now);
}

function laneValues(device: DeviceDetail, data: BandData, now: number, zone: string): Record<LaneName, LaneValue> {
  const tr = t.value, paper = lifecycleKind(device.state), op = operatingKind(device.op_state), since = instant(device.state_since), opSince = instant(device.op_since);
  const open = device.open_faults ?? 0, recent = data.faults.filter((f) => f.from > now - 90 * DAY).length;
  return {
    lifecycle: { words: since === undefined ? stateWord(paper) : `${stateWord(paper)} · ${span(now - since, tr)}`, tone: look(paper).tone === 'ret' || look(paper).tone === 'void' ? undefined : look(paper).tone },
    operating: { words: opSince === undefined ? tr.or(`op.${op}`, stateWord(op)) : `${tr.or(`op.${op}`, stateWord(op))} · ${span(now - opSince, tr)}`, tone: op === 'use' ? 'ok' : op === 'fault' ? 'fault' : undefined },
    faults: { words: tr('lane.faults_value', { open, recent }), tone: open ? 'fault' : undefined },
    papers: paperValue(data, now, zone),
    exposures: { words: tr('lane.exposures_value', { n: device.exposures_today ?? 0, v: num(device.exposures_today) }) },
  };
}

/** How many kinds hold now, which does not, and when the next one ends. */
function paperValue(data: BandData, now: number, zone: string): LaneValue {
  const tr = t.value, holding = data.papers.filter((l) => l.spans.some((s) => s.from <= now && s.to > now)), lapsed = data.papers.length - holding.length;
  if (!data.papers.length) return { words: tr('lane.papers_none') };
  const ends = holding.map((l) => Math.max(...l.spans.map((s) => s.to))).filter((end) => end < 8e15), next = ends.length ? Math.min(...ends) : undefined;
  return { words: lapsed ? tr('lane.papers_lapsed', { n: lapsed }) : tr('lane.papers_value', { n: holding.length }), tone: lapsed ? 'fault' : undefined, more: next === undefined ? undefined : tr('lane.papers_next', { day: date(next, zone, tr, true) }) };
}
