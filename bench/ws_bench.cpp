// WebSocket load: N clients with one subscription each, and one that publishes at a rate. Counts
// events and messages, checks that none is missing, measures publish to receive.
//   ws_bench --port P [--clients N] [--rate EVENTS/S] [--group EVENTS/PUBLISH] [--seconds S]
//            [--batch] [--deflate] [--threads T] [--idle] [--pid SERVER]
// --idle opens N connections that subscribe to nothing and tells the server's memory for each.
// Prints one line of JSON. `ws_bench --serve` is a server of events in memory for it: prints its
// port and runs until its input ends. See ws_bench.sh.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/server.hpp"
#include "server/ws_deflate.hpp"
#include "server/ws_frame.hpp"
#include "tapedeck/bus.hpp"

namespace {

using namespace tapedeck;
using Clock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 9000;
  std::size_t clients = 100;
  double rate = 1000;
  std::size_t group = 1;
  double seconds = 5;
  unsigned threads = 1;
  bool batch = false, deflate = false, idle = false, serve = false;
  int pid = 0;
};

std::int64_t now_ns() {
  return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

int open_socket(const Options& options) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("cannot send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// A client's frame; the mask is 0, which is one.
std::string client_frame(std::string_view payload) {
  std::string out;
  append_ws_header(out, WsOpcode::text, payload.size());
  out[1] = static_cast<char>(out[1] | 0x80);
  return out.append(4, '\0').append(payload);
}

int open_ws(const Options& options) {
  const int fd = open_socket(options);
  send_all(fd, std::string("GET /api/telemetry/ws HTTP/1.1\r\nHost: localhost\r\n"
                           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") +
                   (options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") +
                   "\r\n");
  std::string head;
  for (char c = 0; !head.ends_with("\r\n\r\n"); head += c) {
    if (recv(fd, &c, 1, 0) != 1) throw std::runtime_error("no answer: " + head);
  }
  if (head.find(" 101 ") == std::string::npos) throw std::runtime_error(head);
  return fd;
}

/// The number behind `name` that is nearest to the beginning or the end.
std::optional<std::int64_t> number_near(std::string_view text, std::string_view name, bool last) {
  const std::size_t at = last ? text.rfind(name) : text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + name.size(), 40);
  if (name == "\"id\":\"")
    rest.remove_prefix(std::min(rest.size(), rest.rfind('-', rest.find('"')) + 1));
  std::int64_t value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

class Client {
 public:
  Client(int fd, bool batch) : fd_(fd) {
    send_all(fd, client_frame(batch ? R"({"op":"subscribe","id":"a","batch":true})"
                                    : R"({"op":"subscribe","id":"a"})"));
  }
  int fd() const { return fd_; }

  std::uint64_t events = 0, messages = 0, bytes = 0, lost = 0;

  /// Takes what has been read.
  void take(std::string_view piece, std::vector<float>& latencies_us, WsInflater& inflater) {
    bytes += piece.size();
    if (!rest_.empty()) {
      rest_ += piece;
      const std::string joined = std::move(rest_);
      rest_.assign(take_frames(joined, latencies_us, inflater));
    } else {
      rest_.assign(take_frames(piece, latencies_us, inflater));
    }
  }

 private:
  /// @return what is left.
  std::string_view take_frames(std::string_view text, std::vector<float>& latencies_us,
                               WsInflater& inflater) {
    for (;;) {
      if (text.size() < 2) return text;
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
      std::size_t header = 2, length = byte(1) & 0x7FU;
      const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (text.size() < 2 + more) return text;
      if (more > 0) length = 0;
      for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte(2 + i);
      header += more;
      if (text.size() < header + length) return text;
      if ((byte(0) & 0x0F) == 1) {
        std::string_view payload = text.substr(header, length);
        std::string inflated;
        if ((byte(0) & 0x40) != 0) {
          inflater.inflate(payload, inflated, std::size_t{8} << 20);
          payload = inflated;
        }
        take_message(payload, latencies_us);
      }
      text.remove_prefix(header + length);
    }
  }

  void take_message(std::string_view message, std::vector<float>& latencies_us) {
    if (!message.starts_with(R"({"op":"event")")) return;
    const auto first = number_near(message, "\"id\":\"", false);
    const auto last = number_near(message, "\"id\":\"", true);
    if (!first || !last) return;
    if (last_ != 0 && *first != last_ + 1) lost += static_cast<std::uint64_t>(*first - last_ - 1);
    last_ = *last;
    events += static_cast<std::uint64_t>(*last - *first + 1);
    if (++messages % 8 != 0 && last == first) return;  // single events: every eighth is enough
    if (const auto sent = number_near(message, "\"t\":", true)) {
      latencies_us.push_back(static_cast<float>(now_ns() - *sent) / 1000);
    }
  }

  const int fd_;
  std::int64_t last_ = 0;
  std::string rest_;
};

struct Reader {
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<float> latencies_us;

  void run(const std::atomic<bool>& stop) {
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    for (const auto& client : clients) {
      epoll_event event{EPOLLIN, {.ptr = client.get()}};
      epoll_ctl(poller, EPOLL_CTL_ADD, client->fd(), &event);
    }
    std::vector<char> buffer(std::size_t{256} << 10);
    std::vector<epoll_event> ready(256);
    WsInflater inflater;
    while (!stop.load(std::memory_order_relaxed)) {
      const int n = epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), 50);
      for (int i = 0; i < n; ++i) {
        auto& client = *static_cast<Client*>(ready[static_cast<std::size_t>(i)].data.ptr);
        const ssize_t got = recv(client.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) {
          client.take({buffer.data(), static_cast<std::size_t>(got)}, latencies_us, inflater);
        } else if (got == 0) {
          epoll_ctl(poller, EPOLL_CTL_DEL, client.fd(), nullptr);
        }
      }
    }
    close(poller);
  }
};

/// @return events published.
std::uint64_t publish(const Options& options, int fd) {
  std::uint64_t sent = 0;
  std::vector<char> ignored(1 << 16);
  const auto begin = Clock::now();
  const std::chrono::duration<double> interval(static_cast<double>(options.group) / options.rate);
  for (std::uint64_t turn = 0;; ++turn) {
    const auto due =
        begin + std::chrono::duration_cast<Clock::duration>(interval * static_cast<double>(turn));
    if (due - begin >= std::chrono::duration<double>(options.seconds)) return sent;
    std::this_thread::sleep_until(due);
    std::string message = R"({"op":"publish","events":[)";
    for (std::size_t i = 0; i < options.group; ++i) {
      fmt::format_to(std::back_inserter(message),
                     R"({}{{"type":"signal_event","payload":{{"symbol":"NIFTY","strategy_name":)"
                     R"("momentum","signal":"BUY","confidence":0.85,"reason":"RSI oversold + EMA )"
                     R"(crossover","timeframe":"5m","t":{}}}}})",
                     i == 0 ? "" : ",", now_ns());
    }
    send_all(fd, client_frame(message + "]}"));
    sent += options.group;
    while (recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
    }
  }
}

