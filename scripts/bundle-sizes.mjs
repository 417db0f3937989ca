// What the format packages weigh in a page: bundled for browsers with esbuild, minified, then gzip -9. In bytes:
//
//   own       the package's own code: other @bt packages and @noble/hashes left out
//   ours      with the other @bt packages it needs, @noble/hashes left out
//   all       everything that a page loads
//
//   node scripts/bundle-sizes.mjs [--json]
import { argv } from "node:process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const packages = join(fileURLToPath(import.meta.url), "../../packages");
const COUNTED = {
  own: ["@bt/*", "@noble/*"],
  ours: ["@noble/*"],
  all: [],
};

/**
 * `exported` is what a page imports of the package: names, or `*` for everything. The sources are bundled: no build.
 *
 * @param {string} name
 * @param {string} [exported]
 * @returns {Promise<{ own: number, ours: number, all: number }>}
 */
export async function bundleSizes(name, exported = "*") {
  const sizes = { own: 0, ours: 0, all: 0 };
  for (const [counted, external] of Object.entries(COUNTED)) {
    const { outputFiles } = await build({
      stdin: {
        contents: `export ${exported} from "./src/index.ts";`,
        resolveDir: join(packages, name),
      },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["@bt/source"],
      external,
      write: false,
    });
    sizes[counted] = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  }
  return sizes;
}

async function main() {
  const wanted = [
    ["bencode", "*"],
    ["bencode", "{ decode }"],
    ["bencode", "{ encode }"],
    ["bencode", "{ decode, encode }"],
    ["metainfo", "*"],
    ["metainfo", "{ parseTorrent }"],
    ["metainfo", "{ parseMagnet }"],
    ["metainfo", "{ createTorrent }"],
  ];
  const rows = [];
  for (const [name, exported] of wanted)
    rows.push({ package: `@bt/${name}`, import: exported, ...(await bundleSizes(name, exported)) });
  if (argv.includes("--json")) console.log(JSON.stringify(rows));
  else console.table(rows);
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) await main();
