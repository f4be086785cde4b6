#include "server/domain/paper/papers_for.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace gantry::paper {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool same_words(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool contains(const std::vector<std::string>& ids, const std::string& id) {
    return std::ranges::find(ids, id) != ids.end();
}

// The digits at `at` without leading zeros; `at` moves past them.
std::string_view take_number(std::string_view text, std::size_t& at) {
    std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    while (first < at && text[first] == '0') ++first;
    return text.substr(first, at - first);
}

// One overload a paper: whether it is about the device, and where it goes.
struct Sorter {
    const DeviceIdentity& device;
    DevicePapers& out;

    void operator()(const Org& p) const {
        if (p.id == device.org) out.org = p;
    }
    void operator()(const Site& p) const {
        if (p.id == device.site) out.site = p;
    }
    void operator()(const Room& p) const {
        take(out.rooms, p, p.device.empty() ? of_site(p.site) : of_device(p.device));
    }
    void operator()(const Person& p) const { take(out.people, p, of_org(p.org)); }
    void operator()(const DeviceSheet& p) const {
        if (of_device(p.id)) out.sheet = p;
    }
    void operator()(const Permit& p) const { take(out.permits, p, permits(p)); }
    void operator()(const Commitment& p) const { take(out.commitments, p, named_or_org(p.devices, p.org)); }
    void operator()(const Certificate& p) const { take(out.certificates, p, p.org.empty() || of_org(p.org)); }
    void operator()(const Operator& p) const { take(out.operators, p, named_or_org(p.devices, p.org)); }
    void operator()(const Test& p) const { take(out.tests, p, of_device(p.device)); }
    void operator()(const Recall& p) const { take(out.recalls, p, concerns(p, device)); }
    void operator()(const RecallAnswer& p) const { take(out.recall_answers, p, of_device(p.device)); }
    void operator()(const AdverseEvent& p) const { take(out.adverse_events, p, of_device(p.device)); }
    void operator()(const Schedule& p) const { take(out.schedules, p, of_device(p.device)); }
    void operator()(const WorkOrder& p) const { take(out.work_orders, p, of_device(p.device)); }
    void operator()(const Contract& p) const { take(out.contracts, p, contains(p.devices, device.id)); }
    void operator()(const Cost& p) const { take(out.costs, p, of_device(p.device)); }
    void operator()(const Document& p) const { take(out.documents, p, of_device(p.device)); }
    void operator()(const OpeningHours& p) const {
        take(out.hours, p, p.device.empty() ? of_site(p.site) : of_device(p.device));
    }
    void operator()(const DeclaredCount& p) const { take(out.counts, p, of_device(p.device)); }
    void operator()(const HolderChange& p) const { take(out.holder_changes, p, of_org(p.org)); }

private:
    template <class T>
    static void take(std::vector<T>& list, const T& paper, bool concerns_device) {
        if (concerns_device) list.push_back(paper);
    }
    bool of_device(const std::string& id) const { return id == device.id; }
    bool of_org(const std::string& id) const { return !id.empty() && id == device.org; }
    bool of_site(const std::string& id) const { return !id.empty() && id == device.site; }
    bool named_or_org(const std::vector<std::string>& ids, const std::string& org) const {
        return ids.empty() ? of_org(org) : contains(ids, device.id);
    }
    bool permits(const Permit& p) const {
        if (!p.devices.empty()) return contains(p.devices, device.id);
        const bool model_fits = p.model.empty() || same_words(p.model, device.model);
        if (p.kind == PermitKind::product_registration) return !p.model.empty() && model_fits;
        return of_org(p.holder) && model_fits && (p.site.empty() || p.site == device.site);
    }
};

// The time that a paper is about, by which its list is sorted.
std::int64_t time_of(const Room& p) { return p.shielding_reviewed_ms.value_or(0); }
std::int64_t time_of(const Person&) { return 0; }
std::int64_t time_of(const Commitment& p) { return p.due_ms; }
std::int64_t time_of(const Operator& p) { return p.training_to_ms; }
std::int64_t time_of(const Recall& p) { return p.notice_ms; }
std::int64_t time_of(const RecallAnswer& p) { return p.acknowledged_ms.value_or(p.closed_ms.value_or(0)); }
std::int64_t time_of(const WorkOrder& p) { return p.opened_ms; }
template <class T>
std::int64_t time_of(const T& p) {
    if constexpr (requires { p.from_ms; })
        return p.from_ms;
    else
        return p.at_ms;
}

void sort_lists(DevicePapers& papers) {
    const auto sort = [](auto&... lists) {
        const auto order = [](const auto& p) { return std::pair{time_of(p), std::string_view{p.id}}; };
        (std::ranges::sort(lists, {}, order), ...);
    };
    sort(papers.rooms, papers.people, papers.permits, papers.commitments, papers.tests, papers.certificates,
         papers.operators, papers.recalls, papers.recall_answers, papers.schedules, papers.work_orders,
         papers.contracts, papers.costs, papers.documents, papers.adverse_events, papers.hours, papers.counts,
         papers.holder_changes);
}

}  // namespace

int compare_serials(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const std::string_view x = take_number(a, i);
            const std::string_view y = take_number(b, j);
            if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
            if (const int order = x.compare(y); order != 0) return order < 0 ? -1 : 1;
        } else {
            if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
            ++i;
            ++j;
        }
    }
    return (i < a.size() ? 1 : 0) - (j < b.size() ? 1 : 0);
}

bool concerns(const Recall& recall, const DeviceIdentity& device) {
    if (contains(recall.devices, device.id)) return true;
    const bool ranged = !recall.serial_from.empty() || !recall.serial_to.empty();
    if (recall.maker.empty() && recall.model.empty() && !ranged) return false;
    if (!recall.maker.empty() && !same_words(recall.maker, device.maker)) return false;
    if (!recall.model.empty() && !same_words(recall.model, device.model)) return false;
    if (ranged && device.serial.empty()) return false;
    return (recall.serial_from.empty() || compare_serials(recall.serial_from, device.serial) <= 0) &&
           (recall.serial_to.empty() || compare_serials(device.serial, recall.serial_to) <= 0);
}

DevicePapers papers_for(const DeviceIdentity& device, std::span<const Paper> papers) {
    std::map<std::pair<std::size_t, std::string_view>, const Paper*> last;
    for (const Paper& paper : papers) {
        const Paper*& kept = last[{paper.index(), filed(paper).id}];
        if (!kept || filed(*kept).leaf <= filed(paper).leaf) kept = &paper;
    }
    DeviceIdentity known = device;
    const auto sheet = last.find({Paper{DeviceSheet{}}.index(), device.id});
    if (sheet != last.end()) {
        const auto& told = std::get<DeviceSheet>(*sheet->second);
        if (known.maker.empty()) known.maker = told.maker;
        if (known.model.empty()) known.model = told.model;
        if (known.serial.empty()) known.serial = told.serial;
    }
    DevicePapers out;
    for (const auto& [key, paper] : last) std::visit(Sorter{known, out}, *paper);
    sort_lists(out);
    return out;
}

}  // namespace gantry::paper
