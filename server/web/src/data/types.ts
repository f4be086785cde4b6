// The shapes of server/http/openapi/v1.yaml that the page reads. Everything a later server may leave out is optional.

export interface DayCell { from: string; to: string; state: string; use_permille?: number | null }

export interface Device {
  id: string; name?: string; maker?: string | null; model?: string | null; serial?: string | null; modality?: string | null; site?: string | null; site_tz?: string | null; org?: string | null;
  state?: string | null; state_since?: string | null; op_state?: string | null; op_since?: string | null;
  last_seen_at?: string | null; last_record_at?: string | null; silent?: boolean; identity_alarm?: boolean;
  exams_today?: number | null; exposures_today?: number | null; coverage_24h_permille?: number | null; open_faults?: number | null;
  bands_24h?: DayCell[]; records?: number | null; missing_records?: number | null; overlays?: string[];
}

export interface Fault { code: string; severity?: string; subsystem?: string | null; since?: string | null; log_index?: number }
export interface Tube {
  id: string; serial?: string | null; exposures?: number; exposure_ms?: number | null; mas?: number | null;
  shown_at?: string | null; shown_scan_ms?: number | null; shown_mas?: number | null;
}
export interface Gap { epoch?: string | null; from_seq?: number | null; to_seq?: number | null; count: number; reason?: string; from?: string | null; to?: string | null; log_index?: number | null }
export interface Epoch { epoch: string; status?: string; last_seq?: number; first_recv_at?: string | null; last_recv_at?: string | null }
export interface Dose30 {
  from?: string; to?: string; exams?: number; exposures?: number; patient_exposures?: number; exposure_ms?: number; unknown_duration?: number; mas?: number; dlp_ugy_cm?: number;
  ctdivol_n?: number; ctdivol_p50_ugy?: number | null; ctdivol_p75_ugy?: number | null; coverage_permille?: number;
}

export interface AllowedEvent { event: string; to?: string[]; actors?: string[]; guards?: string[]; evidence?: string[] }
export interface DeviceDetail extends Device {
  udi?: string | null; software?: string | null;
  lifecycle?: { table?: string | null; state?: string | null; since?: string | null; cleared_to?: string | null; allowed_events?: AllowedEvent[] };
  faults?: Fault[]; tubes?: Tube[]; dose_30d?: Dose30; epochs?: Epoch[]; gaps?: Gap[];
}

export interface Interval { from: string; to?: string | null; state?: string; code?: string; severity?: string; log_index?: number | null }
export interface HourUse {
  hour: string; exams?: number | null; exposures?: number | null; exposure_ms?: number | null; mas?: number | null;
  dlp_ugy_cm?: number | null; unknown_duration?: number; coverage_minutes?: number | null;
}
export interface Timeline {
  from: string; to: string; step?: string;
  lanes: { lifecycle?: Interval[]; operating?: Interval[]; faults?: Interval[]; truncated?: string[] }; hours?: HourUse[];
}

export interface LogRecord {
  log_index: number; kind?: string; device?: string; recv_at?: string; at?: string | null; t?: string | null; epoch?: string | null; seq?: number | null; src?: string | null;
  type: string; body?: unknown; leaf_hash?: string; bytes?: number;
}
export interface Page<T> { items: T[]; next_cursor: string | null }

export interface Unassigned { log_index: number; type?: string; at?: string | null; recv_at?: string; origin?: { ae?: string; serial?: string; maker?: string; model?: string; source_h?: string }; body?: unknown }

