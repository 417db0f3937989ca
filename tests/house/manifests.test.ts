import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ARROWS } from "../../scripts/arrows.cjs";
import {
  importsOf,
  packageOf,
  packagesIn,
  readText,
  repositoryFiles,
  ROOT,
  type Package,
} from "./repository.ts";

const packages = packagesIn("packages");
const apps = packagesIn("apps");
const files = repositoryFiles();

/** The packages that the TypeScript files below `folder` import by name, without the package itself. */
function importedPackages({ folder, manifest }: Package, below: string): string[] {
  const sources = files.filter((path) => path.startsWith(`${folder}/${below}/`) && /\.tsx?$/.test(path));
  const names = new Set(sources.flatMap(importsOf).map(packageOf));
  return [...names].filter((name) => name !== undefined && name !== manifest.name).sort() as string[];
}

const internal = (names: readonly string[]) => names.filter((name) => name.startsWith("@bt/")).sort();

describe.each(packages)("packages/$name", (found) => {
  const { name, folder, manifest } = found;
  const targets = Object.entries(manifest.exports ?? {}).flatMap(([, to]) =>
    typeof to === "string" ? [] : [to],
  );
  // A door to plain JavaScript leads to a program for a worker thread: run, not imported, and therefore without types.
  const programs = targets.filter((target) => target["@bt/source"]?.endsWith(".js"));
  const doors = targets.filter((target) => !programs.includes(target));

  it("says what it is, for whom and under which licence", () => {
    expect(manifest).toMatchObject({
      name: `@bt/${name}`,
      type: "module",
      license: "MIT",
      sideEffects:
        programs.length > 0 && programs.flatMap((program) => [program["default"], program["@bt/source"]]),
      engines: { node: ">=20.19" },
      files: ["dist", "src"],
      publishConfig: { access: "public" },
      repository: { directory: folder },
    });
    expect(existsSync(join(ROOT, folder, "README.md")), "README.md").toBe(true);
    expect(readText(`${folder}/README.md`)).toContain("```ts");
  });

  it("opens each front door to live sources, types and code, in this order", () => {
    expect(doors.length).toBeGreaterThan(0);
    expect(manifest.exports?.["./package.json"]).toBe("./package.json");
    for (const program of programs) expect(Object.keys(program)).toEqual(["@bt/source", "default"]);
    for (const target of doors) {
      expect(Object.keys(target)).toEqual(["@bt/source", "types", "default"]);
      const { "@bt/source": source, types, default: code } = target;
      expect(existsSync(join(ROOT, folder, source!)), source).toBe(true);
      const built = source!.replace("./src/", "./dist/").replace(/\.ts$/, "");
      expect([types, code]).toEqual([`${built}.d.ts`, `${built}.js`]);
    }
  });

  it("publishes the same doors without the live sources", () => {
    const published = Object.fromEntries(
      Object.entries(manifest.exports ?? {}).map(([door, target]) => {
        if (typeof target === "string") return [door, target];
        return [door, Object.fromEntries(Object.entries(target).filter(([key]) => key !== "@bt/source"))];
      }),
    );
    expect(manifest.publishConfig?.exports).toEqual(published);
  });

  it("declares exactly the packages that its sources import", () => {
    const declared = Object.keys(manifest.dependencies ?? {}).sort();
    expect(declared).toEqual(importedPackages(found, "src"));
    for (const dependency of internal(declared)) {
      expect(manifest.dependencies?.[dependency]).toBe("workspace:^");
      expect(ARROWS[name]?.map((allowed) => `@bt/${allowed}`)).toContain(dependency);
    }
  });

  it("declares the packages that only its tests import, and no other of ours", () => {
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    const byTests = importedPackages(found, "test");
    expect(byTests.filter((other) => declared[other] === undefined)).toEqual([]);
    const needless = internal(Object.keys(manifest.devDependencies ?? {})).filter(
      (dep) => !byTests.includes(dep),
    );
    expect(needless).toEqual([]);
  });

  it("can be built, tested and type-checked alone", () => {
    expect(Object.keys(manifest.scripts ?? {})).toEqual(
      expect.arrayContaining(["build", "test", "typecheck"]),
    );
  });

  it("begins with a package comment that holds an example", () => {
    for (const target of doors) {
      const text = readText(join(folder, target["@bt/source"]!));
      expect(text.startsWith("/**")).toBe(true);
      expect(text).toContain("@packageDocumentation");
    }
    expect(readText(`${folder}/src/index.ts`)).toContain("```ts");
  });
});

describe.each(apps)("apps/$name", (found) => {
  it("declares what it imports", () => {
    const declared = { ...found.manifest.dependencies, ...found.manifest.devDependencies };
    const imported = [...importedPackages(found, "src"), ...importedPackages(found, "test")];
    expect(imported.filter((name) => declared[name] === undefined)).toEqual([]);
    expect(internal(Object.keys(declared)).filter((name) => !imported.includes(name))).toEqual([]);
  });
});
