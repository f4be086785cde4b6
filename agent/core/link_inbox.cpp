#include "agent/core/link_inbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <iterator>
#include <stdexcept>

namespace gantry::agent {

LinkInbox::LinkInbox() : wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!wake_) throw std::runtime_error{"eventfd failed"};
}

void LinkInbox::wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(wake_.get(), &one, sizeof one);
}

void LinkInbox::push_message(std::string_view topic, ByteView payload) {
    {
        const std::lock_guard guard{mutex_};
        if (messages_.size() >= messages_max || payload.size() > message_bytes_max) {
            ++dropped_;
            return;
        }
        messages_.push_back({std::string{topic}, Bytes(payload.begin(), payload.end())});
    }
    wake();
}

void LinkInbox::push_connection(bool up, std::string_view why) {
    {
        const std::lock_guard guard{mutex_};
        other_.connection = up;
        if (!up) {
            other_.was_down = true;
            other_.why = why;
        }
    }
    wake();
}

void LinkInbox::push_puback(int reason) {
    if (reason >= 0x80) {
        const std::lock_guard guard{mutex_};
        other_.refused_publish = reason;
    }
    wake();  // also for a good one: there is room in the window again
}

LinkInbox::Taken LinkInbox::take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(wake_.get(), &count, sizeof count);
    const std::lock_guard guard{mutex_};
    Taken taken = std::move(other_);
    other_ = {};
    taken.messages.assign(std::make_move_iterator(messages_.begin()), std::make_move_iterator(messages_.end()));
    messages_.clear();
    return taken;
}

}  // namespace gantry::agent
