#include "server/ingest/device_facts.hpp"

#include <algorithm>

#include "common/io/log.hpp"
#include "server/domain/paper/papers_for.hpp"

namespace gantry::ingest {
namespace {

std::optional<paper::Paper> read(const store::PaperRow& row) {
    auto paper = paper::read_paper({row.id, row.leaf, row.recv_ms}, row.kind, row.body);
    if (paper) return std::move(*paper);
    log::warn("guards: paper not read", {{"kind", row.kind}, {"id", row.id}, {"error", paper.error().message}});
    return std::nullopt;
}

std::string text_of(const Declaration& declared, std::string_view key) {
    const std::string* found = declared.text(key);
    return found ? *found : std::string{};
}

}  // namespace

DeviceFacts device_facts(store::StoreWriter& store, const Device& device, const Declaration& declared,
                         const std::vector<paper::Catalogue>& catalogues) {
    const RegisterEntry& entry = device.entry;
    DeviceFacts facts;
    facts.device = entry.id.text();
    facts.org = entry.org;
    facts.site = entry.site;
    facts.modality = entry.modality;
    facts.model = entry.model;
    facts.catalogues = catalogues;

    std::vector<paper::Subject> more;
    for (const char* key : {"supplier", "installer", "recycler"})
        if (std::string id = text_of(declared, key); !id.empty()) more.push_back({paper::Scope::named, std::move(id)});
    const std::string receiver = text_of(declared, "receiver");
    if (!receiver.empty()) more.push_back({paper::Scope::org, receiver});

    std::vector<paper::Paper> papers;
    for (const store::PaperRow& row : store.papers_of_device(facts.device, facts.org, facts.site, more)) {
        auto paper = read(row);
        if (!paper) continue;
        const auto* permit = std::get_if<paper::Permit>(&*paper);
        if (permit && !receiver.empty() && permit->holder == receiver) facts.receiver_permits.push_back(*permit);
        papers.push_back(std::move(*paper));
    }
    facts.papers =
        paper::papers_for({facts.device, facts.org, facts.site, entry.maker, entry.model, entry.serial}, papers);

    const std::string room_id = text_of(declared, "room");
    const bool known = std::ranges::find(facts.papers.rooms, room_id, &paper::Room::id) != facts.papers.rooms.end();
    if (room_id.empty() || known) return facts;
    const auto row = store.paper("room", room_id);
    if (const auto paper = row ? read(*row) : std::nullopt)
        if (const auto* room = std::get_if<paper::Room>(&*paper)) facts.papers.rooms.push_back(*room);
    return facts;
}

}  // namespace gantry::ingest
