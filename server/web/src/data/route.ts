// Addresses without a hash. The path says which page, the query what it shows: every view can be sent to somebody.
import { signal } from '@preact/signals';

export type Simple = 'today' | 'findings' | 'due' | 'rules' | 'import' | 'figures';
export type Route = { page: Simple } | { page: 'device'; id: string } | { page: 'case'; id: string; rule: string; key: string } | { page: 'lost' };

const SIMPLE: Readonly<Record<string, Simple>> = {
  '/': 'today', '/index.html': 'today', '/devices': 'today', '/unassigned': 'today', '/findings': 'findings', '/due': 'due', '/rules': 'rules', '/import': 'import', '/figures': 'figures',
};

export function readRoute(path: string): Route {
  const plain = SIMPLE[path.length > 1 ? path.replace(/\/$/, '') : path];
  if (plain) return { page: plain };
  try {
    const device = /^\/devices\/([^/]+)\/?$/.exec(path);
    if (device?.[1]) return { page: 'device', id: decodeURIComponent(device[1]) };
    const found = /^\/devices\/([^/]+)\/findings\/([^/]+)\/([^/]+)\/?$/.exec(path);
    if (found?.[1] && found[2] && found[3]) return { page: 'case', id: decodeURIComponent(found[1]), rule: decodeURIComponent(found[2]), key: decodeURIComponent(found[3]) };
  } catch { /* a broken % sequence is no page */ }
  return { page: 'lost' };
}

export const route = signal<Route>(readRoute(location.pathname));
export const query = signal<Readonly<Record<string, string>>>(readQuery());

function readQuery(): Record<string, string> { return Object.fromEntries(new URLSearchParams(location.search)); }

type Params = Readonly<Record<string, string | number | undefined>>;

/** An address with these parameters, and with what the present address asks for language and theme. */
export function href(path: string, params: Params = {}): string {
  const now = new URLSearchParams(location.search), out = new URLSearchParams();
  for (const key of ['lang', 'theme']) { const value = now.get(key); if (value) out.set(key, value); }
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== '') out.set(key, String(value));
  const words = out.toString();
  return words ? `${path}?${words}` : path;
}
export const deviceHref = (id: string, params?: Params): string => href(`/devices/${encodeURIComponent(id)}`, params);
export const caseHref = (f: { device: string; rule: string; key: string }): string => href(`/devices/${[f.device, 'findings', f.rule, f.key || '-'].map(encodeURIComponent).join('/')}`);
export const todayHref = (): string => href('/');

/** Brings the code of a page in before it is shown; set by main. */
let ready: (page: Route['page']) => Promise<unknown> = () => Promise.resolve();
export function whenReady(prepare: (page: Route['page']) => Promise<unknown>): void { ready = prepare; }

async function show(): Promise<void> {
  const next = readRoute(location.pathname);
  // Code that cannot be fetched is mostly code of an older version: the server's present page is asked for.
  try { await ready(next.page); } catch { location.reload(); return; }
  route.value = next;
  query.value = readQuery();
}
addEventListener('popstate', () => { void show(); });

export async function go(to: string): Promise<void> {
  const before = location.pathname, held = document.activeElement;
  history.pushState(null, '', to);
  await show();
  if (location.pathname === before) return;
  scrollTo(0, 0);
  // A screen reader hears the new page's head, and Tab starts there; but who has gone elsewhere meanwhile stays there.
  queueMicrotask(() => { const now = document.activeElement; if (!now || now === document.body || now === held) document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true }); });
}

/** Changes parameters of the present address in place; an empty one is taken out. */
export function setQuery(changes: Params): void {
  const next = new URL(location.href);
  for (const [key, value] of Object.entries(changes)) if (value === undefined || value === '') next.searchParams.delete(key); else next.searchParams.set(key, String(value));
  history.replaceState(history.state, '', next);
  query.value = readQuery();
}

/** Links inside the page change the address without a reload; the browser keeps every other click. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.pathname.startsWith('/api/') || link.hash || link.hasAttribute('download')) return;
  event.preventDefault();
  void go(link.pathname + link.search);
}
