import eslint from "@eslint/js";
import node from "eslint-plugin-n";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { IO_ROOMS } from "./scripts/arrows.cjs";

// The floor of package.json without the odd release lines that nobody has any more.
const NODE_FLOOR = "^20.19.0 || >=22.0.0";
const SOURCES = ["packages/*/src/**/*.ts"];
const PROGRAMS = ["packages/*/src/**/*.{ts,tsx}", "apps/*/src/**/*.{ts,tsx}"];

// What a pure room must not know. In an I/O package the same holds outside src/io/: the world comes in through ports.
const IMPURE_GLOBALS = [
  ["Buffer", "use Uint8Array"],
  ["process", "take what you need as an argument"],
  ["setTimeout", "take a clock as a port"],
  ["setInterval", "take a clock as a port"],
  ["setImmediate", "take a clock as a port"],
  ["performance", "take `now` (monotonic ms) as an argument"],
  ["crypto", "take random bytes as a port; hash with @noble/hashes"],
  ["fetch", "take a port"],
  ["console", "answer with events or errors"],
  ["require", "this is ESM"],
  ["__dirname", "this is ESM"],
];

const PUBLISHED_SYNTAX = [
  // `require()` of an ES module (Node 20.19 and later) fails when the module waits at its top level.
  {
    selector: "AwaitExpression:not(:function AwaitExpression)",
    message: "No top-level await: it breaks require().",
  },
  {
    selector: "ForOfStatement[await=true]:not(:function ForOfStatement)",
    message: "No top-level await: it breaks require().",
  },
  { selector: "ExportAllDeclaration", message: "Name what you export: index.ts is a table of contents." },
];

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", "**/node_modules/", "**/.turbo/", "**/vectors/", ".reports/"]),
  eslint.configs.recommended,
  tseslint.configs.recommended,
  {
    name: "bt/every file",
    plugins: { n: node },
    settings: { node: { version: NODE_FLOOR } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "object-shorthand": "error",
      // Names and protocol fields are cleaned of control characters by saying which.
      "no-control-regex": "off",
      // A library with a default export has two names and one of them is chosen by the reader's bundler.
      "no-restricted-exports": [
        "error",
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      "n/prefer-node-protocol": "error",
      "n/no-unsupported-features/node-builtins": ["error", { version: NODE_FLOOR, ignores: ["fetch"] }],
      "n/no-unsupported-features/es-builtins": ["error", { version: NODE_FLOOR }],
      "n/no-deprecated-api": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
      // `!` after a bounds check is how noUncheckedIndexedAccess is paid for in the hot path.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    name: "bt/typed",
    files: ["**/*.{ts,tsx}"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Programs and what is never shipped may use a feature that Node 20 calls experimental; a library may not.
    name: "bt/programs and workshop",
    files: [
      "tests/**",
      "bench/**",
      "scripts/**",
      "*.{js,cjs,ts}",
      "**/*.config.ts",
      "packages/*/test/**",
      "apps/**",
    ],
    rules: {
      "n/no-unsupported-features/node-builtins": ["error", { version: NODE_FLOOR, allowExperimental: true }],
    },
  },
  {
    name: "bt/plain JavaScript",
    files: ["**/*.{js,mjs,cjs}"],
    rules: { "no-undef": "off" },
  },
  {
    name: "bt/CommonJS",
    files: ["**/*.cjs"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    name: "bt/tool configuration",
    files: ["**/*.config.{ts,js,mjs}", "tests/*/global-setup.ts"],
    rules: { "no-restricted-exports": "off" },
  },
  {
    name: "bt/small files",
    files: [...PROGRAMS, "packages/*/test/**/*.ts", "apps/*/test/**/*.ts", "tests/**/*.ts", "scripts/**"],
    rules: { "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }] },
  },
  {
    name: "bt/published modules",
    files: SOURCES,
    rules: { "no-restricted-syntax": ["error", ...PUBLISHED_SYNTAX] },
  },
  {
    name: "bt/pure rooms",
    files: SOURCES,
    ignores: [...IO_ROOMS],
    rules: {
      "no-restricted-globals": [
        "error",
        ...IMPURE_GLOBALS.map(([name, message]) => ({ name, message: `Pure room: ${message}.` })),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Pure room: take randomness as a port." },
        { object: "Date", property: "now", message: "Pure room: take `now` as an argument." },
        ...IMPURE_GLOBALS.map(([property, message]) => ({
          object: "globalThis",
          property,
          message: `Pure room: ${message}.`,
        })),
      ],
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^node:", message: "Pure room: node:* is for src/io/." }] },
      ],
      "no-restricted-syntax": [
        "error",
        ...PUBLISHED_SYNTAX,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "Pure room: take `now` as an argument.",
        },
        { selector: "CallExpression[callee.name='Date']", message: "Pure room: take `now` as an argument." },
        { selector: "ImportExpression", message: "Pure room: no dynamic import." },
      ],
    },
  },
);
