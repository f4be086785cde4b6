// The page head of Today: the finding in sentences, before any picture.
import type { Device } from '../data/types';
import { displayName, stateNow } from './states';
import type { Translator } from './text';

const NAMED_MAX = 3;

function names(devices: readonly Device[], t: Translator): string {
  const shown = devices.slice(0, NAMED_MAX).map(displayName).join(t('list.sep'));
  return devices.length > NAMED_MAX ? t('list.more', { list: shown, v: devices.length - NAMED_MAX }) : shown;
}

/** One to four sentences; every device is counted in exactly one of stopped, silent or neither. */
export function finding(devices: readonly Device[], unassigned: number, t: Translator): string[] {
  const stopped = devices.filter((d) => stateNow(d).kind === 'fault');
  const silent = devices.filter((d) => stateNow(d).kind === 'void');
  const alarms = devices.filter((d) => d.identity_alarm);
  const barred = devices.filter((d) => ['sealed', 'suspended', 'lost'].includes(stateNow(d).kind));
  const out: string[] = [];
  if (stopped.length) out.push(t('finding.stopped', { n: stopped.length, names: names(stopped, t) }));
  else out.push(silent.length ? t('finding.none_known') : t('finding.none'));
  if (silent.length) out.push(t(stopped.length ? 'finding.silent_more' : 'finding.silent', { n: silent.length, names: names(silent, t) }));
  else if (devices.length > 1) out.push(t('finding.all_report', { n: devices.length }));
  if (alarms.length) out.push(t('finding.alarm', { n: alarms.length, names: names(alarms, t) }));
  if (barred.length) out.push(t('finding.barred', { n: barred.length, names: names(barred, t) }));
  if (unassigned) out.push(t('finding.unassigned', { n: unassigned }));
  return out;
}
