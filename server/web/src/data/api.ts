// The only file that talks to /api/v1. Every failure becomes one ApiError that a screen can show as it is.
import type { Declaration, Device, DeviceDetail, Finding, LogRecord, Page, Problem, Status, Timeline, Unassigned } from './types';

export class ApiError extends Error {
  constructor(readonly problem: Problem, readonly status: number) { super(problem.title ?? `HTTP ${status}`); }
}

const TIMEOUT_MS = 20_000;
/** How far this computer's clock is behind the server's, taken from the Date of its answers. */
let clockLag = 0;

/** The server's present, as well as this computer can tell. */
export const serverNow = (): number => Date.now() + clockLag;

function learnClock(answer: Response): void {
  const stated = Date.parse(answer.headers.get('date') ?? '');
  // The header has whole seconds: less than two apart is agreement.
  if (!Number.isNaN(stated)) clockLag = Math.abs(stated - Date.now()) < 2000 ? 0 : stated + 500 - Date.now();
}

async function readProblem(answer: Response): Promise<Problem> {
  try {
    const body: unknown = await answer.json();
    if (body && typeof body === 'object') return { request_id: answer.headers.get('x-request-id') ?? undefined, ...body };
  } catch { /* not JSON: the status line is all there is */ }
  return { title: `HTTP ${answer.status} ${answer.statusText}`.trim(), request_id: answer.headers.get('x-request-id') ?? undefined };
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(`/api/v1${path}`, {
      ...init, signal: stop.signal, cache: init.method ? 'no-store' : 'no-cache', credentials: 'same-origin',
      headers: { accept: 'application/json, application/problem+json', 'accept-language': document.documentElement.lang, ...init.headers },
    });
    learnClock(answer);
    if (!answer.ok) throw new ApiError(await readProblem(answer), answer.status);
    return await (answer.headers.get('content-type')?.includes('json') ? answer.json() : answer.text()) as T;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError({ code: stop.signal.aborted ? 'timeout' : 'unreachable' }, 0);
  } finally { clearTimeout(timer); }
}

const post = <T>(path: string, body: unknown): Promise<T> => call<T>(path, {
  method: 'POST', body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', 'idempotency-key': fresh() },
});

/** A new key for each intent; randomUUID is not there on a plain-HTTP name. */
function fresh(): string { return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join(''); }

const segment = encodeURIComponent;
const query = (params: Record<string, string | number | undefined>): string => {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== '') parts.set(key, String(value));
  const text = parts.toString();
  return text ? `?${text}` : '';
};

/** Pages of 200 up to this many devices; a fleet beyond it needs the list screen. */
const DEVICES_MAX = 2000;

export const api = {
  async devices(): Promise<Device[]> {
    const all: Device[] = [];
    let cursor: string | undefined;
    do {
      const page: Page<Device> = await call(`/devices${query({ limit: 200, cursor })}`);
      all.push(...page.items);
      cursor = page.next_cursor ?? undefined;
    } while (cursor && all.length < DEVICES_MAX);
    return all;
  },
  device: (id: string) => call<DeviceDetail>(`/devices/${segment(id)}`),
  timeline: (id: string, from: number, to: number, step: 'hour' | 'day') =>
    call<Timeline>(`/devices/${segment(id)}/timeline${query({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), step })}`),
  records: (id: string, opts: { limit?: number; cursor?: string; type?: string } = {}) =>
    call<Page<LogRecord>>(`/devices/${segment(id)}/records${query(opts)}`),
  findings: (id: string) => call<Page<Finding>>(`/findings${query({ device: id, limit: 50 })}`),
  declare: (id: string, body: Declaration) => post<{ log_index: number; state?: string }>(`/devices/${segment(id)}/declarations`, body),
  unassigned: () => call<Page<Unassigned>>('/unassigned?limit=100'),
  assign: (logIndex: number, body: { device: string; reason: string; actor: string }) => post<unknown>(`/unassigned/${logIndex}/assign`, body),
  status: () => call<Status>('/status'),
};
