// The words of an expression. One pass, each asked for once; views into the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::filter {

enum class Token {
  end,
  name,
  integer,  ///< magnitude in `integer`
  number,
  string,    ///< its value in `decoded`
  operator_  ///< as written, in `symbol`
};

/// What is wrong with an expression, and where.
struct SyntaxError {
  std::string sentence;
  std::size_t offset = 0;  ///< bytes from the start
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  /// Moves to the next word. @throws SyntaxError
  void advance();

  Token token = Token::end;
  std::size_t offset = 0;   ///< where the word begins
  std::string_view symbol;  ///< name or operator
  std::string decoded;      ///< of a string
  std::uint64_t integer = 0;
  double number = 0;

 private:
  [[noreturn]] void fail(std::string sentence, std::size_t at) const;
  void skip_space();
  void read_number();
  void read_string(bool raw);
  void read_escape();
  std::uint32_t read_digits(std::size_t count, std::uint32_t base);
  void append_code_point(std::uint32_t code, std::size_t at);
  void read_operator();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace tapedeck::filter
