import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./repository.ts";

/** A small workspace of this repository's shape in a folder of its own, in which tests plant violations. */
export interface PlantedWorkspace {
  readonly root: string;
  remove(): void;
}

/**
 * Makes a workspace with the packages that `files` name (`packages/NAME/…`), each with an `exports` map whose only
 * door is `src/index.ts`, and each able to import every other by its name.
 */
export function plantWorkspace(files: Readonly<Record<string, string>>): PlantedWorkspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "bt-house-")));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  symlinkSync(join(ROOT, "scripts"), join(root, "scripts"));
  write(
    "tsconfig.json",
    JSON.stringify({ extends: join(ROOT, "tsconfig.base.json"), include: ["packages", "apps"] }),
  );
  const folders = new Set(Object.keys(files).map((path) => path.split("/").slice(0, 2).join("/")));
  for (const folder of folders) {
    const door = { "@bt/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" };
    const name = `@bt/${folder.split("/")[1]!}`;
    write(`${folder}/package.json`, JSON.stringify({ name, type: "module", exports: { ".": door } }));
    mkdirSync(join(root, folder, "node_modules", "@bt"), { recursive: true });
    for (const other of folders)
      if (other !== folder && other.startsWith("packages/"))
        symlinkSync(join(root, other), join(root, folder, "node_modules", "@bt", other.split("/")[1]!));
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
