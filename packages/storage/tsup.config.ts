import { defineConfig } from "tsup";

export default defineConfig({
  // The hash thread is a file of its own beside index.js: `new Worker(new URL("./hash-worker.js", import.meta.url))`.
  entry: { index: "src/index.ts", conformance: "src/conformance.ts", "hash-worker": "src/io/hash-worker.js" },
  format: ["esm"],
  target: "node20",
  platform: "node",
  tsconfig: "tsconfig.build.json",
  sourcemap: true,
  clean: true,
  // tsup passes the deprecated baseUrl to the declaration build; TypeScript 6 refuses it without this.
  dts: {
    entry: { index: "src/index.ts", conformance: "src/conformance.ts" },
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
});
