#!/usr/bin/env -S node --expose-gc
// The soak, as built from src by `tsc -b packages`: minutes of adding, transferring and removing on loopback.
//   node --expose-gc packages/bench/bin/soak.js --minutes 30
import { soakMain } from '../dist/soak/main.js'

process.exitCode = await soakMain(process.argv.slice(2))
