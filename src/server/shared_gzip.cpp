#include "server/shared_gzip.hpp"

#include <utility>

namespace tapedeck {

void SharedGzip::add(std::string_view plain) {
  deflater_->add(plain, building_);
  sum_.add(plain);
  bytes_since_restart_ += plain.size();
}

std::size_t SharedGzip::end_chunk(std::uint64_t next_seq, std::uint32_t events) {
  deflater_->flush(building_);
  next_seq_ = next_seq;
  ++chunks_since_restart_;
  retained_bytes_ += building_.size();
  chunks_.push_back({std::string(building_), next_seq, events, sum_});
  ++next_;
  building_.clear();
  while (retained_bytes_ > kRetainedBytes && chunks_.size() > 1) drop_oldest();
  return chunks_.back().bytes.size();
}

void SharedGzip::drop_oldest() {
  retained_bytes_ -= chunks_.front().bytes.size();
  chunks_.pop_front();
  ++first_;
}

void SharedGzip::abandon() {
  chunks_.clear();
  retained_bytes_ = 0;
  first_ = ++next_;  // beyond what any member waits for
  all_left_below_ = first_;
  aged_ = first_;
  members_ = 0;
}

void SharedGzip::age() {
  while (first_ < aged_) drop_oldest();
  aged_ = next_;
  if (chunks_.empty()) std::string().swap(building_);
}

bool SharedGzip::can_admit(std::uint64_t seq) const noexcept {
  if (members_ == 0) return true;
  if (seq != next_seq_) return false;
  return bytes_since_restart_ == 0 || chunks_since_restart_ >= kRestartChunks ||
         bytes_since_restart_ >= kRestartBytes;
}

void SharedGzip::admit(std::uint64_t seq) {
  if (bytes_since_restart_ > 0) deflater_->restart();
  chunks_since_restart_ = 0;
  bytes_since_restart_ = 0;
  next_seq_ = seq;
  ++members_;
}

void GzipMember::add(std::span<const iovec> plain, Deflater& deflater, std::string& out) {
  deflater.restart();
  for (const iovec& piece : plain) {
    const std::string_view text(static_cast<const char*>(piece.iov_base), piece.iov_len);
    deflater.add(text, out);
    sum_.add(text);
  }
  deflater.flush(out);
}

void GzipMember::add(std::string_view plain, Deflater& deflater, std::string& out) {
  deflater.restart();
  add_on(plain, deflater, out);
}

void GzipMember::add_on(std::string_view plain, Deflater& own, std::string& out) {
  own.add(plain, out);
  own.flush(out);
  sum_.add(plain);
}

void GzipMember::add_blocks(std::string_view blocks, const GzipSum& sum, std::string& out) {
  out += blocks;
  sum_.add_between({}, sum);
}

bool GzipMember::follow(SharedGzip& shared, std::uint64_t seq) {
  if (!shared.can_admit(seq)) return false;
  shared.admit(seq);
  shared_ = &shared;
  next_ = shared.next_;
  joined_ = reached_ = shared.sum_;
  return true;
}

const SharedGzip::Chunk* GzipMember::chunk(std::size_t ahead) const noexcept {
  const std::uint64_t number = next_ + ahead;
  if (number < shared_->first_ || number >= shared_->next_) return nullptr;
  return &shared_->chunks_[number - shared_->first_];
}

void GzipMember::pass() {
  reached_ = chunk(0)->sum;
  ++next_;
}

void GzipMember::leave() noexcept {
  if (shared_ == nullptr) return;
  if (next_ >= shared_->all_left_below_) --shared_->members_;
  shared_ = nullptr;
  sum_.add_between(joined_, reached_);
}

void GzipMember::finish(std::string& out) {
  leave();
  append_gzip_end(out, sum_);
}

}  // namespace tapedeck
