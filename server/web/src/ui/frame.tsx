// The frame of every page: brand, search, live mark, language, theme, strips that say what is still open, foot.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { clock, num, permille, shortHash } from '../core/format';
import { displayName } from '../core/states';
import { offsetLabel } from '../core/zone';
import { live } from '../data/live';
import { deviceHref, go, href, route, type Simple, todayHref } from '../data/route';
import { devices, flipLang, flipTheme, lang, placeWords, second, status, t, theme } from '../data/store';
import type { Device } from '../data/types';
import { Glyph } from './glyphs';

function Brand(): JSX.Element {
  return <a class="brand" href={todayHref()} aria-label={t.value('nav.home')}>
    <svg viewBox="0 0 18 18" aria-hidden="true">
      <path d="M9 1a8 8 0 1 0 0 16A8 8 0 0 0 9 1zm0 4.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z" fill="currentColor" fill-rule="evenodd" />
      <path d="M0 13.6h18v1.8H0z" fill="currentColor" />
    </svg><span>Gantry</span>
  </a>;
}

function Live({ zone }: { zone: string }): JSX.Element {
  const { state, since } = live.value;
  if (state === 'live') return <span class="live" title={t.value('live.on')}><Glyph name="scan" tone="ok" /><span>{t.value('live.at', { time: clock(second.value, zone, true) })}</span></span>;
  return <span class="live off" role="status"><Glyph name="void" />
    <span>{state === 'paused' ? t.value('live.paused', { time: clock(since, zone, true) }) : t.value('live.opening')}</span></span>;
}

const HITS = 8;

/** Devices whose name, id, serial, maker, model or place holds the words: whole matches first, then by name. */
function hits(words: string): Device[] {
  const wanted = words.trim().toLowerCase(), known = devices.state.value.data ?? [];
  if (!wanted) return [];
  const named = (d: Device): string[] => [d.name, d.id, d.serial].map((s) => s?.toLowerCase() ?? ''), rank = (d: Device): number => named(d).includes(wanted) ? 0 : named(d).some((s) => s.startsWith(wanted)) ? 1 : named(d).some((s) => s.includes(wanted)) ? 2 : 3;
  return known.filter((d) => [...named(d), `${d.maker} ${d.model}`.toLowerCase(), placeWords(d.org, d.site).toLowerCase()].some((s) => s.includes(wanted)))
    .sort((a, b) => rank(a) - rank(b) || displayName(a).localeCompare(displayName(b), undefined, { numeric: true })).slice(0, HITS);
}

/** Jump to a device, or to the findings of a rule; `/` brings the cursor here. */
function Find(): JSX.Element {
  const input = useRef<HTMLInputElement>(null), box = useRef<HTMLFormElement>(null), [words, setWords] = useState(''), [open, setOpen] = useState(false), [at, setAt] = useState(0), found = open ? hits(words) : [], rule = /^[vw]\d\d$/i.test(words.trim()) ? words.trim().toUpperCase() : undefined;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).matches('input, textarea, select')) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const leave = (to: string): void => { setWords(''); setOpen(false); input.current?.blur(); void go(to); };
  const jump = (event: Event): void => {
    event.preventDefault();
    if (!words.trim()) return;
    const hit = found[at] ?? hits(words)[0];
    if (hit) leave(deviceHref(hit.id)); else if (rule) leave(href('/findings', { rule })); else setOpen(true);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') { setOpen(false); return; }
    const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!move || !found.length) return;
    event.preventDefault();
    setAt((at + move + found.length) % found.length);
  };
  const shown = open && words.trim() !== '';
  return <form ref={box} class="find" role="search" onSubmit={jump} onFocusOut={(e) => { if (!box.current?.contains(e.relatedTarget as Node | null)) setOpen(false); }}>
    <Glyph name="find" />
    <input ref={input} role="combobox" aria-expanded={shown} aria-controls="hits" aria-autocomplete="list" aria-activedescendant={shown && found[at] ? `hit-${at}` : undefined} aria-label={t.value('find.label')} placeholder={t.value('find.label')} autocomplete="off" value={words}
      onInput={(e) => { setWords(e.currentTarget.value); setOpen(true); setAt(0); }} onKeyDown={onKey} onFocus={() => setOpen(true)} />
    <kbd aria-hidden="true">/</kbd>
    <div id="hits" class={shown ? 'hits' : 'hits shut'} role="listbox" aria-label={t.value('find.hits')}>{shown && <>
      {found.map((d, i) => <a key={d.id} id={`hit-${i}`} role="option" aria-selected={i === at} href={deviceHref(d.id)} tabIndex={-1} onClick={(e) => { e.preventDefault(); leave(deviceHref(d.id)); }}><b>{displayName(d)}</b><span class="dim">{[d.maker, d.model].filter(Boolean).join(' ')} · {d.serial ?? d.id}</span><span class="more">{placeWords(d.org, d.site)}</span></a>)}
      {rule && <a role="option" aria-selected={!found.length} href={href('/findings', { rule })} tabIndex={-1} onClick={(e) => { e.preventDefault(); leave(href('/findings', { rule })); }}><b>{t.value('find.rule', { rule })}</b></a>}
      {!found.length && !rule && <span role="option" aria-selected="false" aria-disabled="true" class="dim none-hit">{t.value('find.none', { v: words.slice(0, 60) })}</span>}</>}</div>
  </form>;
}

