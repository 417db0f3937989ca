import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as bencode from "@bt/bencode";

it("the example of the README prints what the README says", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const [, names, body] = /```ts\nimport \{ ([^}]+) \} from "@bt\/bencode";\n(.*?)```/s.exec(readme)!;
  const printed: string[] = [];
  const script = new Function(
    "bencode",
    "console",
    `const { ${names} } = bencode;\n${body!.replaceAll("!;", ";")}`,
  );
  script(bencode, { log: (...values: unknown[]) => printed.push(values.map(String).join(" ")) });
  const [, output] = /```text\n(.*?)```/s.exec(readme)!;
  expect(`${printed.join("\n")}\n`).toBe(output);
});
