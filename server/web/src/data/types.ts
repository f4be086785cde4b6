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

export interface Finding {
  id: number; device: string; rule: string; kind: string; severity: string; suspected: boolean; state?: string | null; at: string; last_at?: string | null; count: number;
  log_index: number; status: string;
}

export interface Problem {
  type?: string; title?: string; status?: number; detail?: string; code?: string; request_id?: string; guard?: string; missing?: string; who?: string;
  errors?: { pointer: string; code: string; detail: string }[];
}

export interface RecordNote { log_index: number; device: string; kind?: string; type: string; at?: string | null; recv_at?: string }
export interface Declaration { event: string; at: string; reason: string; actor: string; role: string; evidence?: string[]; data?: Record<string, boolean | number | string> }
