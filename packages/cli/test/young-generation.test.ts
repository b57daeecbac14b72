// How far V8's young generation grows, in real processes of the real command: one that serves as a tracker while a preloaded
// module keeps so much alive for so long that V8 wants all it may have.

import { expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('../bin/torrential.js', import.meta.url))
const mebibyte = 2 ** 20
const patience = 60_000

/**
 * Once the command runs: keeps what each of the last four turns of the event loop made, for 200 turns; lets V8 give back what it can; does
 * the same again. Tells the size after each.
 */
const greedy = `
import { getHeapSnapshot, getHeapSpaceStatistics } from 'node:v8'
const sizes = []
let kept = []
let turns = 0
const note = () => sizes.push(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)
setImmediate(function turn() {
  if (process.listenerCount('SIGTERM') === 0) return setImmediate(turn)
  kept.push(Array.from({ length: 20_000 }, (_, index) => ({ index, turns, text: index + ':' + turns })))
  if (kept.length > 4) kept.shift()
  if (++turns % 200 !== 0) return setImmediate(turn)
  note()
  if (turns === 400) {
    process.stderr.write('young ' + JSON.stringify(sizes))
    process.exit(0)
  }
  kept = []
  // Nothing else that scripts can ask for makes V8 give back young memory.
  getHeapSnapshot().destroy()
  note()
  setImmediate(turn)
})`

/** Grown, given back, grown again. */
async function youngBytesOf(options: readonly string[] = [], NODE_OPTIONS = ''): Promise<number[]> {
  const preload = `--import=data:text/javascript,${encodeURIComponent(greedy)}`
  const tracker = ['tracker', '--host', '127.0.0.1', '--port', '0']
  const env = { ...process.env, NODE_OPTIONS }
  const { stderr } = await promisify(execFile)(process.execPath, [...options, preload, program, ...tracker], { env })
  return JSON.parse(/young (.*)/.exec(stderr)?.[1] ?? '[]') as number[]
}

test(
  'the young generation stops at 2 × 8 MiB, also after it has shrunk',
  async () => {
    const [grown, shrunk, again] = await youngBytesOf()
    expect([grown, again]).toEqual([16 * mebibyte, 16 * mebibyte])
    expect(shrunk).toBeLessThan(16 * mebibyte)
  },
  patience,
)

test.each(['--max-semi-space-size=16', '--max_semi_space_size=16'])(
  'unless the user has chosen a size: %s',
  async (option) => {
    const [[given], [inEnvironment]] = await Promise.all([youngBytesOf([option]), youngBytesOf([], option)])
    expect([given, inEnvironment]).toEqual([32 * mebibyte, 32 * mebibyte])
  },
  patience,
)
