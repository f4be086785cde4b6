#include "server/http/page.hpp"

#include <fstream>
#include <iterator>

#include "server/http/text_form.hpp"
#include "server/web/assets.hpp"

namespace gantry::http {
namespace {

constexpr std::string_view cache_for_ever = "public, max-age=31536000, immutable";

std::string_view type_by_name(std::string_view name) {
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".svg")) return "image/svg+xml";
    return "application/octet-stream";
}

// Only while the page is being developed, so no caching and no compression.
std::optional<Response> from_folder(std::string_view path, const std::filesystem::path& web_dir) {
    if (path.find("..") != std::string_view::npos) return std::nullopt;
    std::ifstream file{web_dir / path.substr(1), std::ios::binary};
    if (!file) return std::nullopt;
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    Response response{200, std::string{type_by_name(path)}, make_body(std::move(text)), {}, false};
    return response.with("Cache-Control", "no-cache");
}

}  // namespace

std::optional<Response> page_file(const Request& request, const std::filesystem::path& web_dir) {
    const bool asset = request.path.starts_with("/assets/");
    const std::string path = asset ? request.path : "/index.html";
    if (!web_dir.empty()) return from_folder(path, web_dir);

    const web::Asset* found = web::find_asset(path);
    if (!found) return std::nullopt;
    const std::string* accepted = request.head.header("accept-encoding");
    const bool gzip = !found->gzip.empty() && accepted && accepts_gzip(*accepted);
    const std::span<const std::uint8_t> bytes = gzip ? found->gzip : found->identity;
    Response response{200, std::string{found->content_type}, make_body({bytes.begin(), bytes.end()}), {}, false};
    std::string etag{found->etag};
    if (gzip) {
        response.with("Content-Encoding", "gzip");
        etag.insert(etag.size() - 1, "-gz");  // each coding is a representation of its own
    }
    response.with("Vary", "Accept-Encoding").with("ETag", etag);
    return response.with("Cache-Control", std::string{found->immutable ? cache_for_ever : "no-cache"});
}

}  // namespace gantry::http
