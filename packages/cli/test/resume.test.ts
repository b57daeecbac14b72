// What a download that was interrupted needs to go on: nothing but its state folder.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
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
  'download without a source goes on with what was interrupted, as it was, and not with what is complete',
  async () => {
    const state = ['--state', bench.at('remembered')]
    const nothing = await bench.run('download', ...state, ...local)
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('NOTHING_TO_RESUME')])

    // Nobody is there to download from: it can only be interrupted.
    const args = [sample.torrent, '--path', bench.at('copy'), '--select', '*.bin']
    const first = bench.start('download', ...args, ...state, ...local)
    await first.line({ type: 'ready' })
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(143)

    const seed = bench.start('seed', sample.torrent, '--path', sample.seeded, '--state', bench.at('seeding'), ...local)
    const { port } = await seed.line({ type: 'ready' })
    const second = await bench.run('download', '--peer', `127.0.0.1:${String(port)}`, ...state, ...local)
    expect([second.code, second.stderr]).toEqual([0, ''])
    const copied = (path: string) => readFile(bench.at('copy', 'Pack', path))
    expect(await copied('large.bin')).toEqual(sample.files.get('large.bin'))
    await expect(copied('sub/grüße.txt')).rejects.toMatchObject({ code: 'ENOENT' })

    expect((await bench.run('download', ...state, ...local)).code).toBe(2)
    seed.child.kill('SIGTERM')
    await seed.ended
  },
  patience,
)
