import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describeStats } from '../src/commands/tracker.ts'
import { Bench } from './cli-process.ts'
import { makeSample } from './sample.ts'

const patience = 60_000
const local = ['--host', '127.0.0.1', '--port', '0', '--json']
let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
})

afterAll(() => bench[Symbol.asyncDispose]())

test(
  'its ready line carries the URLs, both answer, and Ctrl-C ends it',
  async () => {
    const tracker = bench.start('tracker', ...local)
    const { urls, port } = (await tracker.line({ type: 'ready' })) as { urls: string[]; port: number }
    expect(urls.toSorted()).toEqual([`http://127.0.0.1:${port}/announce`, `udp://127.0.0.1:${port}/announce`])

    const hash = '%ab'.repeat(20)
    const query = `info_hash=${hash}&peer_id=${'x'.repeat(20)}&port=5000&uploaded=0&downloaded=0&left=1&compact=1`
    const reply = await (await fetch(`http://127.0.0.1:${port}/announce?${query}`)).text()
    expect(reply).toMatch(/^d.*8:intervali\d+e.*e$/s)

    const socket = createSocket('udp4')
    const connect = Buffer.from('0000041727101980000000000badcafe', 'hex')
    socket.send(connect, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message')) as [Buffer]
    expect(answer.subarray(0, 8).toString('hex')).toBe('000000000badcafe')
    socket.close()

    tracker.child.kill('SIGINT')
    const { code, stderr } = await tracker.ended
    expect([code, stderr]).toEqual([130, ''])
  },
  patience,
)

test(
  'two downloads find the seed and each other through it',
  async () => {
    const tracker = bench.start('tracker', ...local)
    const { urls } = (await tracker.line({ type: 'ready' })) as { urls: string[] }
    const sample = await makeSample(bench, { args: ['--tracker', urls[1] ?? ''] })
    const seed = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local)
    await seed.line({ type: 'ready' })
    const ends = await Promise.all(
      ['one', 'two'].map((name) => bench.run('download', sample.torrent, '--path', bench.at(name), ...local)),
    )
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
  },
  patience,
)

test('statistics are one line', () => {
  const stats = {
    torrents: 3,
    seeders: 2,
    leechers: 5,
    announces: { http: 12, udp: 30 },
    scrapes: { http: 0, udp: 0 },
    refused: { http: 1, udp: 0 },
    uptime: 130_000,
  }
  expect(describeStats(stats)).toBe(
    '3 torrents, 2 seeders, 5 leechers; announces 12 http, 30 udp; 1 refused; up 2 m 10 s',
  )
})