function Tools(): JSX.Element {
  return <span class="tools">
    <button type="button" class="tool lang" onClick={() => void flipLang()} lang={lang.value === 'en' ? 'zh-CN' : 'en'}>{lang.value === 'en' ? '中文' : 'English'}</button>
    <button type="button" class="tool theme" onClick={flipTheme} aria-pressed={theme.value === 'dark'} aria-label={t.value('tool.dark')} title={t.value('tool.dark')}><Glyph name="moon" /></button>
  </span>;
}

interface Place { page: Simple; path: string; glyph: string; count?: number | undefined }
function places(): Place[] {
  return [{ page: 'today', path: '/', glyph: 'list' }, { page: 'findings', path: '/findings', glyph: 'degraded', count: status.state.value.data?.findings_open }, { page: 'due', path: '/due', glyph: 'clock' },
    { page: 'figures', path: '/figures', glyph: 'figures' }, { page: 'rules', path: '/rules', glyph: 'doc' }, { page: 'import', path: '/import', glyph: 'new' }];
}
const isAt = (p: Place): boolean => route.value.page === p.page || (p.page === 'findings' && route.value.page === 'case');

function Nav(): JSX.Element {
  const now = route.value, known = devices.state.value.data, id = now.page === 'device' || now.page === 'case' ? now.id : undefined, current = known?.find((d) => d.id === id);
  return <nav class="nav" aria-label={t.value('nav.main')}>
    {places().map((p) => <a key={p.page} href={href(p.path)} aria-current={isAt(p) ? 'page' : undefined}>{t.value(`nav.${p.page}`)}{p.count ? <span class="n">{num(p.count)}</span> : null}</a>)}
    {id && (now.page === 'device' ? <span class="here" aria-current="page"><b>{current ? displayName(current) : id}</b></span> : <a class="here" href={deviceHref(id)}><b>{current ? displayName(current) : id}</b></a>)}
  </nav>;
}

const THUMBS = 4;

/** The same places within reach of a thumb: four, and the rest behind "More". */
function Thumb(): JSX.Element {
  const [more, setMore] = useState(false), all = places(), rest = all.slice(THUMBS), inRest = rest.some(isAt);
  // While the rest is open, what lies behind it cannot be reached by accident.
  useEffect(() => { const main = document.getElementById('main'); if (main) main.inert = more; }, [more]);
  return <nav class="thumb" aria-label={t.value('nav.phone')} onKeyDown={(e) => { if (e.key === 'Escape') setMore(false); }}>
    {more && <div class="veil" aria-hidden="true" onClick={() => setMore(false)} />}
    {more && <div class="rest" id="thumb-rest">{rest.map((p) => <a key={p.page} href={href(p.path)} aria-current={isAt(p) ? 'page' : undefined} onClick={() => setMore(false)}><Glyph name={p.glyph} />{t.value(`nav.${p.page}`)}</a>)}</div>}
    {all.slice(0, THUMBS).map((p) => <a key={p.page} href={href(p.path)} aria-current={isAt(p) ? 'page' : undefined} onClick={() => setMore(false)}><Glyph name={p.glyph} /><span>{t.value(`nav.${p.page}`)}</span>{p.count ? <small>{num(p.count)}</small> : null}</a>)}
    <button type="button" aria-expanded={more} aria-controls={more ? 'thumb-rest' : undefined} class={inRest ? 'on' : ''} onClick={() => setMore(!more)}><Glyph name="more" /><span>{t.value('nav.more')}</span></button>
  </nav>;
}

function Strips(): JSX.Element | null {
  const now = status.state.value.data;
  if (!now?.demo && now?.open_to !== 'loopback') return null;
  return <div class="strips">
    {now.demo && <div class="strip demo"><b>DEMO</b> · {t.value('strip.demo')}</div>}
    {now.open_to === 'loopback' && <div class="strip">{t.value('strip.loopback')}</div>}
  </div>;
}

function Foot({ zone, coverage }: { zone: string; coverage?: number | null }): JSX.Element {
  const tr = t.value, log = status.state.value.data, data = devices.state.value;
  const held = live.value.state === 'live' ? second.value : data.at;
  return <footer class="foot">
    <span>{held === undefined ? tr('foot.no_data') : tr('foot.data_to', { time: clock(held, zone, true) })}{coverage !== undefined && coverage !== null && <> · {tr('foot.coverage', { v: permille(coverage) })}</>}</span>
    {log?.log_size !== undefined && <span>{tr('foot.log', { v: num(log.log_size), root: shortHash(log.root) })} · {log.witnesses ? tr('log.witnessed', { n: log.witnesses }) : tr('log.unwitnessed')}</span>}
    <span>{tr('foot.zone', { zone, offset: offsetLabel(second.value, zone) })}</span>
    {log?.version && <span class="end">Gantry {log.version}</span>}
  </footer>;
}

const shown = signal<{ zone: string; coverage?: number | null }>({ zone: 'UTC' });

/** A page says in which zone its times are and how much of it was watched; the frame around it stays as it is from page to page. */
export function Frame({ zone, coverage, children }: { zone: string; coverage?: number | null; children: ComponentChildren }): JSX.Element {
  useLayoutEffect(() => { shown.value = { zone, coverage }; }, [zone, coverage]);
  return <>{children}</>;
}

export function Chrome({ children }: { children: ComponentChildren }): JSX.Element {
  const { zone, coverage } = shown.value;
  return <>
    <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>('h1')?.focus(); }}>{t.value('nav.skip')}</a>
    <header class="top"><div class="bar"><Brand /><Find /><Live zone={zone} /><Tools /></div><Nav /></header>
    <Strips />
    <main id="main">{children}</main>
    <Foot zone={zone} coverage={coverage} />
    <Thumb />
  </>;
}
