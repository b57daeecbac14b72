// The fuzzer; `--help` prints the usage. Needs from-source.js, which the command `fuzz` of the root package.json brings.
import { main } from '../src/main.ts'

process.exitCode = await main(process.argv.slice(2))
