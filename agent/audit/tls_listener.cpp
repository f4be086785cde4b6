#include "agent/audit/tls_listener.hpp"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/syslog.hpp"
#include "common/io/log.hpp"

namespace gantry::audit {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

constexpr std::size_t frames_together_max = 64;  // they share a commit
constexpr std::chrono::milliseconds drain_silence{200};

std::shared_ptr<asio::ssl::context> make_context(const Options& options) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    context->use_certificate_chain_file(options.cert.string());
    context->use_private_key_file(options.key.string(), asio::ssl::context::pem);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        throw std::runtime_error{options.key.string() + ": is not the key of " + options.cert.string()};
    if (!options.ca.empty()) context->load_verify_file(options.ca.string());
    context->set_verify_mode(options.client_certificate
                                 ? asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert
                                 : asio::ssl::verify_none);
    return context;
}

// The common name of a peer's verified certificate; empty without one.
std::string common_name(SSL* ssl) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{SSL_get1_peer_certificate(ssl), &X509_free};
    if (!certificate) return {};
    char name[256] = {};
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
    return size > 0 ? std::string(name, static_cast<std::size_t>(size)) : std::string{};
}

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, std::shared_ptr<asio::ssl::context> context, Receiver& receiver)
        : context_{std::move(context)},
          stream_{std::move(socket), *context_},
          timer_{stream_.get_executor()},
          receiver_{receiver} {
        boost::system::error_code ignored;
        peer_ = stream_.next_layer().remote_endpoint(ignored).address().to_string();
    }

    // The coroutine keeps the session alive.
    static asio::awaitable<void> run(std::shared_ptr<Session> self) {
        // Kept apart: g++ 12 makes a trap of a co_await in a condition whose branch awaits too.
        const bool trusted = co_await self->handshake();
        if (trusted) {
            co_await self->read_messages();
        }
        self->timer_.cancel();
        self->cut();
    }

    void stop() {
        stopping_ = true;
        if (reading_) close_after(drain_silence);
    }
    void cut() {
        boost::system::error_code ignored;
        stream_.next_layer().close(ignored);
    }

private:
    void close_after(std::chrono::milliseconds timeout) {
        timer_.expires_after(timeout);
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            if (const auto self = weak.lock(); self && !error) self->cut();
        });
    }

    asio::awaitable<bool> handshake() {
        close_after(limits::handshake_timeout);
        boost::system::error_code error;
        co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                         asio::redirect_error(asio::use_awaitable, error));
        timer_.cancel();
        if (error) {
            log::warn("TLS handshake failed", {{"peer", peer_}, {"reason", error.message()}});
            co_return false;
        }
        // Only a verified name is one.
        if (SSL_get_verify_mode(stream_.native_handle()) != SSL_VERIFY_NONE)
            certificate_ = common_name(stream_.native_handle());
        co_return true;
    }

    // Nothing when the stream cannot be followed any further.
    std::optional<std::vector<Incoming>> take_frames() {
        std::vector<Incoming> out;
        std::size_t used = 0;
        while (out.size() < frames_together_max) {
            const auto frame = next_frame(std::string_view{buffer_}.substr(used));
            if (!frame) {
                log::warn("connection closed", {{"peer", peer_}, {"reason", frame.error().message}});
                broken_ = true;
                break;
            }
            if (!*frame) break;
            out.push_back({certificate_, peer_, std::string{(*frame)->message}});
            used += (*frame)->bytes;
        }
        buffer_.erase(0, used);
        if (broken_ && out.empty()) return std::nullopt;
        return out;
    }

    asio::awaitable<void> read_messages() {
        while (true) {
            auto frames = take_frames();
            if (!frames) co_return;
            if (!frames->empty()) {
                co_await receiver_.take(std::move(*frames));
                continue;
            }
            const bool more = co_await read_more();
            if (!more) co_return;
        }
    }

    asio::awaitable<bool> read_more() {
        const std::size_t kept = buffer_.size();
        buffer_.resize(kept + 16 * 1024);
        if (stopping_)
            close_after(drain_silence);
        else if (kept > 0 && !message_begun_)
            close_after(limits::message_timeout);
        message_begun_ = kept > 0;
        reading_ = true;
        boost::system::error_code error;
        const std::size_t got =
            co_await stream_.async_read_some(asio::buffer(buffer_.data() + kept, buffer_.size() - kept),
                                             asio::redirect_error(asio::use_awaitable, error));
        reading_ = false;
        buffer_.resize(kept + got);
        if (error && kept > 0 && !stopping_)
            log::warn("connection ended inside a message", {{"peer", peer_}, {"bytes", kept}});
        co_return !error;
    }

    std::shared_ptr<asio::ssl::context> context_;  // outlives a reload
    asio::ssl::stream<tcp::socket> stream_;
    asio::steady_timer timer_;
    Receiver& receiver_;
    std::string peer_;
    std::string certificate_;
    std::string buffer_;  // at most one message and one read
    bool message_begun_ = false;
    bool reading_ = false;
    bool stopping_ = false;
    bool broken_ = false;
};

}  // namespace

