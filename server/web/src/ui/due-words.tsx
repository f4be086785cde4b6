// What a date is called, and the date itself in a line.
import { t, told } from '../data/store';
import type { Due } from '../data/types';

export const dueTitle = (d: Pick<Due, 'kind' | 'title_en' | 'title_zh'>): string => t.value.or(`due_kind.${d.kind}`, told(d, 'title') || d.kind.replaceAll('_', ' '));

/** The lanes of the calendar, and which kinds of date stand in each. */
export const DUE_LANES: readonly (readonly [string, readonly string[]])[] = [
  ['maintenance', ['maintenance', 'work_order']], ['tests', ['status_test', 'constancy', 'site_protection']], ['permits', ['permit_renewal', 'permit_end', 'commitment']],
  ['contracts', ['contract_end', 'service_life']], ['duties', ['recall_answer', 'recall_close', 'operator_training']],
];
export const laneOf = (kind: string): string => DUE_LANES.find(([, kinds]) => kinds.includes(kind))?.[0] ?? 'duties';

/** Names of schedules, numbers of permits, in words where they are words. */
export const whatWords = (what: string | null | undefined): string => (what ?? '').split(', ').filter(Boolean).map((w) => t.value.or(`value.${w}`, w)).join(t.value('list.sep'));
