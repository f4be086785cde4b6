#include "common/io/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "common/io/args.hpp"
#include "common/io/files.hpp"

namespace gantry {
namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;

// A scalar or list as text, with the place it came from.
struct Setting {
    std::vector<std::string> values;
    bool is_list = false;
    char kind = 'u';  // s text, i integer, b boolean, ? anything else; u: text from the command line or environment, of
                      // any kind
    std::string where;
};

std::string environment_name(std::string_view key) {
    std::string out = "GANTRY_";
    for (const char c : key) {
        if (c == '.' || c == '-')
            out.push_back('_');
        else
            out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
    return out;
}

std::string place(const std::string& file, const toml::source_region& source) {
    return file + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column);
}

bool scalar(const toml::node& node, Setting& out) {
    if (const auto* text = node.as_string()) {
        out.values.push_back(text->get());
        out.kind = 's';
    } else if (const auto* number = node.as_integer()) {
        out.values.push_back(std::to_string(number->get()));
        out.kind = 'i';
    } else if (const auto* truth = node.as_boolean()) {
        out.values.push_back(truth->get() ? "true" : "false");
        out.kind = 'b';
    } else {
        return false;
    }
    return true;
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& file,
             std::map<std::string, Setting>& out) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string{key.str()};
        if (const auto* inner = node.as_table()) {
            flatten(*inner, name + ".", file, out);
            continue;
        }
        Setting setting;
        setting.where = place(file, node.source());
        if (const auto* array = node.as_array()) {
            setting.is_list = true;
            for (const auto& element : *array) {
                if (!scalar(element, setting)) setting.kind = '?';
            }
        } else if (!scalar(node, setting)) {
            setting.kind = '?';
        }
        out[name] = std::move(setting);
    }
}

bool secret(std::string_view key) {
    return key.find("password") != key.npos || key.find("secret") != key.npos || key.find("token") != key.npos;
}

}  // namespace

struct Config::Impl {
    std::map<std::string, Setting> from_files;
    std::map<std::string, std::string> flags;
    std::function<const char*(const char*)> environment;
    std::vector<std::string> files;
    std::vector<std::string> asked;
    std::vector<std::string> problems;
    std::vector<std::string> in_force;

    Result<void> read_file(const std::filesystem::path& path) {
        auto content = files::read_all(path, file_bytes_max);
        if (!content) return content.error();
        try {
            flatten(toml::parse(*content), "", path.string(), from_files);
        } catch (const toml::parse_error& error) {
            return Error{Errc::malformed,
                         place(path.string(), error.source()) + ": " + std::string{error.description()}};
        }
        files.push_back(path.string());
        return {};
    }

    Result<void> read_folder(const std::filesystem::path& folder) {
        std::vector<std::filesystem::path> found;
        std::error_code absent;
        for (const auto& entry : std::filesystem::directory_iterator{folder, absent}) {
            if (entry.path().extension() == ".toml") found.push_back(entry.path());
        }
        std::ranges::sort(found);
        for (const auto& path : found) {
            if (auto read = read_file(path); !read) return read;
        }
        return {};
    }

    std::optional<Setting> find(std::string_view key) {
        if (std::ranges::find(asked, key) == asked.end()) asked.emplace_back(key);
        const std::string name{key};
        if (const auto flag = flags.find(name); flag != flags.end())
            return Setting{{flag->second}, false, 'u', "command line"};
        const std::string variable = environment_name(key);
        if (const char* value = environment(variable.c_str())) return Setting{{value}, false, 'u', variable};
        if (const auto file = from_files.find(name); file != from_files.end()) return file->second;
        return std::nullopt;
    }

    void wrong(std::string_view key, const Setting& setting, const std::string& want) {
        std::string got;
        for (const auto& value : setting.values) got += (got.empty() ? "" : ", ") + value;
        problems.push_back(setting.where + ": " + std::string{key} + ": got \"" + got.substr(0, 100) + "\", want " +
                           want);
    }

    void use(std::string_view key, const std::string& value, const std::optional<Setting>& setting) {
        in_force.push_back(std::string{key} + " = " + (secret(key) && !value.empty() ? "(not shown)" : value) + "  (" +
                           (setting ? setting->where : "default") + ")");
    }
};

