// FolderLock: a data folder belongs to one process at a time. The kernel lets go of it when the
// process ends, however it ends; its forked children have no part in it.
#pragma once

#include <filesystem>

namespace tapedeck::store {

class FolderLock {
 public:
  /// Makes the folder when it is missing (0700). @throws StoreUnusable
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace tapedeck::store
