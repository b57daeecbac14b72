#!/usr/bin/env node
import { readFileSync } from 'node:fs'

const [first, ...rest] = process.argv.slice(2)
if (rest.length === 0 && (first === '--version' || first === '-V')) {
  // What scripts ask most often is answered before anything is loaded.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${version}\n`)
} else {
  const { runProcess } = await import('../bundle/process-main.js')
  await runProcess(process)
}
