// The evidence on one clock: what was declared, what the machine did, and each record the rule relied on, over the time it is about.
import { Fragment, type JSX } from 'preact';
import { lane } from '../core/band';
import { aboutSpan, evidenceWindow, recordLanes, watchedPermille, type Span } from '../core/evidence';
import { clock, date, moment, permille } from '../core/format';
import { endedAt } from '../core/queue';
import { linear, type Scale, textWidth, timeTicks } from '../core/scale';
import { DAY, HOUR } from '../core/zone';
import { api } from '../data/api';
import { minute, t } from '../data/store';
import type { CaseFile, Timeline } from '../data/types';
import { useFetched } from '../data/use';
import { ExposureLane, LifecycleLane, OperatingLane, type Place } from './lanes';
import { bins, binStep, useBins } from '../core/band';
import { typeWord } from './news';
import { Content, Section, stateWord } from './parts';
import { line, Plot, rect, text, useNarrow } from './svg';

const LANES_MAX = 4, TOP = 26, PITCH = 28, TALL = 44;

export function Evidence({ file, zone }: { file: CaseFile; zone: string }): JSX.Element {
  const tr = t.value, now = minute.value, window = evidenceWindow(file, now), about = aboutSpan(file, now), long = window.to - window.from > 60 * DAY, step = long ? 'day' : 'hour';
  const [state, reload] = useFetched<Timeline>(`${file.device} ${file.key} ${step}`, () => api.timeline(file.device, window.from, window.to, step));
  const hours = state.data?.hours ?? [], watched = watchedPermille(hours, about, long ? DAY : HOUR, now);
  const period = about.to - about.from <= 60_000 ? moment(about.from, zone, tr) : `${date(about.from, zone, tr, true)} ${clock(about.from, zone)} – ${endedAt(file, now) !== undefined ? `${date(about.to, zone, tr, true)} ${clock(about.to, zone)}` : tr('axis.now')}`;
  return <Section id="evidence" title={tr('case.evidence')} meta={<>{zone}{watched !== undefined && <> · {tr('case.watched', { v: permille(watched) })}</>}</>} cls="k3">
    <Content state={state} zone={zone} retry={reload} rows={4} height={30}>{(life) => <Drawing file={file} life={life} zone={zone} window={window} about={about} now={now} />}</Content>
    <p class="note">{tr('case.evidence_note', { period })} {watched !== undefined && watched < 950 && tr('case.blind_note')}</p>
  </Section>;
}

