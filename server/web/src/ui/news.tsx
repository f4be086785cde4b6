// What is new: the newest entries of the log, as they come in, each with its log index.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { instant, num, when } from '../core/format';
import { displayName } from '../core/states';
import { api, ApiError } from '../data/api';
import { deviceHref } from '../data/route';
import { addNotes, devices, minute, notes, t } from '../data/store';
import type { Device, RecordNote } from '../data/types';
import { Glyph } from './glyphs';
import { Section, Time } from './parts';

const SHOWN = 14, FIRST_DEVICES = 6, FIRST_RECORDS = 6;

const GLYPH: readonly [string, string, string?][] = [
  ['fault.raised', 'fault', 'fault'], ['fault.cleared', 'pass', 'ok'], ['usage.', 'use'], ['service.', 'pm', 'idle'], ['part.', 'part'], ['config.', 'doc', 'warn'],
  ['power.off', 'off'], ['power.on', 'on'], ['gap', 'void'], ['coverage', 'clock'], ['epoch', 'chain'], ['declar', 'doc', 'idle'],
];

export function typeGlyph(type: string): JSX.Element {
  const [, name = 'list', tone] = GLYPH.find(([prefix]) => type.startsWith(prefix)) ?? [];
  return <Glyph name={name === 'on' ? 'use' : name} tone={tone} />;
}

/** The word for a kind of record; a lifecycle event or a kind from a later version keeps its own name. */
export const typeWord = (type: string): string => t.value.or(`type.${type}`, t.value.or(`event.${type}`, type));

/** The stream only brings what comes after it opened: the first lines are asked from the devices heard last. */
async function firstNotes(known: readonly Device[]): Promise<void> {
  const latest = [...known].filter((d) => d.last_record_at).sort((a, b) => (b.last_record_at ?? '').localeCompare(a.last_record_at ?? '')).slice(0, FIRST_DEVICES);
  await Promise.all(latest.map(async (device) => {
    try {
      const page = await api.records(device.id, { limit: FIRST_RECORDS });
      addNotes(page.items.map((r) => ({ log_index: r.log_index, device: device.id, type: r.type, at: r.at, recv_at: r.recv_at })));
    } catch (error) { if (!(error instanceof ApiError)) throw error; }
  }));
}

export function News({ zone }: { zone: string }): JSX.Element {
  const tr = t.value, known = devices.state.value.data, ready = known !== undefined && known.length > 0;
  useEffect(() => { if (ready && devices.state.peek().data) void firstNotes(devices.state.peek().data ?? []); }, [ready]);
  const lines = notes.value.slice(0, SHOWN);
  return <Section id="news" title={tr('news.title')} meta={tr('news.meta')}>
    {lines.length === 0 ? <p class="none">{tr('news.empty')}</p> : <ol class="feed">{lines.map((note) => <Line key={note.log_index} note={note} zone={zone} />)}</ol>}
  </Section>;
}

function Line({ note, zone }: { note: RecordNote; zone: string }): JSX.Element {
  const device = devices.state.value.data?.find((d) => d.id === note.device);
  const at = instant(note.at) ?? instant(note.recv_at);
  return <li>
    <Time at={at} zone={zone}>{at !== undefined && when(at, minute.value, zone, t.value)}</Time>
    {typeGlyph(note.type)}
    <span class="what">{note.device.startsWith('unassigned') ? <b>{t.value('news.unassigned')}</b> : <a href={deviceHref(note.device)}>{device ? displayName(device) : note.device}</a>} {typeWord(note.type)}</span>
    <span class="mono idx" title={t.value('log.index')}>#{num(note.log_index)}</span>
  </li>;
}
