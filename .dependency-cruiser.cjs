// The arrows between rooms, as rules. Each of them is seen to fail on a planted violation in tests/house.
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { ARROWS, THIRD_PARTY } = require("./scripts/arrows.cjs");

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const oneOf = (texts) => texts.map(escape).join("|");

/** The source files that the `exports` maps below `root` name: the only files that others may touch. */
function frontDoors(root) {
  const packages = join(root, "packages");
  const doors = [];
  for (const name of existsSync(packages) ? readdirSync(packages) : []) {
    const file = join(packages, name, "package.json");
    if (!existsSync(file)) continue;
    const exported = Object.values(JSON.parse(readFileSync(file, "utf8")).exports ?? {});
    for (const target of exported)
      if (target["@bt/source"]) doors.push(`packages/${name}/${target["@bt/source"].replace("./", "")}`);
  }
  return doors;
}

const doors = frontDoors(process.cwd());

const arrows = Object.entries(ARROWS).map(([name, allowed]) => ({
  name: `arrows-${name}`,
  comment: `@bt/${name} may import ${allowed.map((other) => `@bt/${other}`).join(", ") || "no other package"}`,
  severity: "error",
  from: { path: `^packages/${escape(name)}/src/` },
  to: { path: "^packages/", pathNot: `^packages/(${oneOf([name, ...allowed])})/` },
}));

const thirdParty = Object.keys(ARROWS)
  .filter((name) => name !== "rpc" && name !== "tracker-redis")
  .map((name) => ({
    name: `third-party-${name}`,
    comment:
      "Protocol layers have no run-time dependency on others' code, apart from @noble where a layer hashes or signs",
    severity: "error",
    from: { path: `^packages/${escape(name)}/src/` },
    to: { path: "node_modules/", pathNot: `node_modules/(${oneOf(["@bt/", ...(THIRD_PARTY[name] ?? [])])})` },
  }));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...arrows,
    ...thirdParty,
    {
      name: "packages-below-apps",
      comment: "Apps are the top: no package imports an app, no app imports another",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^$1/$2/" },
    },
    {
      name: "front-doors",
      comment: "Only the files that a package's exports map names are others' business",
      severity: "error",
      from: { path: "^(packages|apps|tests|bench)/([^/]+)/" },
      to: { path: "^(packages|apps)/", pathNot: ["^$1/$2/", ...doors.map((door) => `^${escape(door)}$`)] },
    },
    {
      name: "by-name",
      comment: "Another package is imported by its name, never by a path",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/" },
      to: { path: "^(packages|apps)/", pathNot: "^$1/$2/", dependencyTypes: ["local"] },
    },
    {
      name: "node-only-in-io",
      comment: "node:* is for src/io/ (and the engine's src/node/); the rest takes ports",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: "^packages/([^/]+/src/io|engine/src/node)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: { path: "^(packages|apps)/" },
      to: { circular: true },
    },
    {
      name: "no-drawers",
      comment: "A file is named after the one thing it holds",
      severity: "error",
      from: {},
      to: { path: "/(utils|util|helpers|helper|common|misc|types)(/|[.])", pathNot: "node_modules/" },
    },
    {
      name: "no-orphans",
      comment: "A source file that nothing imports is dead",
      severity: "error",
      from: {
        orphan: true,
        path: "^(packages|apps)/[^/]+/src/",
        pathNot: ["/index\\.ts$", "\\.d\\.ts$", ...doors.map(escape)],
      },
      to: {},
    },
    {
      name: "resolvable",
      comment: "The module does not exist, is no declared dependency, or is behind a package's front door",
      severity: "error",
      from: { path: "^(packages|apps)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|coverage)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      // The live sources, so that arrows are seen with no build; see package.json "exports".
      conditionNames: ["@bt/source", "types", "import", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".cjs", ".json", ".d.ts"],
    },
  },
};
