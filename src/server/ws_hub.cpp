#include "server/ws_hub.hpp"

#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "server/io_worker.hpp"

namespace tapedeck {

StreamHub& WsHub::streams() noexcept {
  return worker_.hub;
}

void WsHub::add(Connection connection, const WsRequest& request, std::string_view head,
                std::string_view already_read) {
  auto session = std::make_shared<WsSession>(*this, std::move(connection), request);
  session->place_ = sessions_.size();
  sessions_.push_back(session);
  worker_.metrics.ws_sessions.add();
  worker_.metrics.ws_sessions_total.add();
  session->start(head, already_read);
}

void WsHub::leave(WsSession& session) {
  const std::size_t place = session.place_;
  std::swap(sessions_[place], sessions_.back());
  sessions_[place]->place_ = place;
  const auto keep_alive = std::move(sessions_.back());  // its caller is still in it
  sessions_.pop_back();
  worker_.metrics.ws_sessions.subtract();
  worker_.metrics.closed_total.add();
  if (session.secure()) worker_.metrics.secure.subtract();
  boost::asio::post(worker_.context, [keep_alive] {});
}

/// Backwards, because one that goes swaps the last one into its place.
template <typename Fn>
void WsHub::for_each(Fn fn) {
  for (std::size_t i = sessions_.size(); i-- > 0;) {
    if (i < sessions_.size()) fn(*sessions_[i]);
  }
}

void WsHub::tick(WsConnection::Clock::time_point now) {
  for_each([now](WsSession& session) { session.tick(now); });
}

void WsHub::shut_down_all() {
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> spread_ms(1000, 5000);
  for_each(
      [&](WsSession& session) { session.shut_down(std::chrono::milliseconds(spread_ms(random))); });
}

void WsHub::abort_all() {
  for_each([](WsSession& session) { session.abort(); });
}

}  // namespace tapedeck
