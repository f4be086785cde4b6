#pragma once

#include <array>
#include <string_view>

#include "server/domain/paper/papers.hpp"

// Which field of config/schema/papers.toml stands in which member: one line a paper. A visitor is called with the
// field's name and the member, and returns itself; reading, and the test that no field was forgotten, are visitors.
namespace gantry::paper {

inline constexpr std::array<std::string_view, 4> words_of(PermitKind) {
    return {"config_licence", "radiation_safety", "radiodiagnosis", "product_registration"};
}
inline constexpr std::array<std::string_view, 4> words_of(TestKind) {
    return {"acceptance", "status", "constancy", "site_protection"};
}
inline constexpr std::array<std::string_view, 3> words_of(RecallAction) { return {"stop_use", "correct", "monitor"}; }

template <class V>
void fields(V& v, Org& p) {
    v("name", p.name)("name_en", p.name_en)("region", p.region)("kind", p.kind);
    v("open_beds", p.open_beds);
}
template <class V>
void fields(V& v, Site& p) {
    v("org", p.org)("name", p.name)("name_en", p.name_en)("tz", p.tz)("address", p.address);
}
template <class V>
void fields(V& v, Room& p) {
    v("site", p.site)("name", p.name)("device", p.device)("shielding_reviewed_at", p.shielding_reviewed_ms);
    v("evaluation_accepted_at", p.evaluation_accepted_ms)("area_dm2", p.area_dm2)("drawing_sha256", p.drawing_sha256);
}
template <class V>
void fields(V& v, Qualification& p) {
    v("kind", p.kind)("no", p.no)("from", p.from_ms)("to", p.to_ms);
}
template <class V>
void fields(V& v, Person& p) {
    v("org", p.org)("name", p.name)("role", p.role)("qualifications", p.qualifications);
}
template <class V>
void fields(V& v, DeviceSheet& p) {
    v("modality", p.modality)("maker", p.maker)("model", p.model)("serial", p.serial)("udi_di", p.udi_di);
    v("purchased_at", p.purchased_ms)("price_cny", p.price_cny)("rows", p.rows)("field_mt", p.field_mt);
    v("guided_by", p.guided_by)("first_configured", p.first_configured)("manufactured_at", p.manufactured_ms);
    v("labelled_life_days", p.labelled_life_days)("life_extended_to", p.life_extended_to_ms);
    v("installed_at", p.installed_ms)("planned_exams_per_day", p.planned_exams_per_day);
    v("capacity_exams_per_day", p.capacity_exams_per_day)("openable_days_per_year", p.openable_days_per_year);
    v("openable_minutes_per_day", p.openable_minutes_per_day)("pm_normal_ms", p.pm_normal_ms);
    v("tube_rated_scan_ms", p.tube_rated_scan_ms)("site_fp", p.site_fp)("predecessor", p.predecessor);
}
template <class V>
void fields(V& v, Permit& p) {
    v("kind", p.kind)("no", p.no)("holder", p.holder)("model", p.model)("site", p.site)("room", p.room);
    v("devices", p.devices)("categories", p.categories)("from", p.from_ms)("to", p.to_ms);
    v("renewal_filed_at", p.renewal_filed_ms)("cancelled_at", p.cancelled_ms)("on_commitment", p.on_commitment);
}
template <class V>
void fields(V& v, Commitment& p) {
    v("permit", p.permit)("org", p.org)("devices", p.devices)("what", p.what)("promised_at", p.promised_ms);
    v("due_at", p.due_ms)("fulfilled_at", p.fulfilled_ms);
}
template <class V>
void fields(V& v, Certificate& p) {
    v("subject", p.subject)("kind", p.kind)("no", p.no)("org", p.org)("from", p.from_ms)("to", p.to_ms);
}
template <class V>
void fields(V& v, Operator& p) {
    v("org", p.org)("person", p.person)("user_h", p.user_h)("devices", p.devices)("training_to", p.training_to_ms);
    v("dosimetry_at", p.dosimetry_at_ms)("health_check_at", p.health_check_at_ms);
}
template <class V>
void fields(V& v, TestItem& p) {
    v("item", p.item)("value_milli", p.value_milli)("limit_low_milli", p.limit_low_milli);
    v("limit_high_milli", p.limit_high_milli)("mandatory", p.mandatory)("pass", p.pass);
}
template <class V>
void fields(V& v, Test& p) {
    v("kind", p.kind)("device", p.device)("at", p.at_ms)("passed", p.passed)("items", p.items)("body", p.body);
    v("inspector", p.inspector)("instruments", p.instruments)("report_sha256", p.report_sha256);
    v("covers", p.covers)("interval_days", p.interval_days);
}
template <class V>
void fields(V& v, Recall& p) {
    v("recall_class", p.recall_class)("action", p.action)("what", p.what)("maker", p.maker)("model", p.model);
    v("serial_from", p.serial_from)("serial_to", p.serial_to)("devices", p.devices)("notice_at", p.notice_ms);
    v("close_by", p.close_by_ms);
}
template <class V>
void fields(V& v, RecallAnswer& p) {
    v("recall", p.recall)("device", p.device)("acknowledged_at", p.acknowledged_ms)("closed_at", p.closed_ms);
}
template <class V>
void fields(V& v, AdverseEvent& p) {
    v("device", p.device)("fault_code", p.fault_code)("harm", p.harm)("at", p.at_ms)("reported_at", p.reported_ms);
}
template <class V>
void fields(V& v, Schedule& p) {
    v("device", p.device)("name", p.name)("work", p.work)("item", p.item)("every_days", p.every_days);
    v("every_scan_ms", p.every_scan_ms)("every_exams", p.every_exams)("every_mas", p.every_mas);
    v("grace_days", p.grace_days)("from", p.from_ms)("to", p.to_ms);
}
template <class V>
void fields(V& v, ChecklistItem& p) {
    v("item", p.item)("done", p.done);
}
template <class V>
void fields(V& v, PartUsed& p) {
    v("part", p.part)("old_serial", p.old_serial)("new_serial", p.new_serial)("major", p.major)("cost_cny", p.cost_cny);
}
template <class V>
void fields(V& v, WorkOrder& p) {
    v("device", p.device)("kind", p.kind)("schedule", p.schedule)("recall", p.recall)("opened_at", p.opened_ms);
    v("responded_at", p.responded_ms)("diagnosed_at", p.diagnosed_ms)("parts_at", p.parts_ms);
    v("started_at", p.started_ms)("ended_at", p.ended_ms)("signed_off_at", p.signed_off_ms);
    v("fault_code", p.fault_code)("checklist", p.checklist)("parts", p.parts)("cost_cny", p.cost_cny);
    v("engineer", p.engineer)("signed_by", p.signed_by)("outcome", p.outcome);
}
template <class V>
void fields(V& v, Exclusion& p) {
    v("from", p.from_ms)("to", p.to_ms)("reason", p.reason);
}
template <class V>
void fields(V& v, Contract& p) {
    v("devices", p.devices)("kind", p.kind)("no", p.no)("supplier", p.supplier)("from", p.from_ms)("to", p.to_ms);
    v("uptime_permille", p.uptime_permille)("cover_from_minute", p.cover_from_minute);
    v("cover_to_minute", p.cover_to_minute)("cover_weekdays", p.cover_weekdays);
    v("partial_factor_permille", p.partial_factor_permille)("annual_cost_cny", p.annual_cost_cny);
    v("down_states", p.down_states)("down_from", p.down_from)("exclusions", p.exclusions);
}
template <class V>
void fields(V& v, Cost& p) {
    v("device", p.device)("kind", p.kind)("from", p.from_ms)("to", p.to_ms)("amount_cny", p.amount_cny);
}
template <class V>
void fields(V& v, Document& p) {
    v("device", p.device)("kind", p.kind)("title", p.title)("sha256", p.sha256)("at", p.at_ms);
}
template <class V>
void fields(V& v, OpeningHours& p) {
    v("device", p.device)("site", p.site)("from_minute", p.from_minute)("to_minute", p.to_minute);
    v("weekdays", p.weekdays)("from", p.from_ms)("to", p.to_ms);
}
template <class V>
void fields(V& v, DeclaredCount& p) {
    v("device", p.device)("from", p.from_ms)("to", p.to_ms)("exams", p.exams)("reported", p.reported);
    v("positive", p.positive);
}
template <class V>
void fields(V& v, HolderChange& p) {
    v("org", p.org)("at", p.at_ms)("amended_at", p.amended_ms);
}

}  // namespace gantry::paper
