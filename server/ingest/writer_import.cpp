#include "server/ingest/device_facts.hpp"
#include "server/ingest/writer.hpp"

// Rows of a fleet's table: register entry, device sheet and baseline of one device, all of it or nothing.
namespace gantry::ingest {
namespace {

std::string text_of(const CommandResult& result) {
    if (const auto* refused = std::get_if<Refused>(&result)) return refused->message();
    if (const auto* error = std::get_if<Error>(&result)) return error->message;
    return {};
}

const std::string& subject_of(const ImportRow& row) {
    static const std::string nobody;
    return row.entry      ? row.entry->id.text()
           : row.sheet    ? row.sheet->subject
           : row.baseline ? row.baseline->subject
                          : nobody;
}

}  // namespace

// Looked at before anything of the row is written, since a leaf cannot be taken back.
std::optional<std::string> Writer::why_not(const ImportRow& row) {
    if (row.entry)
        if (const auto checked = check_key(*row.entry); !checked) return checked.error().message;
    const Device* device = projection_.find(subject_of(row));
    if (!device && !row.entry) return "device " + subject_of(row) + ": not in the register";
    if (device && device->pseudo) return "device " + subject_of(row) + ": collects unassigned records";
    if (!row.baseline) return std::nullopt;
    const LifecycleTable& table = projection_.tables().of(row.entry ? row.entry->modality : device->entry.modality);
    const LifecycleFold life = device ? device->fold.life : LifecycleFold{};
    Declaration baseline = *row.baseline;
    baseline.recv_ms = batch_ms_;
    DeviceFacts facts;
    if (device) {
        if (asks_papers(table, life, baseline)) facts = device_facts(store_, *device, baseline, options_.catalogues);
        facts.patient_exposures = device->fold.patient_exposures;
    }
    const Judgement judgement = judge(table, life, facts, baseline);
    if (const auto* refused = std::get_if<Refused>(&judgement)) return refused->message();
    return std::nullopt;
}

ImportedRow Writer::import_row(const ImportRow& row) {
    if (auto why = why_not(row)) return {std::move(*why), State::none};
    if (row.entry) enter(*row.entry);
    ImportedRow out;
    for (const auto& declaration : {row.sheet, row.baseline}) {
        if (!declaration) continue;
        Declaration declared = *declaration;
        declared.recv_ms = batch_ms_;
        if (declared.at_ms == 0) declared.at_ms = batch_ms_;
        const CommandResult result = judge_and_declare(declared);
        out.error = text_of(result);
        if (!out.error.empty()) break;
        ++metrics_.declarations;
    }
    if (const Device* device = projection_.find(subject_of(row))) out.state = device->fold.life.state;
    return out;
}

void Writer::process(ImportRequest& request) {
    std::vector<ImportedRow> out;
    out.reserve(request.rows.size());
    for (const ImportRow& row : request.rows) out.push_back(import_row(row));
    batch_done_.push_back([done = request.done, out = std::move(out)] { done(out); });
}

}  // namespace gantry::ingest
