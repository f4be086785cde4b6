// One function per lane of the band: each draws marks on the common time axis.
import { Fragment, type JSX } from 'preact';
import { type Bin, mostlyVoid, type Piece, joined, shareOf, type UseBin } from '../core/band';
import { niceTop, type Scale, textWidth } from '../core/scale';
import type { PaperLine } from '../core/papers';
import { look } from '../core/states';
import { t } from '../data/store';
import { markGlyph } from './glyphs';
import { stateWord } from './parts';
import { cell, line, rect, text } from './svg';

export interface Place { x: Scale; y: number; height: number; left: number; right: number; from: number; to: number; now: number }

const inside = (p: { from: number; to: number }, at: Place): boolean => p.to > at.from && p.from < at.to;

export function LifecycleLane({ pieces, overlays, at }: { pieces: readonly Piece[]; overlays: readonly Piece[]; at: Place }): JSX.Element {
  return <>
    {pieces.filter((p) => inside(p, at)).map((p) => {
      const a = at.x.clamp(p.from), wide = Math.max(3, at.x.clamp(p.to) - a), word = stateWord(p.kind), solid = p.kind === 'use';
      const fits = wide > textWidth(word, 12) + 34, plain = ['ready', 'undeclared', 'laid_up'].includes(p.kind);
      return <Fragment key={p.from}>
        {cell(p.kind, a, at.y, wide, at.height)}
        {fits && (solid || plain) && <>{markGlyph(look(p.kind).glyph, a + 7, at.y + 4, 10, solid ? 'on-ok' : `c-${look(p.kind).tone}`)}{text(a + 21, at.y + 13, word, `t-12 t-b ${solid ? 'on-ok' : 't-ink'}`)}</>}
        {fits && !solid && !plain && p.kind !== 'fault' && <>{rect(a + 4, at.y + 2, textWidth(word, 12) + 8, at.height - 4, 'f-bg')}{text(a + 8, at.y + 13, word, 't-12 t-b t-ink')}</>}
      </Fragment>;
    })}
    {overlays.filter((p) => inside(p, at)).map((p) => <Fragment key={p.from}>{rect(at.x.clamp(p.from), at.y - 4, at.x.clamp(p.to) - at.x.clamp(p.from), 3, 'f-warn')}</Fragment>)}
  </>;
}

/** Ground = condition; bars = share of each step spent scanning, against the busiest step shown. */
export function OperatingLane({ pieces, bins, at }: { pieces: readonly Piece[]; bins: readonly Bin[]; at: Place }): JSX.Element {
  const pixel = (at.to - at.from) / Math.max(1, at.right - at.left);
  const ground = joined(pieces.map((p) => p.kind === 'use' ? { ...p, kind: 'on' as const } : p), pixel);
  const shares = shareOf(pieces, ['use'], bins).map((ms, i) => ms / ((bins[i] as Bin).to - (bins[i] as Bin).from));
  const top = Math.min(1, niceTop(Math.max(0.01, ...shares) * 100) / 100);
  return <>
    {ground.filter((p) => inside(p, at)).map((p) => {
      const a = at.x.clamp(p.from), b = at.x.clamp(p.to);
      if (p.kind === 'on') return <Fragment key={p.from}>{rect(a, at.y, Math.max(0.6, b - a), at.height, 'f-ok-s')}</Fragment>;
      if (p.kind === 'off') return <Fragment key={p.from}>{line(a, at.y + at.height - 0.5, b, at.y + at.height - 0.5, 's-line2 w1')}</Fragment>;
      return null;
    })}
    {shares.map((share, i) => {
      const b = bins[i] as Bin, a = at.x.clamp(b.from), wide = at.x.clamp(b.to) - a, high = Math.max(1.5, Math.min(1, share / top) * at.height);
      return share > 0 && wide > 0 && <rect key={b.from} x={a + (wide > 3 ? 0.5 : 0)} y={at.y + at.height - high} width={Math.max(0.6, wide - (wide > 3 ? 1 : 0.2))} height={high} class="f-ok" />;
    })}
    {ground.filter((p) => inside(p, at) && !['on', 'off'].includes(p.kind)).map((p) => {
      const a = at.x.clamp(p.from);
      return <Fragment key={p.from}>{cell(p.kind, a, at.y, Math.max(3, at.x.clamp(p.to) - a), at.height)}</Fragment>;
    })}
  </>;
}

