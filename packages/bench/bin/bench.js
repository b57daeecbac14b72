#!/usr/bin/env node
// The benchmark, as built from src by `tsc -b packages`. A wrong argument prints the usage.
import { main } from '../dist/main.js'

process.exitCode = await main(process.argv.slice(2))
