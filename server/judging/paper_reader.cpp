#include "server/judging/paper_reader.hpp"

#include "common/io/log.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {

paper::DeviceIdentity identity_of(const std::string& device, const std::string& entry_json) {
    paper::DeviceIdentity out{.id = device};
    const auto entry = parse_fact_leaf(entry_json);
    if (!entry) return out;
    const auto text = [&](std::string_view key) {
        const auto found = entry->more.find(key);
        const auto* value = found == entry->more.end() ? nullptr : std::get_if<std::string>(&found->second);
        return value ? *value : std::string{};
    };
    out.org = text("org");
    out.site = text("site");
    out.maker = text("maker");
    out.model = text("model");
    out.serial = text("serial");
    return out;
}

paper::DevicePapers papers_from(const paper::DeviceIdentity& identity, std::span<const store::PaperRow> rows) {
    std::vector<paper::Paper> papers;
    for (const store::PaperRow& row : rows) {
        auto read = paper::read_paper({row.id, row.leaf, row.recv_ms}, row.kind, row.body);
        if (read)
            papers.push_back(std::move(*read));
        else
            log::warn("paper not read", {{"kind", row.kind}, {"id", row.id}, {"error", read.error().message}});
    }
    return paper::papers_for(identity, papers);
}

paper::DevicePapers read_device_papers(store::StoreReader& reader, const paper::DeviceIdentity& identity) {
    return papers_from(identity, store::papers_of_device(reader, identity.id, identity.org, identity.site));
}

}  // namespace gantry::judging
