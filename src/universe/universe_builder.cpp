#include "tapedeck/universe/universe_builder.hpp"

#include <utility>

#include "universe/universe_builder_impl.hpp"

namespace tapedeck::universe {

UniverseBuilder::UniverseBuilder(market::EnginePublisher publisher,
                                 const market::TradingCalendar& calendar,
                                 const market::InstrumentTable& instruments,
                                 std::chrono::nanoseconds health_every) {
  UniverseOptions options;
  options.health_every = health_every;
  impl_ = std::make_unique<Impl>(std::move(publisher), calendar, &instruments, std::move(options));
}

UniverseBuilder::UniverseBuilder(market::EnginePublisher publisher,
                                 const market::TradingCalendar& calendar, UniverseOptions options)
    : impl_(std::make_unique<Impl>(std::move(publisher), calendar, nullptr,
                                   checked(std::move(options)))) {}

UniverseBuilder::~UniverseBuilder() = default;

void UniverseBuilder::refresh(Timestamp now) {
  impl_->refresh(now);
}
std::uint64_t UniverseBuilder::refreshes() const noexcept {
  return impl_->refreshes();
}
std::uint64_t UniverseBuilder::failures() const noexcept {
  return impl_->failures();
}
const std::string& UniverseBuilder::last_error() const noexcept {
  return impl_->last_error();
}
std::shared_ptr<const Universe> UniverseBuilder::universe() const noexcept {
  return impl_->universe();
}
void UniverseBuilder::on_price(std::string_view exchange, std::string_view symbol, double price,
                               Timestamp now) {
  impl_->on_price(exchange, symbol, price, now);
}
std::span<const StrikeWindow> UniverseBuilder::strikes() const noexcept {
  return impl_->strikes();
}
void UniverseBuilder::start(Timestamp now) {
  impl_->start(now);
}
Timestamp UniverseBuilder::next_due() const {
  return impl_->next_due();
}
void UniverseBuilder::advance_to(Timestamp now) {
  impl_->advance_to(now);
}
void UniverseBuilder::skip_to(Timestamp now) {
  impl_->skip_to(now);
}
void UniverseBuilder::fail(Timestamp now, std::string_view reason) {
  impl_->fail(now, reason);
}
void UniverseBuilder::stop(Timestamp now) {
  impl_->stop(now);
}
void UniverseBuilder::stop_telemetry() {
  impl_->mute();
}
bool UniverseBuilder::obey(const market::Command& command, Timestamp now) {
  return impl_->obey(command, now);
}

}  // namespace tapedeck::universe
