// What a guard of the lifecycle table asks of a declaration's `data`, as form fields. The server judges; this only asks in time.

export interface Fact { key: string; kind: 'text' | 'choice' | 'flag' | 'number'; options?: readonly string[] }

const text = (key: string): Fact => ({ key, kind: 'text' });
const choice = (key: string, ...options: string[]): Fact => ({ key, kind: 'choice', options });
const flag = (key: string): Fact => ({ key, kind: 'flag' });

const STATES = ['IN_USE', 'READY', 'PM', 'FAULT', 'RETEST', 'SUSPENDED', 'SEALED', 'IDLE', 'ACCEPTANCE', 'INSTALLED', 'DELIVERED', 'DECOMMISSIONED'] as const;

const BY_GUARD: Readonly<Record<string, readonly Fact[]>> = {
  order_number: [text('order_no')],
  work_order: [text('work_order')],
  change_record: [text('change_no')],
  predecessor_named: [text('predecessor')],
  udi_and_serial: [text('udi'), text('serial')],
  suspend_reason: [choice('reason_code', 'hazard', 'recall', 'permit_lapse', 'staff', 'works')],
  fault_severity: [choice('severity', 'hard', 'partial', 'safety')],
  outcome_named: [choice('to', 'IDLE', 'DECOMMISSIONED')],
  dose_or_image: [choice('effect', 'dose_or_image')],
  part_named: [choice('part', 'tube', 'detector', 'generator', 'computer', 'table', 'gantry', 'other'), text('new_serial'), flag('major')],
  corrected_event: [{ key: 'event_id', kind: 'number' }],
  beam_disabled: [flag('beam_disabled')],
  counters_recorded: [flag('counters_recorded')],
  data_wiped: [flag('data_wiped')],
  baseline_state: [choice('state', ...STATES), choice('cleared_to', 'IN_USE', 'READY', 'PM', 'FAULT', 'RETEST', 'IDLE', 'INSTALLED'), choice('sealed_by', 'REG-H', 'REG-E', 'REG-D')],
};

/** The fields for an event with these guards, given what is filled in already. */
export function factsFor(event: string, guards: readonly string[], filled: Readonly<Record<string, string>>): Fact[] {
  const all = guards.flatMap((guard) => BY_GUARD[guard] ?? []);
  if (event === 'repair.completed') all.push(flag('major'));
  return all.filter((fact) => fact.key === 'cleared_to' ? ['SUSPENDED', 'SEALED', 'LOST'].includes(filled.state ?? '') : fact.key === 'sealed_by' ? filled.state === 'SEALED' : true);
}

/** Form words to the values that the server takes; what was left empty is left out. */
export function factData(facts: readonly Fact[], filled: Readonly<Record<string, string>>): Record<string, boolean | number | string> {
  const out: Record<string, boolean | number | string> = {};
  for (const fact of facts) {
    const words = filled[fact.key];
    if (words === undefined || words === '') continue;
    out[fact.key] = fact.kind === 'flag' ? words === 'true' : fact.kind === 'number' ? Number(words) : words;
  }
  return out;
}