export interface Status {
  version?: string; commit?: string; started_at?: string; now?: string; log_size?: number; root?: string | null; checkpoint_size?: number | null; checkpoint_at?: string | null;
  witnesses?: number; demo?: boolean; open_to?: string; ready?: boolean; broker_connected?: boolean; inbox_depth?: number; records_total?: number; records_per_s?: number;
  devices?: number; devices_reporting?: number; findings_open?: number; unassigned?: number; streams?: number;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';
export type Stage = 'suspected' | 'confirmed' | 'answered' | 'dismissed' | 'closed' | 'withdrawn';

export interface Finding {
  device: string; device_name?: string | null; org?: string | null; site?: string | null; rule: string; key: string; kind?: string; title_en?: string; title_zh?: string; severity: Severity; suspected: boolean;
  stage: Stage; owner?: string | null; from?: string | null; to?: string | null; first_at?: string | null; last_at?: string | null; first_log_index?: number | null; last_log_index?: number | null;
  count: number; measured?: string | null; limit_text?: string | null; rule_version?: number | null; open: boolean;
}
export interface CaseStep { log_index: number; at?: string | null; action: string; actor?: string | null; role?: string | null; reason?: string | null; owner?: string | null }
export interface CaseFile extends Finding {
  text_en?: string; text_zh?: string; basis_en?: string; basis_zh?: string; pack?: string; parameters?: Record<string, unknown>;
  records: LogRecord[]; steps: CaseStep[]; actions: { event: string; roles: string[] }[]; reproduce?: string;
}
export interface Rule {
  id: string; version: number; pack?: string; function?: string; severity: Severity; title_en?: string; title_zh?: string; text_en?: string; text_zh?: string; basis?: string | null; basis_en?: string; basis_zh?: string;
  from?: string | null; to?: string | null; parameters?: Record<string, unknown>; open_findings?: number;
}
export interface Due { device: string; device_name?: string | null; org?: string | null; site?: string | null; kind: string; title_en?: string; title_zh?: string; at: string; overdue: boolean; estimated?: boolean; ref?: string | null; what?: string | null }
export interface MissingPaper { kind: string; title_en?: string; title_zh?: string; who?: string; basis?: string | null; since?: string | null }
export interface Missing { state?: string | null; items: MissingPaper[] }
export interface Site { id: string; name?: string | null; name_en?: string | null; tz?: string | null }
export interface Org {
  id: string; name?: string | null; name_en?: string | null; kind?: string | null; region?: string | null; sites?: Site[]; devices?: number;
  findings_open?: Partial<Record<Severity, number>>;
}

export interface Figure { id: string; part?: string; basis?: string[]; unit?: string; value: number | null; numerator?: number | null; denominator?: number | null; coverage_permille?: number | null; definition?: string | null; why_null?: string | null }
export interface Kpis { from: string; to: string; devices?: number; device?: string; device_name?: string | null; org?: string | null; site?: string | null; coverage_permille?: number | null; figures: Figure[] }
export interface FleetKpis { items: Kpis[]; next_cursor?: string | null }
export interface DictionaryEntry { id: string; kind?: string; unit?: string | null; formula?: string | null; source?: string | null; title_en?: string; title_zh?: string; numerator_unit?: string | null; denominator_unit?: string | null; parts?: string | null }

export interface Paper { kind: string; id: string; log_index: number; filed_at: string; actor?: string; role?: string; reason?: string; withdrawn?: boolean; body: Record<string, unknown> | null }
export interface PaperField {
  name: string; kind: 'int' | 'bool' | 'enum' | 'hex' | 'time' | 'token' | 'text' | 'base64' | 'list' | 'object'; required: boolean; text: { en: string; zh: string }; unit?: string; min?: number; max?: number;
  values?: string[]; fields?: PaperField[];
}
export interface PaperKind { kind: string; text: { en: string; zh: string }; fields: PaperField[] }
export interface PaperFiling { kind: string; id: string; body: Record<string, unknown>; reason: string; actor: string; role: string }

export interface AsOf { state?: string | null; operating?: string | null; overlays?: string[]; as_of?: { at?: string; known_at?: string } }
export interface ImportError { column?: string | null; got?: string | null; want?: string | null }
export interface ImportRow { row: number; device?: string | null; action?: string | null; errors?: ImportError[]; state?: string | null; missing?: MissingPaper[] }
export interface ImportReport { dry_run: boolean; rows: number; added: number; changed: number; unchanged: number; refused: number; results: ImportRow[]; unknown_columns?: string[] }

export interface Problem {
  type?: string; title?: string; status?: number; detail?: string; code?: string; request_id?: string; guard?: string; missing?: string; who?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}

export interface RecordNote { log_index: number; device: string; kind?: string; type: string; at?: string | null; recv_at?: string }
export interface Declaration { event: string; at: string; reason: string; actor: string; role: string; evidence?: string[]; data?: Record<string, boolean | number | string> }
