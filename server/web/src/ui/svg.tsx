// Small helpers for hand-made SVG, so that charts read as what they draw.
import type { ComponentChildren, JSX, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Kind, look } from '../core/states';

const watchers = new WeakMap<Element, (width: number) => void>();
const observer = new ResizeObserver((entries) => {
  for (const entry of entries) watchers.get(entry.target)?.(Math.floor(entry.contentRect.width));
});

/** The width in whole pixels of the element the ref is put on; 0 until it is laid out. */
export function useWidth<T extends Element>(): [RefObject<T | null>, number] {
  const ref = useRef<T>(null), [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const node = ref.current;
    if (!node) return;
    setWidth(Math.floor(node.getBoundingClientRect().width));
    watchers.set(node, setWidth);
    observer.observe(node);
    return () => observer.unobserve(node);
  }, []);
  return [ref, width];
}

export const PHONE_MAX = 720;

/** Whether the page is as narrow as a phone; follows the window. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => innerWidth <= PHONE_MAX);
  useLayoutEffect(() => {
    const media = matchMedia(`(max-width: ${PHONE_MAX}px)`), follow = (): void => setNarrow(media.matches);
    media.addEventListener('change', follow);
    follow();
    return () => media.removeEventListener('change', follow);
  }, []);
  return narrow;
}

/** A host of fixed height whose drawing fills the width it is given. `interactive`: its marks can be pressed, and say what they are. */
export function Plot({ height, label, draw, cls, interactive }: { height: number; label?: string; cls?: string; interactive?: boolean; draw: (width: number) => ComponentChildren }): JSX.Element {
  const [ref, width] = useWidth<HTMLDivElement>();
  return <div ref={ref} class={cls}>
    <svg width={width} height={height} viewBox={`0 0 ${Math.max(1, width)} ${height}`} {...(interactive ? {} : label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}>
      {width > 0 && draw(width)}
    </svg>
  </div>;
}

export const rect = (x: number, y: number, width: number, height: number, cls: string, pattern?: string): JSX.Element =>
  <rect x={x} y={y} width={Math.max(0, width)} height={Math.max(0, height)} class={cls || undefined} fill={pattern ? `url(#p-${pattern})` : undefined} />;

export const line = (x1: number, y1: number, x2: number, y2: number, cls: string): JSX.Element => <line x1={x1} y1={y1} x2={x2} y2={y2} class={cls} />;

export const text = (x: number, y: number, words: ComponentChildren, cls = ''): JSX.Element => <text x={x} y={y} class={`t ${cls}`}>{words}</text>;

/** A piece of time in one state: its fill or pattern, and an outline of its full colour. */
export function cell(kind: Kind, x: number, y: number, width: number, height: number): JSX.Element {
  const { fill, pattern, outline } = look(kind) as { fill?: string; pattern?: string; outline: string };
  return <rect x={x + 0.5} y={y + 0.5} width={Math.max(0.6, width - 1)} height={height - 1} class={`${fill ?? ''} w1 ${outline}`} fill={pattern ? `url(#p-${pattern})` : undefined} />;
}
