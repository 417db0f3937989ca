import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// Tests run on the packages' sources (condition "@bt/source"): no build comes before them.
export default defineConfig({
  ssr: { resolve: { conditions: ["@bt/source", ...defaultServerConditions] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tests/house/**/*.test.ts"],
    testTimeout: 30_000,
    pool: "threads",
    maxWorkers: 2,
  },
});
