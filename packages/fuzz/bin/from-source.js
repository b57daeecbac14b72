// Runs TypeScript as it is written, with the compiler that the tests use: the fuzzer looks inside other packages, at functions
// that no package exports, so it cannot run what was built of them.
//   node --conditions=@torrential/source --import ./packages/fuzz/bin/from-source.js …

import { register } from 'node:module'

register('./typescript-hooks.js', import.meta.url)
