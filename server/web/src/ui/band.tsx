// The lifecycle band: lanes of one device on one time axis, moved and zoomed by keys, buttons or the overview.
import { type ComponentChildren, Fragment, type JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { binStep, bins, moved, type Piece, useBins, type Window, ZOOMS, type Zoom, zoomOf, zoomWindow } from '../core/band';
import { clock, date, monthName, moment, num, span } from '../core/format';
import { linear, textWidth, type Tick, timeTicks } from '../core/scale';
import { DAY, HOUR, wallAt } from '../core/zone';
import { minute, t } from '../data/store';
import type { HourUse } from '../data/types';
import { Dialog } from './dialog';
import { ExposureLane, FaultLane, LifecycleLane, OperatingLane, PAPER_LINE, PaperLane, type Place } from './lanes';
import type { PaperLine } from '../core/papers';
import { Legend, Section, stateWord } from './parts';
import { cell, line, rect, text, useNarrow, useWidth } from './svg';

export interface BandData { lifecycle: Piece[]; operating: Piece[]; faults: Piece[]; overlays: Piece[]; hours: HourUse[]; papers: PaperLine[] }
export interface LaneValue { words: string; tone?: string; more?: string }
interface Props {
  name: string; zone: string; data: BandData; window: Window; setWindow: (w: Window) => void; coverage: string; known?: ComponentChildren;
  values: Record<LaneName, LaneValue>;
}
interface Event { key: string; at: number; to: number; lane: 0 | 2; words: string; when: string; logIndex?: number }

const LANES = ['lifecycle', 'operating', 'faults', 'exposures', 'papers'] as const;
export type LaneName = (typeof LANES)[number];
const BAR = 18, TOP = 36, EVENTS_MAX = 40;

/** Lifecycle changes and faults inside the window, in time order, the newest EVENTS_MAX. */
function eventsIn(data: BandData, w: Window, zone: string): Event[] {
  const tr = t.value, out: Event[] = [];
  const add = (p: Piece, lane: 0 | 2, words: string): void => {
    if (p.from < w.from || p.from > w.to) return;
    const end = p.open ? tr('band.still') : span(p.to - p.from, tr);
    out.push({ key: `${lane} ${p.from} ${p.code ?? ''}`, at: p.from, to: p.to, lane, words: `${words} · ${end}`, when: moment(p.from, zone, tr), logIndex: p.logIndex });
  };
  for (const p of data.lifecycle) add(p, 0, tr('band.became', { state: stateWord(p.kind) }));
  for (const p of data.faults) add(p, 2, tr('band.fault', { code: p.code ?? '', severity: t.value.or(`severity.${p.severity}`, p.severity ?? '') }));
  return out.sort((a, b) => a.at - b.at).slice(-EVENTS_MAX);
}

export function Band(props: Props): JSX.Element {
  const tr = t.value, { data, window: w, setWindow, zone } = props, [selected, select] = useState<string>(), [help, setHelp] = useState(false);
  const now = minute.value, events = eventsIn(data, w, zone), chosen = events.find((e) => e.key === selected);
  const [ref, width] = useWidth<HTMLDivElement>(), narrow = useNarrow();
  const onKey = (event: KeyboardEvent): void => {
    const steps: Record<string, () => Window | undefined> = {
      ArrowLeft: () => moved(w, -1 / 8, 1, now), ArrowRight: () => moved(w, 1 / 8, 1, now),
      '+': () => moved(w, 0, 2 / 3, now), '=': () => moved(w, 0, 2 / 3, now), '-': () => moved(w, 0, 3 / 2, now),
      Home: () => centred(w, data.lifecycle[0]?.from ?? data.operating[0]?.from ?? now), End: () => centred(w, now),
      '?': () => { setHelp(true); return undefined; },
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : steps[event.key];
    if (!act) return;
    event.preventDefault();
    const next = act();
    if (next) setWindow(next);
  };
  const zoom = zoomOf(w);
  return <Section id="band-title" title={tr('band.title')} sub={props.known ?? tr('band.known_now')} tools={<>
    <span class="lens hide-p">{props.coverage}</span>
    <span class="seg" role="group" aria-label={tr('band.zoom')}>{ZOOMS.map((z: Zoom) =>
      <button key={z} type="button" aria-pressed={z === zoom} onClick={() => setWindow(zoomWindow(z, now))}>{tr(`zoom.${z}`)}</button>)}</span>
  </>}>
    <div ref={ref} class="band-box" role="group" aria-label={tr('band.label', { name: props.name })} tabIndex={0} onKeyDown={onKey}>
      {width > 0 && <Drawing {...props} width={width} narrow={narrow} now={now} events={events} selected={chosen} select={select} />}
    </div>
    <div class="readout" aria-live="polite">{chosen
      ? <><span class="k">{chosen.when}</span><span>{chosen.words}</span>{chosen.logIndex !== undefined && <span class="mono">{tr('log.entry', { v: num(chosen.logIndex) })}</span>}</>
      : <><span class="k">{tr('band.nothing')}</span><span>{events.length ? tr('band.hint', { n: events.length }) : tr('band.no_events')}</span><button type="button" class="link" onClick={() => setHelp(true)}>{tr('band.keys')}</button></>}
    </div>
    <Legend kinds={['use', 'powered', 'fault', 'degraded', 'pm', 'retest', 'suspended', 'off', 'void']} />
    {help && <KeyHelp close={() => setHelp(false)} />}
  </Section>;
}

const centred = (w: Window, at: number): Window => ({ from: at - (w.to - w.from) / 2, to: at + (w.to - w.from) / 2 });

function KeyHelp({ close }: { close: () => void }): JSX.Element {
  const keys: [string, string][] = [['← →', 'move'], ['+ −', 'zoom'], ['Home End', 'ends'], ['Tab', 'walk'], ['Enter', 'open'], ['/', 'find'], ['?', 'help']];
  return <Dialog title={t.value('band.keys')} close={close}><dl class="kv">{keys.map(([key, what]) => <Fragment key={key}><dt><kbd>{key}</kbd></dt><dd>{t.value(`key.${what}`)}</dd></Fragment>)}</dl></Dialog>;
}

interface DrawProps extends Props { width: number; narrow: boolean; now: number; events: Event[]; selected?: Event; select: (key: string) => void }

function Drawing(p: DrawProps): JSX.Element {
  const { width, narrow, now, window: w, zone, data } = p, gutter = narrow ? 0 : 104, valueWide = narrow ? 0 : 160, pitch = narrow ? 46 : 32, lift = narrow ? 21 : 7;
  // The lane of papers is as tall as it has lines; the others are all one pitch.
  const tall = (name: LaneName): number => name === 'papers' ? Math.max(pitch, lift + data.papers.length * PAPER_LINE + 6) : pitch, tops = LANES.map((_, i) => TOP + LANES.slice(0, i).reduce((n, name) => n + tall(name), 0));
  const left = gutter, right = width - valueWide, x = linear(w.from, w.to, left, right), bottom = TOP + LANES.reduce((n, name) => n + tall(name), 0), total = bottom + 26 + 46, top = (i: number): number => tops[i] ?? TOP;
  const place = (i: number): Place => ({ x, y: top(i) + lift, height: BAR, left, right, from: w.from, to: w.to, now });
  const born = data.lifecycle[0]?.from ?? data.operating[0]?.from ?? w.from;
  const drawn = useMemo(() => {
    const step = binStep(w.to - w.from, right - left, 4, 0), hourStep = binStep(w.to - w.from, right - left, 4, HOUR), from = Math.max(w.from, born), to = Math.min(w.to, now);
    return { use: bins(from, to, step, zone), exposures: useBins(data.hours, bins(from, to, hourStep, zone), from, now) };
  }, [w.from, w.to, right, born, now, data, zone]);
  const nowX = Math.round(x(now)) + 0.5, showNow = nowX > left && nowX < right;
  return <svg width={width} height={total} viewBox={`0 0 ${width} ${total}`}>
    <clipPath id="band-clip"><rect x={left} y="0" width={right - left} height={total} /></clipPath>
    {x(now) < right && rect(x.clamp(now), TOP, right - x.clamp(now), bottom - TOP, 'f-bg2')}
    <Axis window={w} zone={zone} left={left} right={right} bottom={bottom} now={now} narrow={narrow} />
    {LANES.map((name, i) => <Fragment key={name}>{line(0, top(i) + 0.5, width, top(i) + 0.5, 's-line w1 crisp')}<g clip-path="url(#band-clip)">
      {name === 'lifecycle' ? <LifecycleLane pieces={data.lifecycle} overlays={data.overlays} at={place(i)} />
        : name === 'operating' ? <OperatingLane pieces={data.operating} bins={drawn.use} at={place(i)} />
          : name === 'faults' ? <FaultLane pieces={data.faults} at={place(i)} /> : name === 'papers' ? <PaperLane lines={data.papers} at={place(i)} /> : <ExposureLane bins={drawn.exposures} at={place(i)} />}
    </g></Fragment>)}
    {line(0, bottom + 0.5, width, bottom + 0.5, 's-line2 w1 crisp')}
    {showNow && line(nowX, 18, nowX, bottom, 's-ink w1')}
    {LANES.map((name, i) => <LaneWords key={name} y={top(i)} lift={lift} width={width} right={right} narrow={narrow} name={t.value(`lane.${name}`)} value={p.values[name]} />)}
    {p.selected && <SelectedLine at={x(p.selected.at)} left={left} right={right} bottom={bottom} />}
    <Overview {...p} left={left} right={right} top={bottom + 26} born={born} bottom={bottom} />
    {p.events.map((e) => <Target key={e.key} event={e} x={x} y={top(e.lane) + lift} right={right} selected={e === p.selected} select={p.select} />)}
  </svg>;
}

/** Each event can be reached: Tab walks them in time order, Enter or a click puts one in the readout. */
function Target({ event, x, y, right, selected, select }: { event: Event; x: ReturnType<typeof linear>; y: number; right: number; selected: boolean; select: (key: string) => void }): JSX.Element {
  const a = Math.max(0, Math.min(right - 24, x(event.at) - 12)), open = (): void => select(event.key);
  return <rect class="hit" x={a} y={y - 3} width={24} height={24} tabindex={0} role="button" aria-pressed={selected} aria-label={`${event.when}: ${event.words}`}
    onClick={open} onKeyDown={(key) => { if (key.key === 'Enter' || key.key === ' ') { key.preventDefault(); key.stopPropagation(); open(); } }}><title>{`${event.when}\n${event.words}`}</title></rect>;
}

function SelectedLine({ at, left, right, bottom }: { at: number; left: number; right: number; bottom: number }): JSX.Element | null {
  const px = Math.round(at) + 0.5;
  if (px < left || px > right) return null;
  return <><path d={`M${px} ${TOP - 6}V${bottom}`} class="f-none s-accent w1 dash" /><path d={`M${px - 4} ${TOP - 8}h8l-4 6z`} class="f-accent" /></>;
}

/** Each lane reads as a sentence, its name and its value now; on a phone they stand above the marks, over the now line. */
function LaneWords(p: { y: number; lift: number; width: number; right: number; narrow: boolean; name: string; value: LaneValue }): JSX.Element {
  const tone = p.value.tone ? `t-${p.value.tone}` : 't-ink';
  if (!p.narrow) return <>{text(0, p.y + p.lift + 13, p.name, 't-mid t-12')}{text(p.right + 10, p.y + p.lift + 13, p.value.words, `t-12 t-b ${tone}`)}{p.value.more && text(p.right + 10, p.y + p.lift + 29, p.value.more, '')}</>;
  return <>{rect(0, p.y + 1, p.width, 17, 'f-bg')}{text(0, p.y + 15, p.name, 't-mid t-12')}{text(p.width, p.y + 15, p.value.words, `t-end t-12 t-b ${tone}`)}</>;
}

function tickLabel(tick: Tick, zone: string): string {
  const wall = wallAt(tick.t, zone);
  if (tick.unit === 'year') return String(wall.year);
  if (tick.unit === 'month') return monthName(wall.month, t.value);
  if (tick.unit === 'half-month') return '15';
  return tick.unit === 'day' ? date(tick.t, zone, t.value) : clock(tick.t, zone);
}

function Axis({ window: w, zone, left, right, bottom, now, narrow }: { window: Window; zone: string; left: number; right: number; bottom: number; now: number; narrow: boolean }): JSX.Element {
  const x = linear(w.from, w.to, left, right), long = w.to - w.from > 4 * 365 * DAY;
  const nowWords = `${t.value('axis.now')} ${w.to - w.from < 100 * DAY ? clock(now, zone) : date(now, zone, t.value)}`, half = textWidth(nowWords) / 2;
  const head = long ? zone : `${wallAt(w.from, zone).year}${t.value('axis.year')} · ${zone}`, nowAt = Math.min(x(now), right - half - 2);
  let free = left - 1;
  return <>
    {timeTicks(w.from, w.to, zone).filter((tick) => tick.major || !narrow).map((tick) => {
      const px = Math.round(x(tick.t)) + 0.5, label = tickLabel(tick, zone), room = px + 4 > free && px + textWidth(label) + 6 < right;
      if (room) free = px + textWidth(label) + 12;
      return <Fragment key={tick.t}>{line(px, tick.major ? 22 : 28, px, bottom, 's-line w1 crisp')}{room && text(px + 4, 30, label, tick.major ? 't-mid' : '')}</Fragment>;
    })}
    {nowAt - half > left + textWidth(head) + 14 && text(left, 14, head, 't-ink t-b')}
    {x(now) > left && x(now) < right && text(nowAt, 13, nowWords, 't-ink t-b t-mid-a t-halo')}
  </>;
}

function Overview(p: DrawProps & { left: number; right: number; top: number; bottom: number; born: number }): JSX.Element {
  const { data, now, zone, window: w, left, right, top } = p, life = Math.max(now - p.born, 30 * DAY), from = Math.min(p.born - life * 0.03, now - 30 * DAY), to = now + life * 0.1;
  const x = linear(from, to, left, right), a = x.clamp(w.from), b = x.clamp(w.to);
  const jump = (event: MouseEvent): void => {
    const box = (event.currentTarget as SVGElement).ownerSVGElement?.getBoundingClientRect();
    if (box) p.setWindow(centred(w, x.invert(event.clientX - box.left)));
  };
  let free = left - 1;
  return <>
    {!p.narrow && <>{text(0, top + 12, t.value('band.whole'), 't-mid t-12')}{text(right + 10, top + 12, t.value('band.age', { span: span(now - p.born, t.value) }), '')}</>}
    {rect(left, top, right - left, 16, 'f-bg2')}
    {data.lifecycle.map((s) => <Fragment key={s.from}>{cell(s.kind, x.clamp(s.from), top + 2, Math.max(1.6, x.clamp(s.to) - x.clamp(s.from)), 12)}</Fragment>)}
    {data.faults.map((s) => <Fragment key={s.from}>{line(x(s.from), top - 3, x(s.from), top + 1, 's-fault w15')}</Fragment>)}
    {timeTicks(from, to, zone).filter((tick) => tick.major).map((tick) => {
      const px = Math.round(x(tick.t)) + 0.5, label = tickLabel(tick, zone), room = px + 3 > free && px + textWidth(label) + 4 < right;
      if (room) free = px + textWidth(label) + 14;
      return <Fragment key={tick.t}>{line(px, top + 16, px, top + 20, 's-line2 w1')}{room && text(px + 3, top + 32, label, '')}</Fragment>;
    })}
    {rect(a - 1, top - 5, Math.max(8, b - a + 2), 26, 'f-none s-ink w15')}
    {line(x(now), top - 5, x(now), top + 21, 's-ink w1')}
    {b - a < right - left - 20 && !p.narrow && <path d={`M${a} ${top - 6}L${left} ${p.bottom + 1}M${b} ${top - 6}L${right} ${p.bottom + 1}`} class="f-none s-line2 w1" />}
    <rect class="hit" x={left} y={top - 6} width={right - left} height={28} onClick={jump} />
  </>;
}

