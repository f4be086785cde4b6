// The same table as a file.
import type { JSX } from 'preact';
import { exportHref } from '../data/api';
import { t } from '../data/store';

const FORMATS = ['csv', 'xlsx', 'ndjson'] as const;

export function Takeaway({ resource, params }: { resource: 'devices' | 'findings' | 'due' | 'kpis'; params?: Record<string, string | undefined> }): JSX.Element {
  return <span class="takeaway">{t.value('takeaway.as')} {FORMATS.map((f) => <a key={f} href={exportHref(resource, f, params)} download>{f.toUpperCase()}</a>)}</span>;
}
