#include "server/ws_subscription.hpp"

#include <algorithm>
#include <utility>

#include "event/json_writer.hpp"
#include "query/filter_keys.hpp"
#include "server/stream_hub.hpp"
#include "server/ws_hub.hpp"
#include "server/ws_session.hpp"

namespace tapedeck {
namespace {

constexpr int kStepsPerTurn = 4;  // then other subscriptions have their turn
/// "data: " and the blank line around the JSON of a plain stream.
constexpr std::size_t kBeforeJson = 6, kBehindJson = 2;

/// Equal for queries that match the same events.
std::string filter_key(const EventQuery& query, std::uint64_t end) {
  std::string out;
  for (const Filter* filter : {&query.filter, &query.within}) {
    for (const FilterKey& key : kFilterKeys) {
      std::vector<std::string> values = filter->*key.values;
      std::sort(values.begin(), values.end());
      for (const std::string& value : values) {
        out.append(key.name) += '=';
        json::append_string(out, value);
      }
    }
    out += '|';
  }
  const auto add_time = [&out](const std::optional<Timestamp>& time) {
    out += '|';
    if (time) out += std::to_string(to_ns(*time));
  };
  add_time(query.filter.since);
  add_time(query.filter.until);
  out += '|';
  json::append_string(out, query.filter.expression);
  return out + std::to_string(end);
}

}  // namespace

WsSubscription::WsSubscription(WsHub& hub, WsSession& session, const WsOp& op, WsStyle style)
    : StreamMember(op.stream.coalesce),
      hub_(hub),
      session_(&session),
      end_(hub.streams().tape().narrow(op.stream.query, {0, UINT64_MAX}).end),
      filter_(std::make_shared<const CompiledFilter>(compile(op.stream.query))),
      group_(hub.chunks().join(filter_key(op.stream.query, end_), std::move(style))),
      last_told_(Clock::now()) {
  hub_.streams().metrics().ws_subscriptions.add();
}

WsSubscription::~WsSubscription() {
  hub_.chunks().leave(*group_);
}

std::optional<StreamGap> WsSubscription::begin(const StreamRequest& request) {
  StreamStart start = choose_start(hub_.streams().tape(), *filter_, request);
  next_ = start.next;
  opening_ = std::move(start.opening);
  if (filter_->matches_all()) filter_.reset();
  return std::move(start.gap);
}

void WsSubscription::leave() {
  if (closed()) return;
  session_ = nullptr;
  hub_.streams().metrics().ws_subscriptions.subtract();
  hub_.streams().leave(*this);
}

void WsSubscription::shut_down(std::chrono::milliseconds) {
  flush();
  if (!closed()) session_->drop(*this);
}

bool WsSubscription::blocked() const noexcept {
  return session_ != nullptr && !session_->ready();
}

std::string WsSubscription::last_id() const {
  return has_begun() ? hub_.streams().tape().id_of(next_ - 1) : std::string();
}

void WsSubscription::announce(const StreamGap& gap) {
  session_->say(ws_gap(id(), std::string_view(gap.requested).substr(0, 128),
                       hub_.streams().tape().id_of(gap.oldest), gap.missed));
  hub_.streams().metrics().gaps_total.add();
}

StreamMember::Progress WsSubscription::flush() {
  for (int i = 0; i < kStepsPerTurn; ++i) {
    if (closed() || !session_->ready() || reading_) return Progress::blocked;
    if (!step()) return Progress::caught_up;
  }
  return Progress::more;
}

/// Sends the next run of events, or sees to it that it comes. @return whether there may be more.
bool WsSubscription::step() {
  if (slice_) {
    send(std::move(*std::exchange(slice_, std::nullopt)));
    return true;
  }
  if (!has_begun()) {
    search_start();
    return true;
  }
  const EventLog& log = hub_.streams().log();
  const std::uint64_t end = std::min(log.last_seq() + 1, end_);
  if (next_ >= end) return false;
  const std::uint64_t oldest = log.first_seq();
  if (hub_.streams().tape().reaches_history(next_)) {
    read_on(end);
    return true;
  }
  if (next_ < oldest) {
    const StreamGap gap{last_id(), oldest, oldest - next_};
    next_ = oldest;
    announce(gap);
    return true;
  }
  if (const auto pin = log.pin(next_)) {  // else evicted since: told in the next step
    const std::size_t bytes = std::min(WsChunkBuilder::kMessageBytes, hub_.streams().slice_bytes());
    send(hub_.chunks().encode(*group_, filter_.get(), *pin, next_, end, bytes));
  }
  return true;
}

void WsSubscription::send(WsChunk chunk) {
  next_ = chunk.next;
  if (!chunk.frames) return;
  last_told_ = hub_.streams().now();
  hub_.streams().metrics().deliveries_total.add(chunk.events);
  session_->send_events(std::move(chunk.frames));
}

/// One more step back through the history, to where the newest N begin.
void WsSubscription::search_start() {
  reading_ = true;
  hub_.streams().read_for(
      *this, filter_,
      [bottom = opening_->bottom, so_far = *opening_->search](const Tape& tape,
                                                              const CompiledFilter& filter) {
        return search_back(tape, filter, bottom, so_far);
      },
      [](WsSubscription& self, StartSearch&& found) {
        self.reading_ = false;
        if (found.done) {
          self.next_ = found.start;
          self.opening_.reset();
        } else {
          self.opening_->search = found;
        }
      });
}

/// Has the next slice of the past read, up to `end`.
void WsSubscription::read_on(std::uint64_t end) {
  reading_ = true;
  const auto since_ns = opening_ ? opening_->since_ns : std::nullopt;
  hub_.streams().read_for(
      *this, filter_,
      [bounds = SeqBounds{next_, end}, bytes = hub_.streams().slice_bytes(), since_ns](
          const Tape& tape, const CompiledFilter& filter) {
        return read_past(tape, filter, Dialect::plain, bounds, bytes, since_ns);
      },
      [](WsSubscription& self, PastSlice&& slice) {
        self.reading_ = false;
        self.on_slice(std::move(slice));
      });
}

void WsSubscription::on_slice(PastSlice&& slice) {
  const auto gaps = gaps_before(hub_.streams().tape(), opening_.get(), next_, slice);
  opening_.reset();
  for (const StreamGap& gap : gaps) announce(gap);
  WsChunkBuilder builder(group_->style, hub_.chunks().deflater_of(group_->style));
  std::size_t begin = 0;
  for (const PastEvent& event : slice.events) {
    builder.add(std::string_view(slice.bytes)
                    .substr(begin + kBeforeJson, event.end - begin - kBeforeJson - kBehindJson));
    begin = event.end;
  }
  slice_ = WsChunk{slice.next, builder.events(), nullptr};
  if (slice_->events > 0) {
    slice_->frames = std::make_shared<const std::string>(builder.finish());
  }
}

}  // namespace tapedeck
