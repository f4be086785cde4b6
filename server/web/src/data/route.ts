// Addresses without a hash: `/` is Today, `/devices/ID` one device.
import { signal } from '@preact/signals';

export type Route = { page: 'today' } | { page: 'device'; id: string } | { page: 'lost' };

export function readRoute(path: string): Route {
  if (path === '/' || path === '/devices' || path === '/devices/' || path === '/unassigned' || path === '/index.html') return { page: 'today' };
  const found = /^\/devices\/([^/]+)\/?$/.exec(path);
  if (!found?.[1]) return { page: 'lost' };
  try { return { page: 'device', id: decodeURIComponent(found[1]) }; } catch { return { page: 'lost' }; }
}

export const route = signal<Route>(readRoute(location.pathname));
addEventListener('popstate', () => { route.value = readRoute(location.pathname); });

/** The address of a device, with what the present address asks for language and theme. */
export const deviceHref = (id: string): string => `/devices/${encodeURIComponent(id)}${kept()}`;
export const todayHref = (): string => `/${kept()}`;

function kept(): string {
  const now = new URLSearchParams(location.search), keep = new URLSearchParams();
  for (const key of ['lang', 'theme']) { const value = now.get(key); if (value) keep.set(key, value); }
  const words = keep.toString();
  return words ? `?${words}` : '';
}

export function go(href: string): void {
  history.pushState(null, '', href);
  route.value = readRoute(location.pathname);
  scrollTo(0, 0);
  // A screen reader hears the new page's head, and Tab starts there.
  queueMicrotask(() => document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true }));
}

/** Links inside the page change the address without a reload; the browser keeps every other click. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.pathname.startsWith('/api/') || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