double cpu_seconds(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  double ticks = 0;
  for (int i = 1; i <= 15 && stat >> word; ++i) {
    if (i >= 14) ticks += std::strtod(word.c_str(), nullptr);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_kb(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string word; maps >> word;) {
    double value = 0;
    if (word == "Rss:" && maps >> value) return value;
  }
  return 0;
}

void run_idle(const Options& options) {
  const double before = resident_kb(options.pid);
  std::vector<int> sockets;
  for (std::size_t i = 0; i < options.clients; ++i) sockets.push_back(open_ws(options));
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  std::size_t open = 0;
  for (const int fd : sockets) {
    pollfd state{fd, POLLRDHUP, 0};
    open += poll(&state, 1, 0) == 0 || (state.revents & POLLRDHUP) == 0 ? 1 : 0;
  }
  fmt::print(R"({{"idle":{},"open":{},"kb_each":{:.2f}}})"
             "\n",
             options.clients, open,
             (resident_kb(options.pid) - before) / static_cast<double>(options.clients));
}

void run_load(const Options& options) {
  std::vector<Reader> readers(options.threads);
  for (std::size_t i = 0; i < options.clients; ++i) {
    readers[i % options.threads].clients.push_back(
        std::make_unique<Client>(open_ws(options), options.batch));
  }
  const int publisher = open_ws(options);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (Reader& reader : readers) threads.emplace_back([&] { reader.run(stop); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // acks of the subscriptions
  const double cpu = cpu_seconds(options.pid);
  const auto begin = Clock::now();
  const std::uint64_t published = publish(options, publisher);
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // what is under way
  const double cpu_used = cpu_seconds(options.pid) - cpu;
  stop = true;
  for (std::thread& thread : threads) thread.join();
  std::uint64_t events = 0, messages = 0, bytes = 0, lost = 0;
  std::vector<float> latencies;
  for (const Reader& reader : readers) {
    for (const auto& client : reader.clients) {
      events += client->events;
      messages += client->messages;
      bytes += client->bytes;
      lost += client->lost;
    }
    latencies.insert(latencies.end(), reader.latencies_us.begin(), reader.latencies_us.end());
  }
  std::sort(latencies.begin(), latencies.end());
  const auto percentile = [&](double p) {
    if (latencies.empty()) return 0.0F;
    return latencies[static_cast<std::size_t>(p * static_cast<double>(latencies.size() - 1))];
  };
  const double due = static_cast<double>(published * options.clients);
  fmt::print(
      R"({{"clients":{},"batch":{},"deflate":{},"published_per_s":{:.0f},"deliveries_per_s":{:.0f},)"
      R"("messages_per_s":{:.0f},"mb_per_s":{:.1f},"delivered":{:.4f},"lost":{},"p50_us":{:.0f},)"
      R"("p99_us":{:.0f},"server_cpu_us_per_delivery":{:.3f}}})"
      "\n",
      options.clients, options.batch, options.deflate,
      static_cast<double>(published) / took.count(), static_cast<double>(events) / took.count(),
      static_cast<double>(messages) / took.count(), static_cast<double>(bytes) / took.count() / 1e6,
      static_cast<double>(events) / due, lost, percentile(0.5), percentile(0.99),
      cpu_used * 1e6 / static_cast<double>(events));
}

void run_server() {
  TelemetryBus bus{BusOptions{}};
  ServerOptions options;
  options.listen_port = 0;
  Server server(bus, options);
  server.start();
  fmt::print("{}\n", server.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

Options read_options(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--batch") {
      out.batch = true;
    } else if (name == "--deflate") {
      out.deflate = true;
    } else if (name == "--idle") {
      out.idle = true;
    } else if (name == "--serve") {
      out.serve = true;
    } else if (i + 1 == argc) {
      throw std::runtime_error("wrong usage: " + std::string(name));
    } else {
      const double value = std::strtod(argv[++i], nullptr);
      if (name == "--port") out.port = static_cast<std::uint16_t>(value);
      if (name == "--clients") out.clients = static_cast<std::size_t>(value);
      if (name == "--rate") out.rate = value;
      if (name == "--group") out.group = static_cast<std::size_t>(value);
      if (name == "--seconds") out.seconds = value;
      if (name == "--threads") out.threads = static_cast<unsigned>(value);
      if (name == "--pid") out.pid = static_cast<int>(value);
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = read_options(argc, argv);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (options.serve) {
      run_server();
    } else if (options.idle) {
      run_idle(options);
    } else {
      run_load(options);
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ws_bench: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
