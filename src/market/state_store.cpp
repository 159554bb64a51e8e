#include "tapedeck/market/state_store.hpp"

#include <stdexcept>
#include <utility>

#include "base/value_store.hpp"

namespace tapedeck::market {

class StateStore::Impl : public ValueStore {
 public:
  using ValueStore::ValueStore;
};

StateStore::StateStore(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
StateStore::~StateStore() = default;

std::map<std::string, std::string> StateStore::load(std::string_view owner) const {
  return impl_->load(owner);
}

void StateStore::save(std::string_view owner, std::string_view name, std::string value) {
  impl_->save({{std::string(owner), std::string(name), std::move(value)}});
}

void StateStore::flush() {
  if (std::string problem = impl_->flush(); !problem.empty()) throw std::runtime_error(problem);
}

std::string StateStore::problem() const {
  return impl_->problem();
}

}  // namespace tapedeck::market
