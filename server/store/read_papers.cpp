#include "server/store/read_papers.hpp"

#include <set>

#include "server/store/store_writer_impl.hpp"

namespace gantry::store {
namespace {

using PaperQuery = sql::Query<std::uint64_t, std::string, std::string, std::int64_t, std::string, std::string,
                              std::string, std::string>;

// A row of `SELECT v.leaf, v.kind, v.id, v.recv_ms, v.actor, v.role, v.reason, v.body`.
template <class Take>
auto to_row(Take take) {
    return [take](std::uint64_t leaf, std::string kind, std::string id, std::int64_t recv_ms, std::string actor,
                  std::string role, std::string reason, std::string body) {
        take(PaperRow{leaf, std::move(kind), std::move(id), recv_ms, std::move(actor), std::move(role),
                      std::move(reason), std::move(body)});
    };
}

using Key = std::pair<std::string, std::string>;

void collect(PaperQuery& query, std::span<const paper::Subject> subjects, std::set<Key>& seen,
             std::vector<PaperRow>& out) {
    for (const paper::Subject& subject : subjects)
        query.each(to_row([&](PaperRow row) {
                       if (out.size() < papers_of_device_max && seen.emplace(row.kind, row.id).second)
                           out.push_back(std::move(row));
                   }),
                   name(subject.scope), subject.id);
}

constexpr const char* about =
    "SELECT v.leaf, v.kind, v.id, v.recv_ms, v.actor, v.role, v.reason, v.body FROM paper_subject s "
    "JOIN paper_version v ON v.leaf = s.leaf WHERE s.scope = ?1 AND s.name = ?2 ORDER BY s.kind, s.id";

}  // namespace

std::vector<PaperRow> papers_about(StoreReader& reader, std::span<const paper::Subject> subjects) {
    PaperQuery query{reader.db(), about};
    std::set<Key> seen;
    std::vector<PaperRow> out;
    collect(query, subjects, seen, out);
    return out;
}

std::vector<PaperRow> papers_of_device(StoreReader& reader, const std::string& device, const std::string& org,
                                       const std::string& site) {
    return papers_of_device(reader.db(), device, org, site, {});
}

std::vector<PaperRow> papers_of_device(sql::Database& db, const std::string& device, const std::string& org,
                                       const std::string& site, std::span<const paper::Subject> more) {
    PaperQuery query{db, about};
    std::set<Key> seen;
    std::vector<PaperRow> out;
    std::vector<paper::Subject> subjects{{paper::Scope::device, device}, {paper::Scope::all, ""}};
    subjects.insert(subjects.end(), more.begin(), more.end());
    if (!org.empty()) subjects.push_back({paper::Scope::org, org});
    if (!site.empty()) subjects.push_back({paper::Scope::site, site});
    collect(query, subjects, seen, out);
    std::set<paper::Subject> quoted;
    for (const PaperRow& row : out)
        if (const auto found = paper::quoted_by({row.kind, row.id, row.body}))
            quoted.insert(found->begin(), found->end());
    collect(query, std::vector<paper::Subject>{quoted.begin(), quoted.end()}, seen, out);
    return out;
}

std::vector<PaperRow> papers_page(StoreReader& reader, const std::string& kind, const std::string& after_kind,
                                  const std::string& after_id, std::size_t limit) {
    PaperQuery query{reader.db(),
                     "SELECT v.leaf, v.kind, v.id, v.recv_ms, v.actor, v.role, v.reason, v.body FROM paper p "
                     "JOIN paper_version v ON v.leaf = p.leaf WHERE (?1 = '' OR p.kind = ?1) "
                     "AND (p.kind, p.id) > (?2, ?3) ORDER BY p.kind, p.id LIMIT ?4"};
    std::vector<PaperRow> out;
    query.each(to_row([&](PaperRow row) { out.push_back(std::move(row)); }), kind, after_kind, after_id, limit);
    return out;
}

std::vector<PaperRow> papers_after(StoreReader& reader, std::uint64_t first, std::size_t limit) {
    PaperQuery query{reader.db(),
                     "SELECT leaf, kind, id, recv_ms, actor, role, reason, body FROM paper_version "
                     "WHERE leaf >= ?1 ORDER BY leaf LIMIT ?2"};
    std::vector<PaperRow> out;
    query.each(to_row([&](PaperRow row) { out.push_back(std::move(row)); }), first, limit);
    return out;
}

std::uint64_t newest_paper(StoreReader& reader) {
    sql::Query<std::optional<std::uint64_t>> query{reader.db(), "SELECT max(leaf) FROM paper_version"};
    return std::get<0>(query.first().value()).value_or(0);
}

std::vector<PaperRow> paper_versions(StoreReader& reader, const std::string& kind, const std::string& id,
                                     std::size_t limit) {
    PaperQuery query{reader.db(),
                     "SELECT v.leaf, v.kind, v.id, v.recv_ms, v.actor, v.role, v.reason, v.body FROM paper_version v "
                     "WHERE v.kind = ?1 AND v.id = ?2 ORDER BY v.leaf DESC LIMIT ?3"};
    std::vector<PaperRow> out;
    query.each(to_row([&](PaperRow row) { out.push_back(std::move(row)); }), kind, id, limit);
    return out;
}

std::vector<PaperRow> StoreWriter::papers_of_device(const std::string& device, const std::string& org,
                                                    const std::string& site, std::span<const paper::Subject> more) {
    return store::papers_of_device(impl_->db, device, org, site, more);
}

std::optional<PaperRow> StoreWriter::paper(const std::string& kind, const std::string& id) {
    PaperQuery query{impl_->db,
                     "SELECT v.leaf, v.kind, v.id, v.recv_ms, v.actor, v.role, v.reason, v.body FROM paper p "
                     "JOIN paper_version v ON v.leaf = p.leaf WHERE p.kind = ?1 AND p.id = ?2"};
    std::optional<PaperRow> out;
    query.each(to_row([&](PaperRow row) { out = std::move(row); }), kind, id);
    return out;
}

}  // namespace gantry::store
