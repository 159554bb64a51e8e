// A process that delivers until it is killed or its standard input ends.
//   alert_delivery_peer STORE URL FIRST COUNT   sends id-FIRST and so on to URL; prints `sent` when
//                                               all of them are in the file; then each line of its
//                                               input, a notification as JSON whose target is
//                                               `hook`
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "alert/dispatcher.hpp"
#include "alert/target.hpp"
#include "base/value_store.hpp"

int main(int count, char** arguments) {
  using namespace tapedeck;
  if (count != 5) return 2;
  ValueStore store(arguments[1]);
  alert::DeliveryOptions options;
  options.addresses.allowed = {"127.0.0.1"};
  auto target = alert::target_of_url(arguments[2], "").value();
  target.name = "hook";
  target.max_per_minute = 0;
  options.targets = {target};
  options.retry_first = options.retry_longest = std::chrono::milliseconds(5);
  alert::Dispatcher dispatcher(options, &store);
  dispatcher.start();
  const int first = std::atoi(arguments[3]);
  for (int i = first; i < first + std::atoi(arguments[4]); ++i) {
    alert::Notification n;
    n.id = "id-" + std::to_string(i);
    n.target = "hook";
    n.rule = "rule";
    n.state = "firing";
    n.summary = "number " + std::to_string(i);
    n.at_ns = 1'700'000'000'000'000'000;
    dispatcher.send({n});
  }
  store.flush();
  std::puts("sent");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    const auto notification = alert::parse_notification(line);
    if (!notification) return 1;
    dispatcher.send({*notification});
  }
  return 0;
}
