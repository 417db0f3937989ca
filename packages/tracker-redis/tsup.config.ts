import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "node20",
  platform: "node",
  tsconfig: "tsconfig.build.json",
  sourcemap: true,
  clean: true,
  // tsup passes the deprecated baseUrl to the declaration build; TypeScript 6 refuses it without this.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
});
