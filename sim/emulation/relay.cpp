#include "sim/emulation/relay.hpp"

#include "sim/base/random.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <deque>
#include <utility>
#include <vector>

namespace wanlab::emulation {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t segment = 1448;  // of an Ethernet frame with TCP timestamps
constexpr Duration minimum_timeout = std::chrono::milliseconds(200);

void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

// One connection through the relay: two sockets and what is under way between them.
class Relay::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Relay& relay, tcp::socket client)
      : relay_(&relay),
        near_(std::move(client)),
        far_(relay.context_),
        ways_{Way(relay.context_), Way(relay.context_)} {}

  void start() {
    error_code ignored;
    near_.set_option(tcp::no_delay(true), ignored);
    far_.async_connect(relay_->options_.target, [self = shared_from_this()](error_code error) {
      if (self->over()) return;
      if (error) return self->end();
      error_code no_matter;
      self->far_.set_option(tcp::no_delay(true), no_matter);
      self->read(forward);
      self->read(backward);
    });
  }

  // Both sides hear a reset, now.
  void end() {
    if (over()) return;
    reset(near_);
    reset(far_);
    for (Way& way : ways_) way.timer.cancel();
    Relay* relay = std::exchange(relay_, nullptr);
    relay->links_.erase(shared_from_this());
  }
  // The path has healed: what waited starts anew.
  void go_on() {
    deliver(forward);
    deliver(backward);
  }

 private:
  enum class What : std::uint8_t { bytes, finish, reset };
  struct Piece {
    Clock::time_point arrives;
    What what = What::bytes;
    std::vector<char> bytes;
  };
  struct Way {
    explicit Way(asio::io_context& context) : timer(context) {}
    std::deque<Piece> under_way;
    std::size_t bytes = 0;
    Clock::time_point last_arrival{}, line_free{};
    asio::steady_timer timer;
    bool reading = false, busy = false, finished = false;
  };

  bool over() const { return relay_ == nullptr; }
  tcp::socket& source(Direction direction) { return direction == forward ? near_ : far_; }
  tcp::socket& sink(Direction direction) { return direction == forward ? far_ : near_; }

  void read(Direction direction) {
    Way& way = ways_[direction];
    if (way.reading || way.finished || way.bytes >= relay_->options_.most_in_flight) return;
    way.reading = true;
    auto buffer = std::make_shared<std::vector<char>>(read_size);
    source(direction).async_read_some(
        asio::buffer(*buffer),
        [self = shared_from_this(), direction, buffer](error_code error, std::size_t size) {
          if (self->over()) return;
          Way& read_from = self->ways_[direction];
          read_from.reading = false;
          Piece piece;
          if (!error) {
            buffer->resize(size);
            piece.bytes = std::move(*buffer);
          } else {
            read_from.finished = true;
            piece.what = error == asio::error::eof ? What::finish : What::reset;
          }
          self->send(direction, std::move(piece));
          if (!error) self->read(direction);
        });
  }

  void send(Direction direction, Piece piece) {
    Way& way = ways_[direction];
    const Shaping& shaping = relay_->shaping_[direction];
    Clock::time_point departs = Clock::now();
    if (shaping.bits_per_second != 0) {
      const auto takes = std::chrono::nanoseconds(
          static_cast<std::int64_t>(static_cast<double>(piece.bytes.size()) * 8e9 /
                                    static_cast<double>(shaping.bits_per_second)));
      departs = std::max(departs, way.line_free) + takes;
      way.line_free = departs;
    }
    Clock::time_point arrives = departs + shaping.delay + lateness(piece.bytes.size(), shaping);
    arrives = std::max(arrives, way.last_arrival);
    way.last_arrival = arrives;
    piece.arrives = arrives;
    way.bytes += piece.bytes.size();
    way.under_way.push_back(std::move(piece));
    deliver(direction);
  }

  Duration lateness(std::size_t bytes, const Shaping& shaping) {
    if (shaping.loss <= 0) return {};
    const Duration round_trip = relay_->shaping_[forward].delay + relay_->shaping_[backward].delay;
    const RandomKey key(relay_->options_.seed, relay_->options_.name);
    for (std::size_t left = bytes; left != 0; left -= std::min(left, segment)) {
      const std::uint64_t bits = key.block(relay_->draws_++).low();
      if (static_cast<double>(bits >> 11) * 0x1p-53 < shaping.loss) {
        return std::max(round_trip, minimum_timeout);
      }
    }
    return {};
  }

  void deliver(Direction direction) {
    Way& way = ways_[direction];
    if (over() || way.busy || way.under_way.empty()) return;
    if (relay_->cut_[direction] != Cut::none) return;  // go_on() comes here again
    way.busy = true;
    way.timer.expires_at(way.under_way.front().arrives);
    way.timer.async_wait([self = shared_from_this(), direction](error_code error) {
      if (self->over()) return;
      Way& due = self->ways_[direction];
      due.busy = false;
      if (error || self->relay_->cut_[direction] != Cut::none) return;
      self->arrive(direction);
    });
  }

  void arrive(Direction direction) {
    Way& way = ways_[direction];
    const Piece& piece = way.under_way.front();
    if (piece.what == What::reset) return end();
    if (piece.what == What::finish) {
      error_code ignored;
      sink(direction).shutdown(tcp::socket::shutdown_send, ignored);
      way.under_way.pop_front();
      const Way& other = ways_[1 - direction];
      if (other.finished && other.under_way.empty()) end();
      return;
    }
    way.busy = true;
    asio::async_write(sink(direction), asio::buffer(piece.bytes),
                      [self = shared_from_this(), direction](error_code error, std::size_t size) {
                        if (self->over()) return;
                        if (error) return self->end();
                        Way& written = self->ways_[direction];
                        written.busy = false;
                        written.bytes -= size;
                        written.under_way.pop_front();
                        self->relay_->bytes_[direction] += size;
                        self->read(direction);
                        self->deliver(direction);
                      });
  }

  Relay* relay_;  // null once over
  tcp::socket near_, far_;
  std::array<Way, 2> ways_;
};

Relay::Relay(asio::io_context& context, RelayOptions options)
    : context_(context),
      options_(std::move(options)),
      acceptor_(context, tcp::endpoint(asio::ip::make_address(options_.listen_address),
                                       options_.listen_port)),
      port_(acceptor_.local_endpoint().port()),
      shaping_{options_.forward, options_.backward} {
  accept();
}

Relay::~Relay() {
  error_code ignored;
  acceptor_.close(ignored);
  while (!links_.empty()) std::shared_ptr<Link>(*links_.begin())->end();
}

void Relay::accept() {
  acceptor_.async_accept(
      [this, alive = std::weak_ptr(alive_)](error_code error, tcp::socket socket) {
        if (alive.expired()) return;
        if (!error) {
          if (cut_[forward] == Cut::reset) {
            reset(socket);
          } else {
            ++connections_;
            const auto link = std::make_shared<Link>(*this, std::move(socket));
            links_.insert(link);
            link->start();
          }
        }
        accept();
      });
}

RelayFigures Relay::figures() const {
  return {connections_, links_.size(), bytes_};
}

void Relay::shape(Direction direction, const Shaping& shaping) {
  shaping_[direction] = shaping;
}

void Relay::cut_with_reset() {
  cut_ = {Cut::reset, Cut::reset};
  while (!links_.empty()) std::shared_ptr<Link>(*links_.begin())->end();
}

void Relay::heal() {
  cut_ = {};
  const auto links = links_;  // one may end while it is told
  for (const auto& link : links) link->go_on();
}

}  // namespace wanlab::emulation
