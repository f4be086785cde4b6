#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "server/http/api.hpp"
#include "server/http/leaf_text.hpp"

// What the log holds: records, records that wait for a device, the checkpoint.
namespace gantry::http {
namespace {

void write_record(JsonWriter& json, const store::StoreReader::Leaf& leaf, const DeviceId& owner) {
    const LeafText text = text_of(leaf);
    const bool record = leaf.row.type == LeafType::record;
    json.begin_object()
        .field("log_index", leaf.row.idx)
        .field("kind", kind_name(leaf.row.type))
        .field("device", owner.text());
    json.field("recv_at", time_text(leaf.row.recv_ms));
    write_optional_time(json, "at", text.at_ms);
    write_optional_time(json, "t", text.t_ms);
    write_optional(json, "epoch", record ? to_hex(leaf.epoch) : "");
    json.key("seq");
    if (record)
        json.value(leaf.row.seq);
    else
        json.null();
    write_optional(json, "src", text.src.value_or(""));
    json.field("type", text.type).key("body").raw(text.body);
    json.field("leaf_hash", to_hex(store::leaf_row_hash(leaf.row, &owner, leaf.epoch)));
    json.field("bytes", static_cast<std::uint64_t>(leaf.bytes.size())).end_object();
}

// The `origin` object of a body, as text; {} when there is none.
std::string origin_of(std::string_view body) {
    boost::system::error_code error;
    const auto value = boost::json::parse(boost::json::string_view{body.data(), body.size()}, error);
    if (error || !value.is_object()) return "{}";
    const auto* origin = value.get_object().if_contains("origin");
    return origin && origin->is_object() ? boost::json::serialize(*origin) : "{}";
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

}  // namespace

Checked<std::optional<std::string>> Api::cursor(const Params& params, std::string_view kind) const {
    const std::string* text = params.find("cursor");
    if (!text) return std::optional<std::string>{};
    auto key = cursors_.decode(kind, *text);
    if (!key) return bad_parameter("cursor", key.error().message);
    return std::optional{std::move(*key)};
}

Answer Api::records(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor", "type"});
    if (!params) return params.error();
    const auto id = DeviceId::parse(request.path_values.at(0));
    if (!id) return bad_parameter("id", id.error().message);
    const auto limit = params->limit();
    if (!limit) return limit.error();
    // A cursor belongs to its device: the kind holds the id.
    const auto before = cursor(*params, "records/" + id->text());
    if (!before) return before.error();
    const std::string* type = params->find("type");

    const store::StoreReader::Snapshot one_state{reader};
    const auto device = reader.device(id->text());
    if (!device)
        return Problem{.code = "not_found",
                       .detail = fmt::format("device: got \"{}\", want a registered one", id->text())};
    const auto history =
        reader.history(device->row.dev_no, *before ? number(**before) : std::nullopt, type ? *type : "", *limit);
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    for (const store::StoreReader::Leaf& leaf : history.leaves) write_record(json, leaf, *id);
    json.end_array();
    std::optional<std::string> next;
    if (history.next_before) next = cursors_.encode("records/" + id->text(), std::to_string(*history.next_before));
    return page_answer(request, std::move(items), next);
}

Answer Api::unassigned(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto from = cursor(*params, "unassigned");
    if (!from) return from.error();
    const std::uint64_t first = *from ? number(**from).value_or(0) : 0;

    const auto leaves = reader.unassigned(first, *limit + 1);
    std::string items;
    JsonWriter json{items};
    json.begin_array();
    for (std::size_t i = 0; i < std::min(leaves.size(), *limit); ++i) {
        const LeafText text = text_of(leaves[i]);
        json.begin_object().field("log_index", leaves[i].row.idx).field("recv_at", time_text(leaves[i].row.recv_ms));
        write_optional_time(json, "at", text.at_ms);
        json.field("type", text.type).key("origin").raw(origin_of(text.body)).key("body").raw(text.body).end_object();
    }
    json.end_array();
    std::optional<std::string> next;
    if (leaves.size() > *limit) next = cursors_.encode("unassigned", std::to_string(leaves[*limit].row.idx));
    return page_answer(request, std::move(items), next);
}

Answer Api::checkpoint(store::StoreReader& reader) {
    const auto checkpoint = reader.last_checkpoint();
    if (!checkpoint) return Problem{.code = "not_found", .detail = "checkpoint: the log has not signed one yet"};
    return Response{200, "text/plain; charset=utf-8", make_body(checkpoint->note), {}, false};
}

std::string record_note_json(std::uint64_t log_index, std::string_view device, LeafType kind, std::string_view type,
                             std::optional<std::int64_t> at_ms, std::int64_t recv_ms) {
    std::string text;
    JsonWriter json{text};
    json.begin_object()
        .field("log_index", log_index)
        .field("device", device)
        .field("kind", kind_name(kind))
        .field("type", type);
    write_optional_time(json, "at", at_ms);
    json.field("recv_at", time_text(recv_ms)).end_object();
    return text;
}

std::string record_note_json(const store::StoreReader::Leaf& leaf, std::string_view device) {
    const LeafText text = text_of(leaf);
    return record_note_json(leaf.row.idx, device, leaf.row.type, text.type, text.at_ms, leaf.row.recv_ms);
}

Checked<Language> language_wanted(const Params& params, const RequestHead& head) {
    if (const std::string* lang = params.find("lang")) {
        if (*lang != "en" && *lang != "zh-CN")
            return bad_parameter("lang", fmt::format("got \"{}\", want en or zh-CN", lang->substr(0, 40)));
        return *lang == "en" ? Language::en : Language::zh;
    }
    const std::string* accepted = head.header("accept-language");
    return language_of(accepted ? *accepted : std::string_view{});
}

Response page_answer(const Request& request, std::string items, const std::optional<std::string>& next_cursor,
                     std::string_view more) {
    std::string text;
    text.reserve(items.size() + 128);
    JsonWriter json{text};
    json.begin_object().key("items").raw(items).key("next_cursor");
    if (next_cursor)
        json.value(*next_cursor);
    else
        json.null();
    text += more;
    json.end_object();
    Response response = json_answer(std::move(text));
    if (next_cursor) {
        std::string link = "<" + request.path + "?";
        for (const auto& [name, value] : request.query)
            if (name != "cursor") link += name + "=" + percent_encode(value) + "&";
        response.with("Link", link + "cursor=" + *next_cursor + ">; rel=\"next\"");
    }
    return response;
}

}  // namespace gantry::http
