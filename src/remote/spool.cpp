#include "remote/spool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::remote {
namespace {

constexpr std::uint64_t kSegmentsInSpool = 16;  // so that room comes back in small pieces
constexpr std::uint64_t kSmallestSegment = std::uint64_t{16} << 10;
constexpr std::uint64_t kLargestSegment = std::uint64_t{16} << 20;

}  // namespace

Spool::Spool(Options options)
    : options_(std::move(options)),
      segment_bytes_(
          std::clamp(options_.bytes / kSegmentsInSpool, kSmallestSegment, kLargestSegment)) {}

/// Sorts by the time of its making.
std::filesystem::path Spool::new_folder_path() {
  return options_.folder /
         fmt::format("{}-{:016x}-{}", options_.server, to_ns(now()), random_hex(6));
}

void Spool::adopt() {
  if (!enabled()) return;
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (entry.path().filename().string().starts_with(options_.server + "-")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  for (const auto& path : found) {
    try {
      auto folder = SpoolFolder::adopt(path);
      if (folder == nullptr) continue;
      if (folder->damaged_bytes() > 0) {
        options_.log(
            fmt::format("the spool {} ends in {} bytes that are damaged; they are left out",
                        path.string(), folder->damaged_bytes()));
      }
      if (folder->empty()) {
        folder->remove();
        continue;
      }
      options_.log(fmt::format("{} events of a former process are sent first, from {}",
                               folder->events(), path.string()));
      folders_.push_back(std::move(folder));
    } catch (const SpoolError& failure) {
      note_problem(failure);
    }
  }
}

std::uint64_t Spool::events() const noexcept {
  std::uint64_t total = 0;
  for (const auto& folder : folders_) total += folder->events();
  return total;
}

void Spool::note_problem(const SpoolError& error) {
  if (problem_ != error.what()) options_.log(error.what());
  problem_ = error.what();
  retry_at_ = Clock::now() + kRetry;
}

bool Spool::append(std::span<const Batch> batches, bool alone, bool beyond_limit) {
  if (!enabled() || (!problem_.empty() && !beyond_limit && Clock::now() < retry_at_)) return false;
  std::uint64_t bytes = kSegmentHeaderBytes;
  for (const Batch& batch : batches) bytes += kRecordHeaderBytes + batch.body.size();
  for (const auto& folder : folders_) bytes += folder->bytes();
  if (bytes > options_.bytes && !beyond_limit) return false;
  try {
    if (own_ == nullptr) {
      begin_own(batches, alone);
    } else {
      own_->append(batches, alone);
    }
    problem_.clear();
    return true;
  } catch (const SpoolError& error) {
    note_problem(error);
    return false;
  }
}

void Spool::begin_own(std::span<const Batch> batches, bool alone) {
  std::error_code error;
  if (std::filesystem::create_directories(options_.folder, error)) {
    std::filesystem::permissions(options_.folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    throw SpoolError(fmt::format("the spool folder {} cannot be made: {}", options_.folder.string(),
                                 error.message()));
  }
  auto made = SpoolFolder::make(new_folder_path(), options_.publisher, segment_bytes_);
  try {
    made->append(batches, alone);
  } catch (const SpoolError&) {
    made->remove();
    throw;
  }
  own_ = made.get();
  folders_.push_back(std::move(made));
}

std::optional<Batch> Spool::front(std::size_t batch_bytes, std::size_t batch_events) {
  if (empty() || Clock::now() < read_again_at_) return std::nullopt;
  SpoolFolder& first = *folders_.front();
  try {
    const std::uint64_t damaged = first.damaged_events();
    auto batch = first.front(batch_bytes, batch_events);
    if (batch) return batch;
    damaged_events_ += first.damaged_events() - damaged;
    options_.log(fmt::format("{} events in the spool {} are damaged; they are left out",
                             first.damaged_events() - damaged, first.path().string()));
    drop_front_folder_if_empty();
  } catch (const SpoolError& error) {
    note_problem(error);
    read_again_at_ = Clock::now() + kRetry;
  }
  return std::nullopt;
}

void Spool::pop() {
  folders_.front()->pop();
  drop_front_folder_if_empty();
}

void Spool::drop_front_folder_if_empty() {
  if (!folders_.front()->empty()) return;
  folders_.front()->remove();
  if (folders_.front().get() == own_) own_ = nullptr;
  folders_.pop_front();
}

void Spool::sync_if_due(Clock::time_point now) {
  if (own_ == nullptr || now - synced_at_ < kSyncEvery) return;
  synced_at_ = now;
  sync();
}

void Spool::sync() {
  if (own_ == nullptr) return;
  try {
    own_->sync();
  } catch (const SpoolError& error) {
    note_problem(error);
  }
}

}  // namespace tapedeck::remote
