// How far V8's young generation grows, in real processes of the real command: one that serves as a tracker while a preloaded
// module keeps so much alive for so long that V8 wants all it may have.

import { expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('../bin/torrential.js', import.meta.url))
const mebibyte = 2 ** 20
const patience = 60_000

/** Once the command runs: keeps what each of the last four turns of the event loop made, and tells the size after 200 turns. */
const greedy = `
import { getHeapSpaceStatistics } from 'node:v8'
const kept = []
let turns = 0
setImmediate(function turn() {
  if (process.listenerCount('SIGTERM') === 0) return setImmediate(turn)
  kept.push(Array.from({ length: 20_000 }, (_, index) => ({ index, turns, text: index + ':' + turns })))
  if (kept.length > 4) kept.shift()
  if (++turns < 200) return setImmediate(turn)
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  process.stderr.write('young ' + young.space_size)
  process.exit(0)
})`

async function youngBytesOf(options: readonly string[] = [], NODE_OPTIONS = ''): Promise<number> {
  const preload = `--import=data:text/javascript,${encodeURIComponent(greedy)}`
  const tracker = ['tracker', '--host', '127.0.0.1', '--port', '0']
  const env = { ...process.env, NODE_OPTIONS }
  const { stderr } = await promisify(execFile)(process.execPath, [...options, preload, program, ...tracker], { env })
  return Number(/young (\d+)/.exec(stderr)?.[1])
}

test('the young generation stops at 2 × 8 MiB', async () => expect(await youngBytesOf()).toBe(16 * mebibyte), patience)

test.each(['--max-semi-space-size=16', '--max_semi_space_size=16'])(
  'unless the user has chosen a size: %s',
  async (option) => {
    expect(await youngBytesOf([option])).toBe(32 * mebibyte)
    expect(await youngBytesOf([], option)).toBe(32 * mebibyte)
  },
  patience,
)
