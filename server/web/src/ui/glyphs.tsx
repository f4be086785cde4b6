// The sprite: glyphs of 16 x 16 whose silhouettes differ, and the patterns that mean a state.
import type { ComponentChildren, JSX } from 'preact';

// A leading ~ is a stroke, else a fill.
const GLYPHS: Readonly<Record<string, readonly string[]>> = {
  use: ['M4 2.5v11l9-5.5z'],
  scan: ['M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z', '~M8 .8a7.2 7.2 0 0 1 0 14.4'],
  standby: ['M4 3h3v10H4zM9 3h3v10H9z'],
  ready: ['~M4.5 3.2v9.6l8-4.8z'],
  pm: ['~M2.5 2.5h11v11h-11z', '~M5.2 11V5.6L8 9l2.8-3.4V11'],
  fault: ['M3.2 1.5 8 6.3l4.8-4.8 1.7 1.7L9.7 8l4.8 4.8-1.7 1.7L8 9.7l-4.8 4.8-1.7-1.7L6.3 8 1.5 3.2z'],
  degraded: ['~M8 1.8 14.6 13.5H1.4z', 'M7.2 6h1.6v4H7.2zM7.2 11h1.6v1.5H7.2z'],
  retest: ['~M8 1.6 14.4 8 8 14.4 1.6 8z', 'M8 1.6V14.4L1.6 8z'],
  susp: ['~M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z', '~M3.7 3.7l8.6 8.6'],
  sealed: ['M3 7h10v7H3z', '~M5 7V5a3 3 0 0 1 6 0v2'],
  retired: ['M3 3h10v10H3z'],
  void: ['~M2.5 5V2.5H5M7 2.5h2M11 2.5h2.5V5M13.5 7v2M13.5 11v2.5H11M9 13.5H7M5 13.5H2.5V11M2.5 9V7', '~M5 11l6-6'],
  off: ['~M4.6 4.2a5.2 5.2 0 1 0 6.8 0', '~M8 1.5v6'],
  pass: ['~M2.5 8.5l3.5 3.5 7.5-8'],
  clock: ['~M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z', '~M8 4.5V8l2.6 1.8'],
  doc: ['~M3.5 1.5h6l3 3v10h-9z', '~M9.5 1.5v3h3M5.8 8h4.4M5.8 11h4.4'],
  part: ['~M2 5.5h9v5H2zM11 6.8h3M11 9.2h3M4.5 5.5v5'],
  chain: ['~M6.5 9.5l3-3M7 4.7l1.6-1.6a3 3 0 0 1 4.3 4.3L11.3 9M9 11.3l-1.6 1.6a3 3 0 0 1-4.3-4.3L4.7 7'],
  find: ['~M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6zM10.6 10.6l3.6 3.6'],
  moon: ['~M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z'],
  new: ['~M8 2.5v11M2.5 8h11'],
  down: ['~M4 6l4 4 4-4'],
  more: ['M2 6.8h2.4v2.4H2zM6.8 6.8h2.4v2.4H6.8zM11.6 6.8H14v2.4h-2.4z'],
  figures: ['~M2 14h12M4 13V8.5M8 13V3M12 13V6'],
  list: ['~M5.5 3.5H14M5.5 8H14M5.5 12.5H14M2 3.5h1M2 8h1M2 12.5h1'],
};

function Shape({ d }: { d: string }): JSX.Element {
  return d.startsWith('~')
    ? <path d={d.slice(1)} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" />
    : <path d={d} fill="currentColor" />;
}

function Pattern({ id, size, turn, children }: { id: string; size: number; turn?: number; children: ComponentChildren }): JSX.Element {
  return <pattern id={`p-${id}`} width={size} height={size} patternUnits="userSpaceOnUse" patternTransform={turn ? `rotate(${turn})` : undefined}>{children}</pattern>;
}

function Patterns(): JSX.Element {
  return <>
    <Pattern id="void" size={5} turn={45}><rect width="5" height="5" class="f-bg" /><rect width="1.2" height="5" class="f-void" /></Pattern>
    <Pattern id="pm" size={4}><rect width="4" height="4" class="f-idle-s" /><rect width="1.6" height="4" class="f-idle" /></Pattern>
    <Pattern id="degraded" size={6} turn={-45}><rect width="6" height="6" class="f-warn-s" /><rect width="2.4" height="6" class="f-warn" /></Pattern>
    <Pattern id="susp" size={6} turn={45}><rect width="6" height="6" class="f-susp-s" /><rect width="1.6" height="6" class="f-susp" /><rect width="6" height="1.6" class="f-susp" /></Pattern>
    <Pattern id="sealed" size={6}><rect width="6" height="6" class="f-susp" /><rect width="2" height="2" class="f-bg" /><rect x="3" y="3" width="2" height="2" class="f-bg" /></Pattern>
    <Pattern id="retest" size={4}><rect width="4" height="4" class="f-bg" /><rect width="4" height="1.4" class="f-idle" /></Pattern>
    <Pattern id="pre" size={4}><rect width="4" height="4" class="f-bg3" /><rect x="1.4" y="1.4" width="1.2" height="1.2" class="f-ink3" /></Pattern>
    <Pattern id="over" size={5} turn={-45}><rect width="5" height="5" class="f-fault-s" /><rect width="2" height="5" class="f-fault" /></Pattern>
  </>;
}

/** Drawn once at the top of the page; everything else refers to it by id. */
export function Sprite(): JSX.Element {
  return <svg width="0" height="0" class="vh" aria-hidden="true">
    <defs>
      {Object.entries(GLYPHS).map(([name, paths]) => <symbol key={name} id={`g-${name}`} viewBox="0 0 16 16">{paths.map((d) => <Shape key={d} d={d} />)}</symbol>)}
      <Patterns />
    </defs>
  </svg>;
}

/** A glyph in a line of text; the word beside it carries the meaning for those who cannot see it. */
export function Glyph({ name, tone }: { name: string; tone?: string }): JSX.Element {
  return <svg class={tone ? `g c-${tone}` : 'g'} aria-hidden="true"><use href={`#g-${name}`} /></svg>;
}

export const markGlyph = (name: string, x: number, y: number, size: number, cls = ''): JSX.Element =>
  <use href={`#g-${name}`} x={x} y={y} width={size} height={size} class={cls} />;
