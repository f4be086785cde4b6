// One device: where it is in its life, what it did, what its log holds.
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { effect } from '@preact/signals';
import { lane, type Window, zoomWindow } from '../core/band';
import { instant, num, permille, span, when } from '../core/format';
import { displayName, lifecycleKind, look, operatingKind, stateNow } from '../core/states';
import { DAY, HOUR, knownZone } from '../core/zone';
import { api, serverNow } from '../data/api';
import { lastRecord } from '../data/live';
import { todayHref } from '../data/route';
import { devices, minute, source, t } from '../data/store';
import type { DeviceDetail, Finding, HourUse, Interval, Timeline } from '../data/types';
import { Band, type BandData, type LaneValue } from '../ui/band';
import { DeclareDialog } from '../ui/declare';
import { Dose } from '../ui/dose';
import { Findings } from '../ui/findings';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { HoursChart } from '../ui/hours-chart';
import { Content, State, stateNote, stateWord, Time } from '../ui/parts';
import { Held } from '../ui/held';
import { Records } from '../ui/records';
import { useNarrow } from '../ui/svg';

/** The whole life by day, and the newest weeks by hour: the two windows the server gives. */
const LIFE_DAYS = 3690, HOUR_DAYS = 95, RELOAD_MS = 5_000;

interface Life { days: Timeline; hours: Timeline }

function openDevice(id: string) {
  return {
    detail: source<DeviceDetail>(() => api.device(id)),
    findings: source<Finding[]>(async () => (await api.findings(id)).items),
    life: source<Life>(async () => {
      const now = serverNow();
      const [days, hours] = await Promise.all([api.timeline(id, now - LIFE_DAYS * DAY, now + HOUR, 'day'), api.timeline(id, now - HOUR_DAYS * DAY, now + HOUR, 'hour')]);
      return { days, hours };
    }),
  };
}

/** Loads at once, again when a record of this device arrives (at most every RELOAD_MS), and each minute. */
function useDevice(id: string) {
  const sources = useMemo(() => openDevice(id), [id]), [newest, setNewest] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined, seen = lastRecord.peek().get(id) ?? -1;
    const load = (): void => { timer = undefined; void sources.detail.load(); void sources.life.load(); void sources.findings.load(); setNewest(seen); };
    load();
    const stop = effect(() => {
      const now = lastRecord.value.get(id) ?? -1;
      if (now > seen) { seen = now; timer ??= setTimeout(load, RELOAD_MS); }
    });
    const each = setInterval(() => { if (!document.hidden) load(); }, 60_000);
    return () => { stop(); clearTimeout(timer); clearInterval(each); };
  }, [id]);
  return { ...sources, newest, reload: () => { void sources.detail.load(); void sources.life.load(); } };
}

export function DevicePage({ id }: { id: string }): JSX.Element {
  const { detail, life, findings, newest, reload } = useDevice(id), listed = devices.state.value.data?.find((d) => d.id === id);
  const device: DeviceDetail | undefined = detail.state.value.data ? { ...detail.state.value.data, ...listed } : listed, zone = knownZone(device?.site_tz);
  const [declaring, setDeclaring] = useState(false);
  useEffect(() => { document.title = `Gantry · ${device ? displayName(device) : id}`; }, [device?.name, id]);
  return <Frame zone={zone} coverage={device?.coverage_24h_permille}>
    <Head id={id} device={device} zone={zone} declare={detail.state.value.data ? () => setDeclaring(true) : undefined} />
    <Content state={detail.state.value} zone={zone} retry={reload} rows={8}>
      {(full) => <>
        <Content state={life.state.value} zone={zone} retry={reload} rows={7}>{(lanes) => <LifeView device={{ ...full, ...listed }} life={lanes} zone={zone} />}</Content>
        <Findings items={findings.state.value.data ?? []} zone={zone} />
        <Dose device={full} />
        <Held device={full} zone={zone} />
        <Records id={id} zone={zone} newest={newest} />
        {declaring && <DeclareDialog device={full} zone={zone} close={() => setDeclaring(false)} done={reload} />}
      </>}
    </Content>
  </Frame>;
}

function Head({ id, device, zone, declare }: { id: string; device?: DeviceDetail; zone: string; declare?: () => void }): JSX.Element {
  const tr = t.value, now = device && stateNow(device), last = instant(device?.last_record_at);
  const fact = (name: string, value: string | null | undefined) => value ? <span>{tr(name)} <b>{value}</b></span> : null;
  return <div class="head"><div>
    <div class="crumb"><a href={todayHref()}>{tr('nav.today')}</a><span>/</span><span>{[device?.org, device?.site].filter(Boolean).join(' · ') || tr('nav.device')}</span></div>
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
  <div class="acts"><button type="button" class="btn main" disabled={!declare} onClick={declare}><Glyph name="new" />{tr('act.declare')}</button></div></div>;
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

function LifeView({ device, life, zone }: { device: DeviceDetail; life: Life; zone: string }): JSX.Element {
  const tr = t.value, narrow = useNarrow(), now = minute.value;
  const data = useMemo<BandData>(() => ({
    lifecycle: lane(life.days.lanes.lifecycle, 'lifecycle', now), operating: lane(allOperating(life), 'operating', now), faults: lane(life.days.lanes.faults, 'fault', now),
    overlays: [], hours: allHours(life),
  }), [life, now]);
  const [window, setWindow] = useState<Window>(() => firstWindow(data, now, narrow));
  return <>
    <Band name={displayName(device)} zone={zone} data={data} window={window} setWindow={setWindow} coverage={tr('band.coverage', { v: permille(device.dose_30d?.coverage_permille) })} values={laneValues(device, data, now)} />
    <HoursChart hours={life.hours.hours ?? []} zone={zone} now={now} born={bornAt(data, now)} />
  </>;
}

/** Opens at the zoom that shows the life so far: a device of three days opens at a week. */
function firstWindow(data: BandData, now: number, narrow: boolean): Window {
  const age = now - bornAt(data, now);
  return zoomWindow(age < 1.5 * DAY ? '24h' : age < 10 * DAY ? '7d' : narrow || age < 100 * DAY ? '3m' : '6m', now);
}

function laneValues(device: DeviceDetail, data: BandData, now: number): Record<'lifecycle' | 'operating' | 'faults' | 'exposures', LaneValue> {
  const tr = t.value, paper = lifecycleKind(device.state), op = operatingKind(device.op_state), since = instant(device.state_since), opSince = instant(device.op_since);
  const open = device.open_faults ?? 0, recent = data.faults.filter((f) => f.from > now - 90 * DAY).length;
  return {
    lifecycle: { words: since === undefined ? stateWord(paper) : `${stateWord(paper)} · ${span(now - since, tr)}`, tone: look(paper).tone === 'ret' || look(paper).tone === 'void' ? undefined : look(paper).tone },
    operating: { words: opSince === undefined ? tr.or(`op.${op}`, stateWord(op)) : `${tr.or(`op.${op}`, stateWord(op))} · ${span(now - opSince, tr)}`, tone: op === 'use' ? 'ok' : op === 'fault' ? 'fault' : undefined },
    faults: { words: tr('lane.faults_value', { open, recent }), tone: open ? 'fault' : undefined },
    exposures: { words: tr('lane.exposures_value', { n: device.exposures_today ?? 0, v: num(device.exposures_today) }) },
  };
}

