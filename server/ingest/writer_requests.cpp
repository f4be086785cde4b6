#include <fmt/format.h>

#include "common/core/crypto.hpp"
#include "server/domain/finding/finding_life.hpp"
#include "server/ingest/device_facts.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/writer.hpp"

// What the writer does for people and programs. Answers leave after the commit; refusals at once have nothing to wait
// for, but they take the same way.
namespace gantry::ingest {

void Writer::process(DeclareRequest& request) {
    Declaration& declared = request.declaration;
    declared.recv_ms = batch_ms_;
    if (declared.at_ms == 0) declared.at_ms = batch_ms_;
    CommandResult result = judge_and_declare(declared);
    if (std::holds_alternative<Committed>(result))
        ++metrics_.declarations;
    else
        ++metrics_.declarations_refused;
    batch_done_.push_back([done = request.done, result = std::move(result)] { done(result); });
}

CommandResult Writer::file_paper(const Declaration& declared) {
    const paper::PaperFiling& filing = *declared.paper;
    if (filing.body.empty() && !store_.is_paper_in_force(filing.kind, filing.id))
        return Error{Errc::not_found,
                     fmt::format("paper {} {}: not on file, or withdrawn already", filing.kind, filing.id)};
    const auto subjects = paper::subjects_of(filing);
    if (!subjects) return subjects.error();
    for (const paper::Subject& subject : *subjects)
        if (subject.scope == paper::Scope::device && !projection_.find(subject.id))
            return Error{Errc::not_found, fmt::format("device {}: not in the register", subject.id)};
    return commit_declaration({.declared = declared, .table = {}, .countersign = {}});
}

CommandResult Writer::step_finding(const Declaration& declared) {
    const Device* device = projection_.find(declared.subject);
    if (!device) return Error{Errc::not_found, fmt::format("device {}: not in the register", declared.subject)};
    const auto step = finding::step_of(declared);
    if (!step) return Error{Errc::schema, fmt::format("{}: want data.rule and data.key", declared.event)};
    if (step->action == finding::Action::assigned && step->owner.empty())
        return Error{Errc::schema, "finding.assigned: want data.to, who takes care of it"};
    const auto row = store_.finding(device->no, step->rule, step->key);
    if (!row)
        return Error{Errc::not_found,
                     fmt::format("finding {} {} of {}: not there", step->rule, step->key, declared.subject)};
    const auto stage = finding::stage_from(row->stage).value_or(finding::Stage::suspected);
    if (auto after = finding::stage_after(stage, step->action, declared.role, step->rule); !after)
        return Error{Errc::conflict, after.error().message};
    return commit_declaration({.declared = declared,
                               .from = device->fold.life.state,
                               .to = device->fold.life.state,
                               .table = {},
                               .countersign = {}});
}

CommandResult Writer::commit_declaration(const DeclarationLeaf& leaf) {
    const std::string json = declaration_leaf_json(leaf);
    if (json.size() + 13 > limits::leaf_bytes_max)
        return Error{Errc::too_large, fmt::format("declaration: got {} bytes, want at most {}", json.size(),
                                                  limits::leaf_bytes_max - 13)};
    const auto idx = projection_.add_json(LeafType::declaration, json, batch_ms_);
    if (!idx) return idx.error();
    const Device* device = projection_.find(leaf.declared.subject);
    note(*idx, LeafType::declaration, device, leaf.declared.event, leaf.declared.at_ms);
    return Committed{*idx, device ? device->fold.life.state : State::none};
}

CommandResult Writer::judge_and_declare(const Declaration& declared) {
    if (declared.paper) return file_paper(declared);
    if (finding::action_of(declared.event)) return step_finding(declared);
    Device* device = projection_.find(declared.subject);
    if (!device) return Error{Errc::not_found, fmt::format("device {}: not in the register", declared.subject)};
    DeclarationLeaf leaf{.declared = declared,
                         .from = device->fold.life.state,
                         .to = device->fold.life.state,
                         .table = {},
                         .countersign = {}};
    if (const auto assignment = assignment_of(declared)) {
        if (auto checked = check_assignment(declared, *assignment); !checked) return checked.error();
    } else {
        const LifecycleTable& table = projection_.table_of(*device);
        DeviceFacts facts;
        if (asks_papers(table, device->fold.life, declared))
            facts = device_facts(store_, *device, declared, options_.catalogues);
        facts.patient_exposures = device->fold.patient_exposures;
        Judgement judgement = judge(table, device->fold.life, facts, declared);
        if (auto* refused = std::get_if<Refused>(&judgement)) return std::move(*refused);
        const Moved& moved = std::get<Moved>(judgement);
        leaf.from = moved.from;
        leaf.to = moved.to;
        leaf.table = table.at(declared.at_ms).id();
        leaf.countersign = moved.outstanding;
        CommandResult result = commit_declaration(leaf);
        if (auto* committed = std::get_if<Committed>(&result)) {
            committed->outstanding = moved.outstanding;
            committed->overtakes = moved.overtakes;
        }
        return result;
    }
    return commit_declaration(leaf);
}

// After the life of a device was derived anew: what that means for its findings enters the log as facts.
void Writer::judge_again() {
    for (const Projection::Redrawn& redrawn : projection_.take_redrawn())
        for (const FactLeaf& fact : projection_.judge_again(redrawn))
            note(projection_.add_fact(fact, batch_ms_), LeafType::fact, &projection_.at(redrawn.dev_no), fact.fact,
                 std::nullopt);
}

void Writer::put_in_force(const std::vector<std::string>& tables) {
    for (const std::string& toml : tables) {
        const LifecycleTable table = LifecycleTable::parse(toml, "lifecycle table").value();
        const std::string hash = to_hex(sha256(as_bytes(toml)));
        if (projection_.tables().holds(table, hash)) continue;
        store_.put_meta(table_meta_key(hash), toml);
        projection_.add_fact(table_fact(table, toml), batch_ms_);
    }
}

void Writer::process(TablesRequest& request) {
    put_in_force(request.tables);
    options_.catalogues = std::move(request.catalogues);
    batch_done_.push_back([done = request.done] {
        if (done) done();
    });
}

Result<void> Writer::check_assignment(const Declaration& declared, const Assignment& assignment) {
    const Device* target = projection_.find(assignment.device);
    if (!target || assignment.device != declared.subject)
        return Error{Errc::not_found, fmt::format("device {}: not in the register", assignment.device)};
    if (target->pseudo)
        return Error{Errc::refused, fmt::format("device {}: collects unassigned records itself", assignment.device)};
    const auto waiting = store_.unassigned(assignment.log_index);
    if (!waiting)
        return Error{Errc::not_found,
                     fmt::format("log index {}: no record that waits for a device", assignment.log_index)};
    if (waiting->assigned_to)
        return Error{Errc::conflict, fmt::format("log index {}: assigned already, by log index {}",
                                                 assignment.log_index, waiting->assigned_by.value_or(0))};
    return {};
}

Result<void> Writer::check_key(const RegisterEntry& entry) {
    const Device* known = projection_.find(entry.id.text());
    if (!known || !known->entry.record_key || !entry.record_key || *known->entry.record_key == *entry.record_key)
        return {};
    return Error{Errc::conflict, fmt::format("device {}: has another record key; a key does not change by registering",
                                             entry.id.text())};
}

// Needs check_key. What was told once of the key stays, also where an entry does not tell it.
Writer::Entered Writer::enter(RegisterEntry entry) {
    const Device* known = projection_.find(entry.id.text());
    if (known && !entry.record_key) entry.record_key = known->entry.record_key;
    if (known && known->entry == entry) return Entered::unchanged;
    const std::uint64_t idx = projection_.add_fact(register_fact(entry), batch_ms_);
    const Device& device = *projection_.find(entry.id.text());
    note(idx, LeafType::fact, &device, facts::registered, std::nullopt);
    batch_done_.push_back([this, update = KeyUpdate{entry.id, device.no, entry.record_key}] {
        inbox_.push_over_limit(KeyUpdate{update});
        metrics_.devices = static_cast<std::int64_t>(projection_.device_count());
    });
    return known ? Entered::changed : Entered::added;
}

void Writer::process(RegisterRequest& request) {
    RegisterOutcome outcome;
    for (const RegisterEntry& entry : request.devices) {
        if (const auto checked = check_key(entry); !checked) {
            batch_done_.push_back([done = request.done, error = checked.error()] { done(error); });
            return;
        }
    }
    for (const RegisterEntry& entry : request.devices) {
        const Entered entered = enter(entry);
        ++(entered == Entered::added     ? outcome.added
           : entered == Entered::changed ? outcome.changed
                                         : outcome.unchanged);
    }
    batch_done_.push_back([done = request.done, outcome] { done(outcome); });
}

void Writer::process(VerdictRequest& request) {
    for (const auto& [key, value] : request.metas) store_.put_meta(key, value);
    for (const FactLeaf& fact : request.facts) {
        const std::uint64_t idx = projection_.add_fact(fact, batch_ms_);
        note(idx, LeafType::fact, projection_.find(request.device), fact.fact, std::nullopt);
    }
    batch_done_.push_back([this, done = request.done, told = request.facts.size()] {
        metrics_.verdicts += told;
        if (done) done();
    });
}

void Writer::process(CheckpointRequest& request) {
    store_.put_checkpoint(request.checkpoint);
    wrote_ = true;
    batch_done_.push_back([this] { ++metrics_.checkpoints; });
}

}  // namespace gantry::ingest