function Drawing({ file, life, zone, window: w, about, now }: { file: CaseFile; life: Timeline; zone: string; window: Span; about: Span; now: number }): JSX.Element {
  const tr = t.value, narrow = useNarrow(), lanes = recordLanes(file.records, about, LANES_MAX), pitch = narrow ? TALL : PITCH, height = TOP + (3 + lanes.length) * pitch + 4;
  const lifecycle = lane(life.lanes.lifecycle, 'lifecycle', now), operating = lane(life.lanes.operating, 'operating', now);
  const inside = (p: { from: number; to: number }): boolean => p.to > about.from && p.from < about.to;
  const declared = [...new Set(lifecycle.filter(inside).map((p) => stateWord(p.kind)))].slice(0, 2).join(' → ');
  return <Plot height={height} label={tr('case.evidence_label', { n: file.records.length, list: lanes.map((l) => `${typeWord(l.type)} ${l.inside}`).join(tr('list.sep')) })} draw={(width) => {
    const left = narrow ? 0 : 150, right = narrow ? width : width - 116, x = linear(w.from, w.to, left, right), lift = narrow ? 20 : 5;
    const place = (i: number): Place => ({ x, y: TOP + i * pitch + lift, height: 18, left, right, from: w.from, to: w.to, now });
    const step = binStep(w.to - w.from, right - left, 4, w.to - w.from > 60 * DAY ? DAY : HOUR), all = bins(w.from, Math.min(w.to, now), step, zone);
    const used = useBins(life.hours ?? [], all, w.from, now), exposures = used.filter((b) => b.from < about.to && b.to > about.from).reduce((n, b) => n + b.exposures, 0);
    const a = x.clamp(about.from), b = Math.max(a + 3, x.clamp(about.to)), rows: [string, string, JSX.Element][] = [
      [tr('case.lane_declared'), declared, <LifecycleLane pieces={lifecycle} overlays={[]} at={place(0)} />],
      [tr('lane.operating'), '', <OperatingLane pieces={operating} bins={all} at={place(1)} />],
      [tr('lane.exposures'), tr('case.inside', { v: exposures }), <ExposureLane bins={used} at={place(2)} />],
      ...lanes.map((l, i): [string, string, JSX.Element] => [typeWord(l.type), tr('case.inside', { v: l.inside }), <Ticks times={l.times} about={about} at={place(i + 3)} />]),
    ];
    return <>
      <clipPath id="ev-clip"><rect x={left} y="0" width={Math.max(0, right - left)} height={height} /></clipPath>
      {rect(a, TOP, b - a, rows.length * pitch, 'f-fault-s')}
      <Axis window={w} zone={zone} x={x} left={left} right={right} bottom={TOP + rows.length * pitch} />
      {rows.map(([name, value, marks], i) => <Fragment key={i}>
        {line(0, TOP + i * pitch + 0.5, width, TOP + i * pitch + 0.5, 's-line w1 crisp')}
        <g clip-path="url(#ev-clip)">{marks}</g>
        {narrow ? <>{text(0, TOP + i * pitch + 14, name, 't-mid t-12')}{text(width, TOP + i * pitch + 14, value, 't-end t-12 t-b t-ink')}</> : <>{text(0, TOP + i * pitch + 18, fit(name, left - 8), 't-mid t-12')}{text(right + 10, TOP + i * pitch + 18, fit(value, 106), 't-12 t-b t-ink')}</>}
      </Fragment>)}
      {line(0, TOP + rows.length * pitch + 0.5, width, TOP + rows.length * pitch + 0.5, 's-line2 w1 crisp')}
      {line(Math.round(a) + 0.5, TOP - 4, Math.round(a) + 0.5, TOP + rows.length * pitch, 's-fault w1')}
      {b - a > 3 && endedAt(file, now) !== undefined && line(Math.round(b) + 0.5, TOP - 4, Math.round(b) + 0.5, TOP + rows.length * pitch, 's-fault w1')}
      {x(now) <= right && line(Math.round(x(now)) - 0.5, TOP - 8, Math.round(x(now)) - 0.5, TOP + rows.length * pitch, 's-ink w1')}
    </>;
  }} />;
}

/** Cut to what fits; the whole stands in the table below. */
function fit(words: string, px: number): string {
  if (textWidth(words, 12) <= px) return words;
  let out = words;
  while (out.length > 1 && textWidth(`${out}…`, 12) > px) out = out.slice(0, -1);
  return `${out}…`;
}

function Ticks({ times, about, at }: { times: readonly number[]; about: Span; at: Place }): JSX.Element {
  return <>
    {line(at.left, at.y + 9.5, at.right, at.y + 9.5, 's-line2 dot w1')}
    {times.map((time, i) => { const px = at.x.clamp(time), hot = time >= about.from && time <= about.to; return <Fragment key={i}>{rect(px - 1, at.y + 2, 2, 15, hot ? 'f-fault' : 'f-ink2')}</Fragment>; })}
  </>;
}

function Axis({ window: w, zone, x, left, right, bottom }: { window: Span; zone: string; x: Scale; left: number; right: number; bottom: number }): JSX.Element {
  const tr = t.value;
  let free = left - 1;
  return <>{timeTicks(w.from, w.to, zone).map((tick) => {
    const px = Math.round(x(tick.t)) + 0.5, label = tick.unit === 'hour' ? clock(tick.t, zone) : date(tick.t, zone, tr, tick.unit === 'year'), room = px + 3 > free && px + textWidth(label) + 4 < right;
    if (room) free = px + textWidth(label) + 12;
    return <Fragment key={tick.t}>{line(px, room ? 12 : 20, px, bottom, 's-line w1 crisp')}{room && text(px + 3, 20, label, 't-mid')}</Fragment>;
  })}</>;
}
