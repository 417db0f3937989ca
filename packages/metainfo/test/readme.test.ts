import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as metainfo from "@bt/metainfo";

it("the example of the README prints what the README says", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const [, names, body] = /```ts\nimport \{ ([^}]+) \} from "@bt\/metainfo";\n(.*?)```/s.exec(readme)!;
  const printed: string[] = [];
  const script = new Function("metainfo", "console", `const { ${names} } = metainfo;\n${body!}`);
  script(metainfo, { log: (...values: unknown[]) => printed.push(values.map(String).join(" ")) });
  const [, output] = /```text\n(.*?)```/s.exec(readme)!;
  expect(`${printed.join("\n")}\n`).toBe(output);
});
