// Parses an AsyncAPI document with the specification's own parser, which checks it against the
// specification. Prints what it found; exit code 1 when the parser has any complaint.
//   node check-asyncapi.mjs FILE
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
// Severity 0 is an error, 1 a warning; 2 and 3 are advice, such as "a newer version exists".
const complaints = diagnostics.filter(({ severity }) => severity <= 1);
for (const { code, message, path } of complaints) {
  console.error(`${code}: ${message} (at ${path.join(".")})`);
}
if (document === undefined || complaints.length > 0) process.exit(1);
console.log(
  `asyncapi parser: ${document.channels().length} channels, ` +
    `${document.operations().length} operations, ${document.messages().length} messages`,
);
