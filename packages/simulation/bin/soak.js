#!/usr/bin/env -S node --expose-gc
// The soak in virtual time, as built from src by `tsc -b packages`.
//   node --expose-gc packages/simulation/bin/soak.js --hours 24 --seed 1
import { soakMain } from '../dist/soak/main.js'

process.exitCode = await soakMain(process.argv.slice(2))
