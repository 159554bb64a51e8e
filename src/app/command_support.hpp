// What the commands that talk to a running server share: exit codes, one sentence on standard
// error, signals, the terminal. For the main thread of the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/http_client.hpp"

namespace tapedeck::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUsage = 2;

/// Prints `tapedeck: sentence` on standard error. @return kExitFailed
int fail(std::string_view sentence);

/// From here on SIGINT and SIGTERM only set interrupted(), and writing to a reader that has gone is
/// an error instead of the end of the process.
void stop_on_signals();
bool interrupted() noexcept;

/// Columns of the terminal that standard output is; 0 when it is none.
std::size_t terminal_width();
/// Whether what reads standard output (head, less) has gone; without this nothing would tell until
/// the next event.
bool output_is_gone();

/// Flushes standard output. @return kExitDone when all of it has been written or nobody wants it
/// any more (head), else kExitFailed, with a sentence: a full disk must not look like success.
int finish_output();

/// GET whose answer must be a 200. The error's message is the server's sentence.
Result<std::string> fetch(HttpClient& client, std::string_view path,
                          const HttpClient::Parameters& parameters = {});

/// The error for an answer that cannot be read.
Error not_tapedeck();

}  // namespace tapedeck::app
