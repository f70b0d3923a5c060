#!/usr/bin/env node
import { version } from "./Version.ts"

// The version is asked for by scripts, over and over: it does not wait for the rest to load.
if (process.argv.length === 3 && process.argv[2] === "--version") process.stdout.write(`${version}\n`)
else await import("./Main.ts")
