// The frame of every page: brand, search, live mark, language, theme, strips that say what is still open, foot.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { clock, num, permille, shortHash } from '../core/format';
import { displayName } from '../core/states';
import { offsetLabel } from '../core/zone';
import { live } from '../data/live';
import { deviceHref, go, route, todayHref } from '../data/route';
import { devices, flipLang, flipTheme, lang, second, status, t, theme } from '../data/store';
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

/** Jump to a device by name, id or serial; `/` brings the cursor here. */
function Find(): JSX.Element {
  const input = useRef<HTMLInputElement>(null), known = devices.state.value.data ?? [];
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).matches('input, textarea, select')) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const jump = (event: Event): void => {
    event.preventDefault();
    const words = input.current?.value.trim().toLowerCase();
    if (!words) return;
    const hit = known.find((d) => [d.id, d.name, d.serial].some((s) => s?.toLowerCase() === words))
      ?? known.find((d) => [d.id, d.name, d.serial].some((s) => s?.toLowerCase().includes(words)));
    input.current?.setCustomValidity(hit ? '' : t.value('find.none', { v: input.current.value.slice(0, 60) }));
    if (!hit) { input.current?.reportValidity(); return; }
    if (input.current) { input.current.value = ''; input.current.blur(); }
    go(deviceHref(hit.id));
  };
  return <form class="find" role="search" onSubmit={jump}>
    <Glyph name="find" />
    <input ref={input} list="known-devices" aria-label={t.value('find.label')} placeholder={t.value('find.label')} autocomplete="off" onInput={() => input.current?.setCustomValidity('')} />
    <kbd aria-hidden="true">/</kbd>
    <datalist id="known-devices">{known.slice(0, 200).map((d) => <option key={d.id} value={d.id}>{displayName(d)} {d.serial}</option>)}</datalist>
  </form>;
}

function Tools(): JSX.Element {
  return <span class="tools">
    <button type="button" class="tool lang" onClick={flipLang} lang={lang.value === 'en' ? 'zh-CN' : 'en'}>{lang.value === 'en' ? '中文' : 'English'}</button>
    <button type="button" class="tool theme" onClick={flipTheme} aria-pressed={theme.value === 'dark'} aria-label={t.value('tool.dark')} title={t.value('tool.dark')}><Glyph name="moon" /></button>
  </span>;
}

function Nav(): JSX.Element {
  const now = route.value, known = devices.state.value.data;
  const current = now.page === 'device' ? known?.find((d) => d.id === now.id) : undefined;
  return <nav class="nav" aria-label={t.value('nav.main')}>
    <a href={todayHref()} aria-current={now.page === 'today' ? 'page' : undefined}>{t.value('nav.today')}</a>
    {now.page === 'device' && <span aria-current="page"><b>{current ? displayName(current) : now.id}</b></span>}
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

export function Frame({ zone, coverage, children }: { zone: string; coverage?: number | null; children: ComponentChildren }): JSX.Element {
  return <>
    <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>('h1')?.focus(); }}>{t.value('nav.skip')}</a>
    <header class="top"><div class="bar"><Brand /><Find /><Live zone={zone} /><Tools /></div><Nav /></header>
    <Strips />
    <main id="main">{children}</main>
    <Foot zone={zone} coverage={coverage} />
  </>;
}
