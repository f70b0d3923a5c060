import { defineConfig } from "vitest/config"

// Tests run on the sources: no build is needed between an edit and its test.
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@penstock\/(schema|gateway|workflow|server|cli)\/(.*)$/,
        replacement: `${import.meta.dirname}/packages/$1/src/$2.ts`
      }
    ]
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // Many tests wait for a process or a socket: by default a machine with two cores would run one at a time.
    minWorkers: 1,
    maxWorkers: 2,
    // Files share their modules: to load Effect for each of 250 takes as long as a sixth of all tests. What a test changes
    // it changes in a layer, a folder or a process of its own.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"]
  }
})