export function FaultLane({ pieces, at }: { pieces: readonly Piece[]; at: Place }): JSX.Element {
  const shown = pieces.filter((p) => inside(p, at));
  return <>{shown.map((p, i) => {
    const a = at.x(p.from), wide = at.x.clamp(p.to) - at.x.clamp(p.from), hard = p.kind === 'fault', bar = wide > 7, next = shown[i + 1];
    const label = a + (bar ? wide + 4 : 9), room = Math.min(next ? at.x(next.from) - 8 : Infinity, at.right, at.x(at.now) - 3), code = p.code ?? '';
    return <Fragment key={`${p.from} ${code}`}>
      {bar ? cell(p.kind, at.x.clamp(p.from), at.y + 4, wide, at.height - 8)
        : hard ? markGlyph('fault', a - 5, at.y + 4, 10, 'c-fault')
          : <path d={`M${a} ${at.y + 3}l5.5 10.5h-11z`} class="f-none s-warn w15" />}
      {code && label + textWidth(code) < room && text(label, at.y + 13, code, 't-mid')}
    </Fragment>;
  })}</>;
}

/** Exposures per step. What was not watched is hatched; what was counted in it is drawn over. */
export function ExposureLane({ bins, at }: { bins: readonly UseBin[]; at: Place }): JSX.Element {
  const top = niceTop(Math.max(1, ...bins.map((b) => b.exposures)));
  return <>{bins.map((b) => {
    const a = at.x.clamp(b.from), wide = at.x.clamp(Math.min(b.to, at.now)) - a, high = b.exposures / top * at.height;
    if (wide <= 0) return null;
    return <Fragment key={b.from}>
      {mostlyVoid(b) && <rect x={a} y={at.y} width={wide + 0.3} height={at.height} fill="url(#p-void)" />}
      {b.exposures > 0 && <rect x={a + (wide > 3 ? 0.5 : 0)} y={at.y + at.height - Math.max(1.5, high)} width={Math.max(0.6, wide - (wide > 3 ? 1 : 0.2))} height={Math.max(1.5, high)} class="f-ink2" />}
    </Fragment>;
  })}</>;
}

export const PAPER_LINE = 15;

/** One line for each kind of permit and contract, with an end tick; striped where there was none. */
export function PaperLane({ lines, at }: { lines: readonly PaperLine[]; at: Place }): JSX.Element {
  return <>{lines.map((l, i) => {
    const y = at.y + i * PAPER_LINE + 5, word = t.value(`paper_line.${l.group.split('.')[1] ?? ''}`), first = Math.min(...l.spans.map((s) => s.from)), room = at.left + textWidth(word) + 10;
    return <Fragment key={l.group}>
      {l.gaps.filter((g) => inside(g, at)).map((g) => <Fragment key={g.from}>{rect(at.x.clamp(g.from), y - 3, Math.max(3, at.x.clamp(g.to) - at.x.clamp(g.from)), 7, '', 'over')}</Fragment>)}
      {l.spans.filter((s) => inside(s, at)).map((s) => { const a = at.x.clamp(s.from), b = at.x.clamp(s.to); return <Fragment key={s.key}>
        {rect(a, y - 1, Math.max(2, b - a), 3, 'f-ink2')}{!s.forever && s.to < at.to && line(b, y - 5, b, y + 6, 's-ink2 w2')}{s.from > at.from && line(a, y - 3, a, y + 4, 's-ink2 w1')}</Fragment>; })}
      {rect(at.left, y - 7, textWidth(word) + 6, 14, 'f-bg')}{text(at.left + 1, y + 4, word, first < at.from || at.x(first) < room ? 't-mid' : '')}
    </Fragment>;
  })}</>;
}