struct TlsListener::Impl {
    Impl(asio::any_io_executor ex, const Options& opts, Receiver& rec)
        : executor{std::move(ex)}, options{opts}, receiver{rec}, context{make_context(opts)}, acceptor{executor} {
        const tcp::endpoint endpoint{asio::ip::make_address(opts.tls.host), opts.tls.port};
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address{true});
        acceptor.bind(endpoint);
        acceptor.listen();
        asio::co_spawn(executor, accept(), asio::detached);
    }

    asio::awaitable<void> accept() {
        while (acceptor.is_open()) {
            boost::system::error_code error;
            tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted) co_return;
            if (error) {  // no descriptors left, or the peer is gone already: a moment later it may be different
                asio::steady_timer pause{executor, std::chrono::milliseconds{100}};
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
                continue;
            }
            if (sessions.size() >= limits::connections_max) {
                log::warn("connection refused: too many", {{"connections_max", limits::connections_max}});
                continue;
            }
            begin(std::move(socket));
        }
    }

    void begin(tcp::socket socket) {
        const auto session = std::make_shared<Session>(std::move(socket), context, receiver);
        sessions.insert(session);
        asio::co_spawn(executor, Session::run(session), [this, session](std::exception_ptr failure) {
            sessions.erase(session);
            if (failure) std::rethrow_exception(failure);  // the disk, not the peer: ends the program
        });
    }

    asio::any_io_executor executor;
    const Options& options;
    Receiver& receiver;
    std::shared_ptr<asio::ssl::context> context;
    tcp::acceptor acceptor;
    std::set<std::shared_ptr<Session>> sessions;
};

TlsListener::TlsListener(asio::any_io_executor executor, const Options& options, Receiver& receiver)
    : impl_{std::make_unique<Impl>(std::move(executor), options, receiver)} {}
TlsListener::~TlsListener() = default;

std::uint16_t TlsListener::port() const { return impl_->acceptor.local_endpoint().port(); }
std::size_t TlsListener::connections() const { return impl_->sessions.size(); }

Result<void> TlsListener::reload() {
    try {
        impl_->context = make_context(impl_->options);
    } catch (const std::exception& error) {
        return Error{Errc::malformed, fmt::format("certificates: {}", error.what())};
    }
    return {};
}

void TlsListener::stop() {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
    for (const auto& session : impl_->sessions) session->stop();
}

void TlsListener::cut() {
    for (const auto& session : impl_->sessions) session->cut();
}

Result<void> check_certificates(const Options& options) {
    try {
        make_context(options);
    } catch (const std::exception& error) {
        return Error{Errc::malformed, fmt::format("certificates: {}", error.what())};
    }
    return {};
}

}  // namespace gantry::audit
