// Two commands at once, and the folder in which they remember.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Bench } from './cli-process.ts'
import { makeSample, type Sample } from './sample.ts'

const local = ['--host', '127.0.0.1', '--port', '0', '--no-trackers', '--json']
const patience = 60_000

let bench: Bench
let sample: Sample

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
}, patience)

afterAll(() => bench[Symbol.asyncDispose]())

test(
  'the second of two commands remembers nothing and says so; one that names the folder is refused',
  async () => {
    const state = bench.at('state', 'torrential')
    const first = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local)
    await first.line({ type: 'ready' })
    const second = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local)
    expect(await second.line({ type: 'warning' })).toMatchObject({ code: 'STATE_LOCKED' })
    await second.line({ type: 'ready' })
    const third = await bench.run('seed', sample.torrent, '--path', sample.seeded, '--state', state, ...local)
    expect([third.code, third.stdout.toString() + third.stderr]).toEqual([1, expect.stringContaining('STATE_LOCKED')])
    first.child.kill('SIGTERM')
    second.child.kill('SIGTERM')
    await Promise.all([first.ended, second.ended])
    const fourth = bench.start('seed', sample.torrent, '--path', sample.seeded, '--state', state, ...local)
    await fourth.line({ type: 'ready' })
  },
  patience,
)
