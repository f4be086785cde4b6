// The only file that talks to /api/v1. Every failure becomes one ApiError that a screen can show as it is.
import type { AsOf, CaseFile, Declaration, Device, DeviceDetail, DictionaryEntry, Due, Finding, FleetKpis, ImportReport, Kpis, LogRecord, Missing, Org, Page, Paper, PaperFiling, PaperKind, Problem, Rule, Status, Timeline, Unassigned } from './types';

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

type Params = Record<string, string | number | undefined>;

/** All pages of a list, up to `most` items: what is beyond is not shown, and the screens say so. */
async function all<T>(path: string, params: Params, most: number): Promise<T[]> {
  const out: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await call(`${path}${query({ ...params, limit: 200, cursor })}`);
    out.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && out.length < most);
  return out;
}

export const DEVICES_MAX = 2000, FINDINGS_MAX = 1000, DUE_MAX = 2000, FIGURES_MAX = 1000;

/** A file goes as its bytes; the server reads it by this type. */
function fileType(name: string): string {
  return /\.xlsx$/i.test(name) ? 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' : /\.(ndjson|jsonl)$/i.test(name) ? 'application/x-ndjson' : 'text/csv';
}
const upload = <T>(path: string, body: Blob, type: string): Promise<T> => call<T>(path, { method: 'POST', body, headers: { 'content-type': type, 'idempotency-key': fresh() } });

/** Where a list can be taken away as a file. */
export const exportHref = (resource: 'devices' | 'findings' | 'due' | 'kpis', format: 'csv' | 'ndjson' | 'xlsx', params: Params = {}): string =>
  `/api/v1/export/${resource}.${format}${query({ ...params, lang: document.documentElement.lang, bom: format === 'csv' ? 1 : undefined })}`;
/** A calendar program sends no language of its own. */
export const calendarHref = (params: Params): string => `/api/v1/due.ics${query({ ...params, lang: document.documentElement.lang })}`;

export const api = {
  devices: () => all<Device>('/devices', {}, DEVICES_MAX),
  device: (id: string) => call<DeviceDetail>(`/devices/${segment(id)}`),
  timeline: (id: string, from: number, to: number, step: 'hour' | 'day', knownAt?: string) =>
    call<Timeline>(`/devices/${segment(id)}/timeline${query({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), step, known_at: knownAt })}`),
  asOf: (id: string, at: string, knownAt?: string) => call<AsOf>(`/devices/${segment(id)}/timeline${query({ at, known_at: knownAt })}`),
  records: (id: string, opts: { limit?: number; cursor?: string; type?: string } = {}) =>
    call<Page<LogRecord>>(`/devices/${segment(id)}/records${query(opts)}`),
  findings: (params: Params) => all<Finding>('/findings', params, FINDINGS_MAX),
  caseFile: (device: string, rule: string, key: string) => call<CaseFile>(`/devices/${segment(device)}/findings/${segment(rule)}/${segment(key)}`),
  rules: () => call<{ items: Rule[] }>('/rules'),
  due: (params: Params) => all<Due>('/due', params, DUE_MAX),
  /** Devices that were not judged yet since the collector started: their dates are still to come. */
  dueWaiting: async () => (await call<{ devices_waiting?: number }>('/due?limit=1')).devices_waiting ?? 0,
  missing: (id: string) => call<Missing>(`/devices/${segment(id)}/missing`),
  orgs: () => all<Org>('/orgs', {}, DEVICES_MAX),
  kpis: (params: Params) => call<Kpis>(`/kpis${query(params)}`),
  fleetKpis: async (params: Params) => {
    const first = await call<FleetKpis>(`/kpis${query(params)}`);
    let cursor = first.next_cursor;
    while (cursor && first.items.length < FIGURES_MAX) {
      const next: FleetKpis = await call(`/kpis${query({ ...params, cursor })}`);
      first.items.push(...next.items);
      cursor = next.next_cursor;
    }
    return first;
  },
  dictionary: () => call<{ items: DictionaryEntry[] }>('/dictionary'),
  devicePapers: (id: string) => call<{ items: Paper[] }>(`/devices/${segment(id)}/papers`),
  paperKinds: () => call<{ version: number; kinds: PaperKind[] }>('/papers/kinds'),
  filePaper: (body: PaperFiling) => post<{ log_index: number }>('/papers', body),
  keepDocument: (file: File, about: { kind: string; device: string; title: string; actor: string; role: string; at?: string }) => upload<{ sha256: string; size: number; log_index: number }>(`/documents${query(about)}`, file, 'application/octet-stream'),
  importDevices: (file: File, dryRun: boolean, about: Params) => upload<ImportReport>(`/import/devices${query({ ...about, dry_run: String(dryRun) })}`, file, fileType(file.name)),
  declare: (id: string, body: Declaration) => post<{ log_index: number; state?: string }>(`/devices/${segment(id)}/declarations`, body),
  unassigned: () => call<Page<Unassigned>>('/unassigned?limit=100'),
  assign: (logIndex: number, body: { device: string; reason: string; actor: string }) => post<unknown>(`/unassigned/${logIndex}/assign`, body),
  status: () => call<Status>('/status'),
};
