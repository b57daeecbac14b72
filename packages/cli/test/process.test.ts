// What the process does at its edges: signals, broken pipes, ports that are taken.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { runCli } from '@torrential/cli'
import { AnnounceLog } from './announce-log.ts'
import { Bench } from './cli-process.ts'
import { fakeContext } from './fake-context.ts'
import { makeSample, type Sample } from './sample.ts'

const local = ['--host', '127.0.0.1', '--port', '0']
const patience = 60_000

let bench: Bench
let sample: Sample
let log: AnnounceLog

beforeAll(async () => {
  bench = await Bench.open()
  log = await AnnounceLog.open()
  sample = await makeSample(bench, { args: ['--tracker', log.url] })
}, patience)

afterAll(async () => {
  await bench[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
})

test(
  '--version of the program says the same as that of the command line',
  async () => {
    const context = fakeContext()
    await runCli(['--version'], context)
    for (const option of ['--version', '-V']) {
      const { code, stdout, stderr } = await bench.run(option)
      expect([code, stdout.toString(), stderr]).toEqual([0, context.stdout.text, ''])
    }
  },
  patience,
)

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s stops cleanly: trackers hear it, and the code is %i',
  async (signal, code) => {
    log.events.length = 0
    const seed = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local, '--json')
    await seed.line({ type: 'ready' })
    while (!log.events.includes('started')) await new Promise((resolve) => setTimeout(resolve, 20))
    seed.child.kill(signal)
    const ended = await seed.ended
    expect([ended.code, ended.stderr]).toEqual([code, ''])
    expect(ended.lines.at(-1)).toEqual({ type: 'stopping' })
    expect(log.events).toEqual(['started', 'stopped'])
  },
  patience,
)

test(
  'a second Ctrl-C does not wait for a tracker that does not answer',
  async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/announce`
    const announced = new Promise((resolve) => silent.once('connection', resolve))
    const seed = bench.start('seed', sample.data, '--tracker', url, ...local, '--json')
    await seed.line({ type: 'ready' })
    await announced
    seed.child.kill('SIGINT')
    await seed.line({ type: 'stopping' })
    seed.child.kill('SIGINT')
    expect((await seed.ended).code).toBe(130)
    await new Promise((resolve) => silent.close(resolve))
  },
  patience,
)

test(
  'a download that is interrupted is no success',
  async () => {
    const leech = bench.start('download', sample.torrent, '--path', bench.at('alone'), ...local, '--json')
    await leech.line({ type: 'ready' })
    leech.child.kill('SIGINT')
    const { code, lines, stderr } = await leech.ended
    expect([code, stderr]).toEqual([130, ''])
    expect(lines.map(({ type }) => type)).not.toContain('done')
  },
  patience,
)

test(
  'a reader that goes away ends the command quietly',
  async () => {
    const seed = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local, '--no-trackers', '--json')
    seed.child.stdout?.destroy()
    const { code, stderr } = await seed.ended
    expect([code, stderr]).toEqual([141, ''])
  },
  patience,
)

test(
  'a port that is taken is code 1',
  async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const port = String((taken.address() as AddressInfo).port)
    const { code, stderr } = await bench.run('seed', sample.data, '--host', '127.0.0.1', '--port', port)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: LISTEN_IN_USE: [^\n]+\n$/) as unknown])
    await new Promise((resolve) => taken.close(resolve))
  },
  patience,
)

test(
  'a name that does not resolve is code 2',
  async () => {
    const { code, stderr } = await bench.run('download', sample.torrent, '--peer', 'nobody.invalid:1', ...local)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: PEER_UNRESOLVED: [^\n]+\n$/) as unknown])
  },
  patience,
)
