import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The repository's top folder. */
export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly repository?: { readonly directory?: string };
  readonly exports?: ExportsMap;
  readonly publishConfig?: { readonly access?: string; readonly exports?: ExportsMap };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export type ExportsMap = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

export interface Package {
  /** The folder's own name, e.g. `bencode`. */
  readonly name: string;
  /** Below the repository, e.g. `packages/bencode`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Every package (or app) of the workspace. */
export function packagesIn(group: "packages" | "apps"): Package[] {
  return readdirSync(join(ROOT, group))
    .map((name) => ({ name, folder: `${group}/${name}` }))
    .filter(({ folder }) => existsSync(join(ROOT, folder, "package.json")))
    .map((found) => ({
      ...found,
      manifest: JSON.parse(readText(`${found.folder}/package.json`)) as Manifest,
    }));
}

/** Every file that git has or would take, as paths below the repository. */
export function repositoryFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
  });
  const paths = listed.toString("utf8").split("\0");
  return [...new Set(paths)].filter((path) => path !== "" && existsSync(join(ROOT, path)));
}

/** The modules that a TypeScript file imports, as written, type-only imports included. */
export function importsOf(path: string): string[] {
  return ts.preProcessFile(readText(path), true, true).importedFiles.map((file) => file.fileName);
}

/** `@bt/x/y` → `@bt/x`, `left/pad` → `left`; undefined for relative files and Node's own modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