Config::Config(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Config::~Config() = default;
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;

Result<Config> Config::load(Sources sources) {
    auto impl = std::make_unique<Impl>();
    impl->flags = std::move(sources.flags);
    impl->environment = sources.environment ? std::move(sources.environment)
                                            : [](const char* name) -> const char* { return std::getenv(name); };
    const auto path = sources.file.value_or(sources.default_file);
    std::error_code ignored;
    if (sources.file || (!path.empty() && std::filesystem::exists(path, ignored))) {
        if (auto read = impl->read_file(path); !read) return read.error();
        if (auto read = impl->read_folder(path.parent_path() / "conf.d"); !read) return read.error();
    }
    return Config{std::move(impl)};
}

std::string Config::text(std::string_view key, std::string_view fallback) {
    const auto setting = impl_->find(key);
    std::string value{fallback};
    if (setting) {
        if (setting->is_list || (setting->kind != 's' && setting->kind != 'u'))
            impl_->wrong(key, *setting, "text in quotes");
        else
            value = setting->values.front();
    }
    impl_->use(key, value, setting);
    return value;
}

std::string Config::required_text(std::string_view key) {
    const std::string value = text(key);
    if (value.empty())
        impl_->problems.push_back(std::string{key} + ": got nothing, want a value (file, " + environment_name(key) +
                                  " or flag)");
    return value;
}

std::int64_t Config::integer(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t fallback) {
    const auto setting = impl_->find(key);
    std::int64_t value = fallback;
    if (setting) {
        const std::string& text = setting->values.empty() ? std::string{} : setting->values.front();
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = !setting->is_list && (setting->kind == 'i' || setting->kind == 'u') &&
                           problem == std::errc{} && end == text.data() + text.size();
        if (whole && number >= low && number <= high)
            value = number;
        else
            impl_->wrong(key, *setting, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    impl_->use(key, std::to_string(value), setting);
    return value;
}

bool Config::boolean(std::string_view key, bool fallback) {
    const auto setting = impl_->find(key);
    bool value = fallback;
    if (setting) {
        const bool known = !setting->is_list && !setting->values.empty() &&
                           (setting->kind == 'b' || setting->kind == 'u') &&
                           (setting->values.front() == "true" || setting->values.front() == "false");
        if (known)
            value = setting->values.front() == "true";
        else
            impl_->wrong(key, *setting, "true or false");
    }
    impl_->use(key, value ? "true" : "false", setting);
    return value;
}

std::string Config::choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                           std::string_view fallback) {
    const auto setting = impl_->find(key);
    std::string value{fallback};
    if (setting) {
        const std::string got = setting->is_list || setting->values.empty() ? std::string{} : setting->values.front();
        if (std::ranges::find(allowed, got) != allowed.end()) {
            value = got;
        } else {
            std::string names;
            for (const auto name : allowed) names += (names.empty() ? "" : ", ") + std::string{name};
            impl_->wrong(key, *setting, "one of " + names);
        }
    }
    impl_->use(key, value, setting);
    return value;
}

std::vector<std::string> Config::list(std::string_view key) {
    auto setting = impl_->find(key);
    if (!setting) return {};
    if (setting->kind == '?') impl_->wrong(key, *setting, "a list of texts");
    std::string shown;
    for (const auto& value : setting->values) shown += (shown.empty() ? "" : ", ") + value;
    impl_->use(key, shown, setting);
    return setting->values;
}

bool Config::has(std::string_view key) { return impl_->find(key).has_value(); }
void Config::problem(std::string message) { impl_->problems.push_back(std::move(message)); }

Result<void> Config::finish() {
    for (const auto& [key, setting] : impl_->from_files) {
        if (std::ranges::find(impl_->asked, key) != impl_->asked.end()) continue;
        const std::string near = nearest(key, impl_->asked);
        impl_->problems.push_back(setting.where + ": unknown key " + key +
                                  (near.empty() ? "" : ": did you mean " + near + "?"));
    }
    if (impl_->problems.empty()) return {};
    std::string all;
    for (const auto& problem : impl_->problems) all += (all.empty() ? "" : "\n") + problem;
    return Error{Errc::malformed, all};
}

std::string Config::describe() const {
    std::string out;
    for (const auto& line : impl_->in_force) out += line + "\n";
    return out;
}

const std::vector<std::string>& Config::files() const { return impl_->files; }

}  // namespace gantry
